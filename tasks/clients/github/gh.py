"""GitHub's own program, gh: its login, and its check of attestations."""

import shutil
from functools import cache
from os import environ

from tasks.clients import shell
from tasks.model import hints
from tasks.model.image import ImageRef

_SECONDS = 60


@cache
def token() -> str:
    """The token from the environment, else from gh's login, else empty; it is only ever sent in a header."""
    given = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if given or not shutil.which("gh"):
        return given or ""
    done = shell.attempt(["gh", "auth", "token"], what="gh's login could not be read", seconds=_SECONDS)
    return done.stdout.strip() if done.returncode == 0 else ""


def why_unable() -> str:
    """Why gh cannot check attestations; empty if it can."""
    if not shutil.which("gh"):
        return "gh is not installed"
    if not token():
        return "gh is not logged in (gh auth login)"
    help_text = shell.attempt(["gh", "attestation", "verify", "--help"], what="gh could not be run", seconds=_SECONDS)
    return "" if help_text.returncode == 0 else "this gh is too old to check attestations"


def attestation_fault(image: ImageRef, repository: str) -> str:
    """Why gh rejects an image's attestation by a workflow of `owner/name`; empty if it accepts it.

    A network that fails has rejected nothing: gh is run again, and then this stops.
    """
    what = f"the attestation of {image} could not be checked"
    argv = ["gh", "attestation", "verify", f"oci://{image}", "--repo", repository]
    return shell.refusal(argv, what=what, seconds=_SECONDS, refuses=lambda cause: not hints.is_passing(cause))
