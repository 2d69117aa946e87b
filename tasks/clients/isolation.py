"""How podman can isolate the steps of a build from this machine, as found by a test build."""

from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import shell
from tasks.model.errors import TaskError
from tools import proof

CHROOT = "chroot"
_CONTAINERFILE = 'FROM scratch\nADD layer.tar /\nRUN ["/true"]\n'
_WHAT = "podman could not be tested"


def choose() -> tuple[str, str]:
    """The value for `podman build --isolation`, empty for podman's default, and why the default does not work.

    The default needs a network namespace with pasta or netavark. A user's BUILDAH_ISOLATION takes precedence.
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
    raise TaskError("podman cannot build images here", fault, "check what podman needs: ./inv doctor")


def _fault(folder: Path, isolation: str) -> str:
    """Why the test image cannot be built this way; empty if it can. The image is removed."""
    options = [f"--isolation={isolation}"] if isolation else []
    build = ["podman", "build", "--quiet", "--layers=false", "--force-rm", *options, str(folder)]
    done = shell.attempt(build, what=_WHAT)
    if done.returncode:
        return shell.last_words(done.stderr)
    shell.query(["podman", "rmi", "--force", done.stdout.strip()], what=_WHAT)
    return ""
