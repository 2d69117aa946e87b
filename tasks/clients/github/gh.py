"""GitHub's own program: its login, and its check of attestations."""

import shutil
from functools import cache
from os import environ

from tasks.clients import shell
from tasks.model.image import ImageRef

_SECONDS = 60


@cache
def token() -> str:
    """The token of the environment, else that of gh's login, else nothing; it is only ever sent in a header."""
    given = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if given or not shutil.which("gh"):
        return given or ""
    done = shell.attempt(["gh", "auth", "token"], what="gh's login could not be read", seconds=_SECONDS)
    return done.stdout.strip() if done.returncode == 0 else ""


def why_unable() -> str:
    """What keeps gh from checking attestations; nothing when it can."""
    if not shutil.which("gh"):
        return "gh is not installed"
    if not token():
        return "gh is not logged in (gh auth login)"
    known = shell.attempt(["gh", "attestation", "verify", "--help"], what="gh could not be asked", seconds=_SECONDS)
    return "" if known.returncode == 0 else "this gh is too old to know attestations"


def attestation_fault(image: ImageRef, repository: str) -> str:
    """What gh finds wrong with an image's attestation by a workflow of `owner/name`; nothing when it holds."""
    argv = ["gh", "attestation", "verify", f"oci://{image}", "--repo", repository]
    done = shell.attempt(argv, what=f"the attestation of {image} could not be checked", seconds=_SECONDS)
    if done.returncode == 0:
        return ""
    said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return said[-1] if said else f"gh ended with {done.returncode}"
