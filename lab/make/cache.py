"""Keeps what is slow to make and the same for every clone, in the XDG cache under a hash of its inputs."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_MANIFEST = ".whole.json"
_UNUSED_SECONDS = 14 * 24 * 3600


def folder() -> Path:
    """Return the lab's part of the cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CUSTOM_COREOS_CACHE") or Path(home) / "custom-coreos") / "lab"


def key(*material: object) -> str:
    """Return a short hash of an entry's inputs: files by content, everything else by its text."""
    digest = hashlib.sha256()
    for part in material:
        digest.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:20]


def entry(name: str, material: Iterable[object], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` fills. It is made once; an incomplete one is dropped and made again."""
    target = folder() / f"{name}-{key(*material)}"
    if not _is_whole(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with (target.parent / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits here and then finds the entry
            if not _is_whole(target):
                _make(name, target, make)
    os.utime(target)
    return target


def made_at(target: Path) -> int:
    """Return when an entry was made, in nanoseconds; the number changes when the entry is made again."""
    return (target / _MANIFEST).stat().st_mtime_ns


def _make(name: str, target: Path, make: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it, so that a killed process never leaves an entry that looks complete."""
    if target.exists():
        _say(f"{target.name} in the cache is incomplete: making it again")
        shutil.rmtree(target)
    temporary = target.with_name(f".{target.name}.making")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    start = time.monotonic()
    _say(f"making {name}")
    try:
        make(temporary)
        (temporary / _MANIFEST).write_text(json.dumps(_sizes(temporary)))
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _say(f"made {name} in {time.monotonic() - start:.1f} s")
    _drop_unused(name, target)


def _drop_unused(name: str, current: Path) -> None:
    """Drop entries that older versions of the repository made under this name, once unused for 14 days."""
    for other in current.parent.glob(f"{name}-*"):
        if other != current and time.time() - other.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(other)


def _sizes(top: Path) -> dict[str, int]:
    files = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink() and path.name != _MANIFEST)
    return {str(path.relative_to(top)): path.stat().st_size for path in files}


def _is_whole(target: Path) -> bool:
    try:
        sizes = json.loads((target / _MANIFEST).read_text())
        return all((target / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _say(sentence: str) -> None:
    sys.stderr.write(f"lab: {sentence}\n")
    sys.stderr.flush()
