"""A copy of the checkout that a rehearsal may change: keys and overlays are made in there, and never in the user's."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from lab.make.tool import call
from lab.session import ROOT
from tasks.model.errors import TaskError

# Git in this checkout, whoever owns it: whoever makes a lab runs the checkout's own code already.
_TRUSTING = ("git", "-c", "safe.directory=*")
_LEFT_OUT = {".lab", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def files() -> list[str]:
    """What belongs to the checkout, work in progress included, by its place in there; also of an unpacked zip."""
    if (ROOT / ".git").exists():
        listed = call([*_TRUSTING, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        return [name for name in listed.split("\0") if name]
    return sorted(str(path.relative_to(ROOT)) for path in _unpacked(ROOT))


def _unpacked(top: Path) -> Iterator[Path]:
    """The files and links of a folder, without what our own runs leave there."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        paths = [Path(folder, name) for name in (*folders, *names)]
        yield from (path for path in paths if path.is_symlink() or path.is_file())


def copy(target: Path) -> None:
    """Copy the checkout with its history and with what is not committed yet; without keys and policy."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        if (ROOT / ".git").exists():
            _clone(target)
        lay_over(target)
        remove_keys(target)
    except (OSError, shutil.Error) as error:
        raise TaskError("the checkout could not be copied", str(error)[:200], "is the disk full? see: df -h") from error


def _clone(target: Path) -> None:
    """Clone the checkout.

    A copied `.git` may be a file that points to the real repository, as in a worktree and in a submodule.
    """
    source, serve = [*_TRUSTING, "-C", str(ROOT)], f"--upload-pack={shlex.join([*_TRUSTING, 'upload-pack'])}"
    call(["git", "clone", "--quiet", "--no-local", serve, str(ROOT), str(target)])
    origin = call([*source, "config", "--default=", "remote.origin.url"]).strip()
    call(["git", "-C", str(target), "config", "remote.origin.url", origin])


def remove_keys(target: Path) -> None:
    """Remove keys and policy from a copy: what signs in a lab is made there."""
    for place in ("etc/pki/cosign", "etc/containers"):
        shutil.rmtree(target / "overlay-root" / place, ignore_errors=True)


def lay_over(target: Path) -> None:
    """Bring every file of a folder to the state that it has in the working tree."""
    for name in files():
        _lay_over(ROOT / name, target / name)


def _lay_over(source: Path, target: Path) -> None:
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    elif not source.exists():
        target.unlink(missing_ok=True)
