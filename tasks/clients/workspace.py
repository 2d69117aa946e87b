"""The repository's own files and revision, and files that are written completely or not at all."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from tasks.clients import shell
from tasks.console import say
from tasks.model.certificates import CERTIFICATES
from tasks.model.errors import TaskError
from tasks.model.signing import KEYS, PERSONAL, POLICY, REDIRECTS, REGISTRIES, HostFiles, is_private

_WRITABLE = "check that the folder is writable and the disk is not full"
ROOT = Path(__file__).resolve().parents[2]
UNVERSIONED = "unversioned"
# Git in this checkout, even if another user owns it: running a recipe runs the checkout's own code anyway. It never
# looks in the folders above, where an unpacked zip may lie in somebody else's repository.
GIT = ("git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), f"--git-dir={ROOT / '.git'}", f"--work-tree={ROOT}")
_BUILD_INPUTS = ("Containerfile", "overlay-root")


def read_text(path: Path, newline: str | None = None) -> str:
    """The content of a text file; an error gives its name and the cause. With an empty `newline`, line ends stay."""
    try:
        with path.open(encoding="utf-8", newline=newline) as file:
            return file.read()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        why = f"it is not UTF-8 text: line {line} has the byte 0x{error.object[error.start]:02x}"
        raise TaskError(f"{path} could not be read", why, "save it as UTF-8 in your editor") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise TaskError(f"{path} could not be read", why, "check the path and the file") from error


def cache() -> Path:
    """The folder for files that may be lost: CUSTOM_COREOS_CACHE, as the launcher sets it, else in the user's cache.

    A lab has its own, although its launcher uses the tools in the user's.
    """
    home = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    named = environ.get("CUSTOM_COREOS_LAB_CACHE") or environ.get("CUSTOM_COREOS_CACHE")
    folder = Path(named or Path(home, "custom-coreos"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name: str, busy: str) -> Iterator[None]:
    """Let only one run of this user do a job at a time; a second one shows `busy` and waits."""
    with (cache() / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(busy)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def host_files() -> HostFiles:
    """The keys and the policy that overlay-root ships, and private keys among the keys."""
    top = ROOT / "overlay-root"
    keys = [path for path in sorted((top / KEYS).rglob("*")) if path.is_file() and _counts(path, top / KEYS)]
    shipped = [*keys, *sorted((top / REGISTRIES).glob("*.yaml"))]
    personal = [path for place in PERSONAL for path in (top / place, *sorted((top / place).rglob("*")))]
    file, folder = REDIRECTS
    certificates = [path for folder in CERTIFICATES for path in sorted((top / folder).glob("*/*"))]
    redirects = [top / file, *sorted((top / folder).glob("*.conf"))]
    paths = [top / POLICY, *shipped, *personal, *redirects, *certificates]
    return HostFiles({str(path.relative_to(top)): path.read_bytes() for path in paths if path.is_file()})


def _counts(path: Path, folder: Path) -> bool:
    """Whether a file among the keys is a public key's, or holds a private one."""
    is_public = path.parent == folder and path.match("*.pub") and not path.name.startswith(".")
    return is_public or is_private(path.read_bytes())


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> bool:
    """Write a temporary file and rename it; False under `inv -R`, which writes nothing.

    A link stays a link. What is no file, such as /dev/stdout, is written to: a file in its place would replace it.
    """
    if shell.Mode.dry:
        return False
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            return True
        with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
                temporary.chmod(mode)
                temporary.rename(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise TaskError(
            f"{path} could not be written",
            error.strerror or str(error),
            _WRITABLE,
        ) from error
    return True


def require_ours(folder: Path, names: str, mark: str) -> None:
    """Stop if a folder holds a file whose name does not match `names`, or an index.html without `mark`."""
    if not folder.exists():
        return
    entries = [path.name for path in folder.iterdir()] if folder.is_dir() else ["a file"]
    strange = [name for name in entries if not re.fullmatch(names, name)]
    index = folder / "index.html"
    if index.is_file() and mark not in index.read_text(errors="replace"):
        strange.append(index.name)
    if strange:
        why = f"it holds files that are not ours and would be lost: {', '.join(strange[:3])}"
        raise TaskError(f"{folder} is not overwritten", why, "choose another with --out, or move this one away")


def write_folder(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Replace a folder by one that holds exactly these files; False under `inv -R`."""
    if shell.Mode.dry:
        return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
            new, old = Path(beside, "new"), Path(beside, "old")
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise TaskError(
            f"{folder} could not be written",
            error.strerror or str(error),
            _WRITABLE,
        ) from error
    return True


def build_inputs() -> Iterator[tuple[str, str, bytes]]:
    """Path, kind and content of every file that goes into the image; a link's content is its target."""
    for name in _BUILD_INPUTS:
        top = ROOT / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield _input(path)


def _input(path: Path) -> tuple[str, str, bytes]:
    mode = path.lstat().st_mode
    content = os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else path.read_bytes()
    kind = "link" if stat.S_ISLNK(mode) else "executable" if mode & stat.S_IXUSR else "file"
    return str(path.relative_to(ROOT)), kind, content


def revision() -> str:
    """The checked-out commit, with `-dirty` if build inputs differ from it; `unversioned` outside git."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return UNVERSIONED
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", *_BUILD_INPUTS) else commit


def _git(*arguments: str) -> str:
    try:
        done = shell.attempt([*GIT, *arguments], what="the revision could not be read")
    except TaskError:  # no git: the folder was unpacked, not cloned
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
