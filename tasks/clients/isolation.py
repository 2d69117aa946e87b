"""How podman can keep the steps of a build apart from this machine, found out by a try."""

from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import shell
from tasks.model.errors import TaskError
from tools import proof

CHROOT = "chroot"
_CONTAINERFILE = 'FROM scratch\nADD layer.tar /\nRUN ["/true"]\n'
_WHAT = "podman could not be tried"


def choose() -> tuple[str, str]:
    """What `podman build --isolation` needs here, empty for podman's own way, and why that way does not work.

    podman's own way needs a network namespace with pasta or netavark. A user who sets BUILDAH_ISOLATION has chosen.
    """
    if environ.get("BUILDAH_ISOLATION"):
        return "", ""
    with TemporaryDirectory() as name:
        folder = Path(name)
        proof.layer(folder / "layer.tar")
        (folder / "Containerfile").write_text(_CONTAINERFILE)
        fault = _fault(folder, "")
        if not fault:
            return "", ""
        if not _fault(folder, CHROOT):
            return CHROOT, fault
    raise TaskError("podman can build no image here", fault, "look at all that podman needs: ./inv doctor")


def _fault(folder: Path, isolation: str) -> str:
    """Why the tiny image cannot be built so; empty when it can. The image does not stay."""
    options = [f"--isolation={isolation}"] if isolation else []
    build = ["podman", "build", "--quiet", "--layers=false", "--force-rm", *options, str(folder)]
    done = shell.attempt(build, what=_WHAT)
    if done.returncode:
        return shell.last_words(done.stderr)
    shell.query(["podman", "rmi", "--force", done.stdout.strip()], what=_WHAT)
    return ""
