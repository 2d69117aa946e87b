"""A copy of the checkout that a rehearsal may change: keys and overlays are made in there, and never in the user's."""

import shlex
import shutil
from pathlib import Path

from lab.session import ROOT
from lab.tool import call
from tasks.model.errors import TaskError

# Git in this checkout, whoever owns it: whoever makes a lab runs the checkout's own code already.
_TRUSTING = ("git", "-c", "safe.directory=*")
_LEFT_OUT = {".lab", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def copy(target: Path) -> None:
    """Copy the checkout with its history and with what is not committed yet; without keys and policy."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        if (ROOT / ".git").exists():
            _clone(target)
        else:  # a folder that was unpacked
            shutil.copytree(ROOT, target, symlinks=True, ignore=lambda _, names: _LEFT_OUT & set(names))
        for place in ("etc/pki/cosign", "etc/containers"):
            shutil.rmtree(target / "overlay-root" / place, ignore_errors=True)
    except (OSError, shutil.Error) as error:
        raise TaskError("the checkout could not be copied", str(error)[:200], "is the disk full? see: df -h") from error


def _clone(target: Path) -> None:
    """Clone the checkout and lay its working tree over the clone.

    A copied `.git` may be a file that points to the real repository, as in a worktree and in a submodule.
    """
    source, serve = [*_TRUSTING, "-C", str(ROOT)], f"--upload-pack={shlex.join([*_TRUSTING, 'upload-pack'])}"
    call(["git", "clone", "--quiet", "--no-local", serve, str(ROOT), str(target)])
    origin = call([*source, "config", "--default=", "remote.origin.url"]).strip()
    call(["git", "-C", str(target), "config", "remote.origin.url", origin])
    for name in filter(
        None, call([*source, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).split("\0")
    ):
        _lay_over(ROOT / name, target / name)


def _lay_over(source: Path, target: Path) -> None:
    """Bring one file to the state that it has in the working tree."""
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    elif not source.exists():
        target.unlink(missing_ok=True)
