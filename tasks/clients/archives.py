"""Images as files: moved from one machine to another, or unpacked because nothing inside can run."""

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import podman, shell, workspace
from tasks.model.errors import TaskError
from tasks.model.kmods import Module


def save(image: str, file: Path) -> bool:
    """Write an image as an OCI archive; a failure leaves no partial file. False under `inv -R`."""
    what = f"{image} could not be written to {file}"
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as beside:
        written = Path(beside, "image")
        argv = ["podman", "save", "--quiet", "--format=oci-archive", f"--output={written}", podman.image_id(image)]
        if not shell.run(argv, what=what):
            return False
        written.rename(file)
    return True


def require_folder(file: Path) -> None:
    """Stop if a file's folder is missing, before an hour of work is lost."""
    if not file.parent.is_dir():
        why = f"there is no folder {file.parent}"
        raise TaskError(f"{file} cannot be written", why, f"create it: mkdir -p {file.parent}")


def load(file: Path, tag: str) -> bool:
    """Load the image of an OCI archive and tag it; False under `inv -R`."""
    what = f"{file} could not be loaded"
    if not file.is_file():
        raise TaskError(what, "there is no such file", "create one: ./inv build-kmods … --save FILE")
    if shell.Mode.dry:
        return shell.run(["podman", "pull", f"oci-archive:{file}"], what=what)
    image_id = shell.query(["podman", "pull", "--quiet", f"oci-archive:{file}"], what=what, seconds=shell.RUN_SECONDS)
    return shell.run(["podman", "tag", image_id.strip(), tag], what=what)


@contextmanager
def unpacked(image: str) -> Iterator[Path]:
    """Unpack the files of an image into a temporary folder; nothing in the image is run."""
    what, container = f"{image} could not be unpacked", f"unpacked-{os.getpid()}"
    with TemporaryDirectory(dir=workspace.cache()) as folder:
        packed, top = Path(folder, "image.tar"), Path(folder, "files")
        shell.query(["podman", "create", "--replace", "--pull=never", f"--name={container}", image, "/none"], what=what)
        try:
            argv = ["podman", "export", f"--output={packed}", container]
            shell.query(argv, what=what, seconds=shell.RUN_SECONDS)
        finally:
            shell.query(["podman", "rm", "--force", container], what=f"the container of {image} could not be removed")
        with tarfile.open(packed) as tar:
            tar.extractall(top, filter="data")
        yield top


def modules(package: Path) -> dict[str, Module]:
    """The kernel modules inside an RPM package, by name, as modinfo reads them."""
    what = f"{package.name} could not be read"
    packed, beside = Path(f"{package}.tar"), Path(f"{package}.tgz")
    shell.query(["rpm2archive", str(package)], what=what, into=packed)
    written = beside if beside.exists() else packed  # rpm 4.18 writes beside the package, rpm 4.20 to stdout
    with tarfile.open(written) as tar, TemporaryDirectory() as folder:
        members = [member for member in tar if ".ko" in Path(member.name).suffixes]
        tar.extractall(folder, members, filter="data")
        files = [Path(folder, member.name) for member in members]
        return {file.name.partition(".")[0]: _module(file, what) for file in files}


def _module(file: Path, what: str) -> Module:
    vermagic, version = (
        shell.query(["modinfo", f"--field={field}", str(file)], what=what).strip() for field in ("vermagic", "version")
    )
    return Module(kernel=vermagic.partition(" ")[0], version=version)
