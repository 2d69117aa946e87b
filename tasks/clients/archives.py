"""Images as files: handed from one machine to another, and looked into where nothing inside can be run."""

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
    """Write an image as an OCI archive, whole or not at all; False under `inv -R`."""
    what = f"{image} could not be written to {file}"
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as beside:
        written = Path(beside, "image")
        argv = ["podman", "save", "--quiet", "--format=oci-archive", f"--output={written}", podman.image_id(image)]
        if not shell.run(argv, what=what):
            return False
        written.rename(file)
    return True


def require_folder(file: Path) -> None:
    """Stop where a file could not be written, before an hour's work is done for it."""
    if not file.parent.is_dir():
        why = f"there is no folder {file.parent}"
        raise TaskError(f"{file} cannot be written", why, f"make it: mkdir -p {file.parent}")


def load(file: Path, tag: str) -> bool:
    """Have the image of an OCI archive on this machine, under a name of ours; False under `inv -R`."""
    what = f"{file} could not be loaded"
    if not file.is_file():
        raise TaskError(what, "there is no such file", "write one: ./inv build-kmods … --save FILE")
    if shell.Mode.dry:
        return shell.run(["podman", "pull", f"oci-archive:{file}"], what=what)
    found = shell.query(["podman", "pull", "--quiet", f"oci-archive:{file}"], what=what, seconds=shell.RUN_SECONDS)
    return shell.run(["podman", "tag", found.strip(), tag], what=what)


@contextmanager
def unpacked(image: str) -> Iterator[Path]:
    """The files of an image in a folder, for as long as they are looked at; nothing in it is run."""
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
    what = f"{package.name} could not be looked into"
    packed, beside = Path(f"{package}.tar"), Path(f"{package}.tgz")
    shell.query(["rpm2archive", str(package)], what=what, into=packed)
    written = beside if beside.exists() else packed  # rpm 4.18 writes beside the package, rpm 4.20 to stdout
    with tarfile.open(written) as tar, TemporaryDirectory() as folder:
        wanted = [member for member in tar if ".ko" in Path(member.name).suffixes]
        tar.extractall(folder, wanted, filter="data")
        files = [Path(folder, member.name) for member in wanted]
        return {file.name.partition(".")[0]: _module(file, what) for file in files}


def _module(file: Path, what: str) -> Module:
    vermagic, version = (
        shell.query(["modinfo", f"--field={field}", str(file)], what=what).strip() for field in ("vermagic", "version")
    )
    return Module(kernel=vermagic.partition(" ")[0], version=version)
