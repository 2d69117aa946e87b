"""What is slow to make and the same for every clone, kept in the XDG cache under a hash of what makes it."""

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
    """The lab's part of the cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CUSTOM_COREOS_CACHE") or Path(home) / "custom-coreos") / "lab"


def key(*material: object) -> str:
    """A short hash of what makes an entry: files by their content, everything else by its text."""
    total = hashlib.sha256()
    for part in material:
        total.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        total.update(b"\0")
    return total.hexdigest()[:20]


def entry(name: str, material: Iterable[object], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made once; one that was cut short since is dropped and made anew."""
    target = folder() / f"{name}-{key(*material)}"
    if not _is_whole(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with (target.parent / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds it made
            if not _is_whole(target):
                _make(name, target, make)
    os.utime(target)
    return target


def made_at(target: Path) -> int:
    """When an entry was made, in nanoseconds: another number after it was made anew."""
    return (target / _MANIFEST).stat().st_mtime_ns


def _make(name: str, target: Path, make: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it; a maker that is killed leaves nothing that passes for whole."""
    if target.exists():
        _say(f"{target.name} in the cache was cut short: it is made again")
        shutil.rmtree(target)
    temporary = target.with_name(f".{target.name}.making")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    begun = time.monotonic()
    _say(f"making {name}")
    try:
        make(temporary)
        (temporary / _MANIFEST).write_text(json.dumps(_sizes(temporary)))
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _say(f"made {name} in {time.monotonic() - begun:.1f} s")
    _drop_unused(name, target)


def _drop_unused(name: str, made: Path) -> None:
    """Drop what an older state of the repository made under this name, once no clone has used it for a while."""
    for other in made.parent.glob(f"{name}-*"):
        if other != made and time.time() - other.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(other)


def _sizes(top: Path) -> dict[str, int]:
    files = (path for path in top.rglob("*") if path.is_file() and not path.is_symlink() and path.name != _MANIFEST)
    return {str(path.relative_to(top)): path.stat().st_size for path in files}


def _is_whole(target: Path) -> bool:
    try:
        stated = json.loads((target / _MANIFEST).read_text())
        return all((target / name).stat().st_size == size for name, size in stated.items())
    except (OSError, ValueError):
        return False


def _say(sentence: str) -> None:
    sys.stderr.write(f"lab: {sentence}\n")
    sys.stderr.flush()
