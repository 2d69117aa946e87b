"""Images on this machine, through podman."""

import json
from collections.abc import Mapping
from pathlib import Path

from tasks.clients import shell
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef

CONFINED = ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
_PROBE = Path(__file__).with_name("probe.sh")


def build_argv(context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> list[str]:
    """The build's command line. Without layers nothing stale is reused, and a build that ends early leaves none."""
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    options += [f"--label={name}={value}" for name, value in labels.items()]
    return [
        "podman", "build", "--layers=false", "--force-rm", "--platform=linux/amd64", *options,
        f"--tag={tag}", f"--file={context / 'Containerfile'}", str(context),
    ]  # fmt: skip


def build(context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Build the folder's Containerfile as `tag`, False under `inv -R`; a build that ends early leaves nothing."""
    before = _working_containers()
    try:
        return shell.run(build_argv(context, tag, arguments, labels), what=f"{tag} could not be built")
    except BaseException:
        left = sorted(_working_containers() - before)
        if left:
            shell.run(["podman", "rm", "--force", *left], what="working containers could not be removed")
        raise


def _working_containers() -> set[str]:
    """The ids of containers that a build works in: podman lists them as external."""
    listing = ["podman", "ps", "--all", "--quiet", "--no-trunc"]
    every, own = (
        shell.query([*listing, *more], what="containers could not be listed") for more in (["--external"], [])
    )
    return set(every.split()) - set(own.split())


def has(image: str) -> bool:
    """Whether an image is on this machine."""
    argv, what = ["podman", "image", "exists", image], f"{image} could not be looked for"
    done = shell.attempt(argv, what=what)
    if done.returncode > 1:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return done.returncode == 0


def labels(image: str) -> dict[str, str] | None:
    """The labels of an image on this machine; None when there is no such image."""
    if not has(image):
        return None
    what = f"the labels of {image} could not be read"
    document = json.loads(shell.query(["podman", "image", "inspect", "--format={{json .Labels}}", image], what=what))
    return document if isinstance(document, dict) else {}


def require(image: str) -> dict[str, str]:
    """The labels of an image, which is pulled when it is named with its registry and is not here."""
    found = labels(image)
    if found is None and "." in image.partition("/")[0]:
        shell.run(["podman", "pull", image], what=f"{image} could not be pulled")
        found = labels(image)
    if found is None:
        raise TaskError(f"there is no image {image}", "podman does not have it", "build it: ./inv build")
    return found


def probe(image: str) -> str:
    """The facts that probe.sh finds inside an image: offline, read-only, without capabilities."""
    argv = [
        "podman",
        "run",
        "--rm",
        "--interactive",
        "--pull=never",
        *CONFINED,
        "--entrypoint=/bin/sh",
        image,
        "-s",
    ]
    return shell.query(argv, what=f"{image} could not be looked into", stdin=_PROBE.read_text())


def packaged_kernel(image: ImageRef) -> str:
    """The kernel package's version inside an image: pulls all of it, about 2 GB for Fedora CoreOS."""
    form = "%{VERSION}-%{RELEASE}.%{ARCH}"
    argv = [
        "podman",
        "run",
        "--rm",
        *CONFINED,
        "--entrypoint=rpm",
        str(image),
        "-q",
        "kernel-core",
        f"--qf={form}",
    ]
    return shell.query(argv, what=f"the kernel of {image} could not be read", seconds=shell.RUN_SECONDS)


def image_ids() -> set[str]:
    """The ids of every image on this machine."""
    return set(
        shell.query(["podman", "images", "--all", "--quiet", "--no-trunc"], what="images could not be listed").split()
    )


def remove(images: set[str]) -> None:
    """Remove images by id."""
    if images:
        shell.run(["podman", "rmi", "--force", *sorted(images)], what="images could not be removed")
