"""Copies the checkout, so that a rehearsal can make keys and overlays without touching the user's files."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from lab.make.tool import call
from lab.start import ROOT
from tasks.model.errors import TaskError
from tasks.model.signing import KEY_NAME, KEYS, POLICY, REGISTRY_ENTRY

# Trust this checkout whoever owns it: making a lab already runs the checkout's own code.
_TRUSTING = ("git", "-c", "safe.directory=*")
KEY_FOLDERS = ("overlay-root/etc/pki/cosign", "overlay-root/etc/containers")
_KEY_FILES = re.compile(rf"/({KEYS}/{KEY_NAME}|{POLICY}|{REGISTRY_ENTRY})$")
_LEFT_OUT = {".lab", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def files() -> list[str]:
    """List the checkout's files by relative path, work in progress included; also works in an unpacked zip."""
    if (ROOT / ".git").exists():
        output = call([*_TRUSTING, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        return [name for name in output.split("\0") if name]
    return sorted(str(path.relative_to(ROOT)) for path in _unpacked(ROOT))


def _unpacked(top: Path) -> Iterator[Path]:
    """Yield the files and links of a folder, without what our own runs leave there."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        paths = [Path(folder, name) for name in (*folders, *names)]
        yield from (path for path in paths if path.is_symlink() or path.is_file())


def copy(target: Path) -> None:
    """Copy the checkout with its history and uncommitted changes, but without keys and policy."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        if (ROOT / ".git").exists():
            _clone(target)
        lay_over(target)
        remove_keys(target)
    except (OSError, shutil.Error) as error:
        raise TaskError("the checkout could not be copied", str(error)[:200], "check the free space: df -h") from error


def _clone(target: Path) -> None:
    """Clone the checkout.

    Do not copy `.git`: in a worktree or submodule it is a file that points to the real repository.
    """
    source, serve = [*_TRUSTING, "-C", str(ROOT)], f"--upload-pack={shlex.join([*_TRUSTING, 'upload-pack'])}"
    call(["git", "clone", "--quiet", "--no-local", serve, str(ROOT), str(target)])
    origin = call([*source, "config", "--default=", "remote.origin.url"]).strip()
    call(["git", "-C", str(target), "config", "remote.origin.url", origin])


def remove_keys(target: Path) -> None:
    """Remove keys and policy from a copy; a lab makes its own signing keys."""
    for folder in KEY_FOLDERS:
        shutil.rmtree(target / folder, ignore_errors=True)


def prepare_own_keys(states: Path) -> None:
    """Prepare the folders of keys and policy that all labs of a checkout share; inside.py mounts them over its own.

    So no key of a lab is ever written into the checkout. Files that are neither key nor policy are the checkout's.
    """
    for folder in KEY_FOLDERS:
        _make_for_owner(ROOT / folder)
        (states / folder).mkdir(parents=True, exist_ok=True)
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not _KEY_FILES.search(str(path)):
                own = states / path.relative_to(ROOT)
                own.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, own)


def _make_for_owner(folder: Path) -> None:
    """Make a folder that belongs to the owner of the one above it: keys are written there without sudo."""
    for path in reversed((folder, *folder.parents)):
        if not path.exists():
            path.mkdir(exist_ok=True)
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)


def remove_empty_key_folders() -> None:
    """Remove the folders over which labs have mounted their own, if nothing is in them; no lab may be open."""
    for name in KEY_FOLDERS:
        for folder in (ROOT / name, *(ROOT / name).parents):
            if folder == ROOT / "overlay-root" or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()


def lay_over(target: Path) -> None:
    """Give every file of a folder the state that it has in the working tree."""
    for name in files():
        _lay_over(ROOT / name, target / name)


def _lay_over(source: Path, target: Path) -> None:
    if source.is_symlink() or source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    elif not source.exists():
        target.unlink(missing_ok=True)
