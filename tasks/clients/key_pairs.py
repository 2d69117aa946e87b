"""Key pairs: made by host-policy; the private half that signs is found, tried, and hidden from other programs."""

import json
import re
import sys
from dataclasses import dataclass
from getpass import getpass
from os import environ
from pathlib import Path

from tasks.clients import shell, workspace
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.signing import HostFiles

_PRIVATE = ("ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY")
_FILES = re.compile(r"signing(?:-(\d+))?\.key")
_OTHER = "name its file with --key, or sign with the backup key (--key -): docs/security.md"
_SECRET = "set it to the private half of one of those; for the workflows: gh secret set SIGNING_KEY < FILE"  # noqa: S105
PASSPHRASE = "set SIGNING_PASSPHRASE to the key's passphrase, or unset it if the key has none"  # noqa: S105  (a hint)
_SECONDS = 120


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """An encrypted private key and its passphrase; never shown."""

    pem: str
    passphrase: str


@dataclass(frozen=True, slots=True, repr=False)
class KeyPair:
    """A key pair: PEM texts in cosign's format, and the private key as groups of letters to write down."""

    private: str
    public: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A private key's file. `shipped` is the path of its public half (`etc/…`), empty if hosts do not know it.

    `unknown` says why nobody knows the public half.
    """

    file: Path
    shipped: str
    unknown: str = ""


def passphrase() -> str:
    """The value of SIGNING_PASSPHRASE without a line's end, as podman reads it; empty if it is not set."""
    return environ.get("SIGNING_PASSPHRASE", "").rstrip("\r\n")


def default_key() -> Path:
    """The default path of the first private key, outside every checkout and every image."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "custom-coreos/signing.key"


def generate() -> KeyPair:
    """Generate a key pair; the private half is encrypted with SIGNING_PASSPHRASE, and never on a disk here.

    host-policy generates it: some distributions disable this in skopeo, and others name its files differently.
    """
    what = "a key could not be generated"
    answer = shell.query(["host-policy", "generate-key"], what=what, stdin=passphrase(), seconds=_SECONDS)
    return KeyPair(**json.loads(answer))


def read_key(file: str, shipped: HostFiles) -> Key:
    """Read the private key that signs, and stop unless its public half ships.

    It comes from the named file (`-`: the backup key from stdin), else from SIGNING_KEY, else from the default folder.
    Removes SIGNING_KEY and SIGNING_PASSPHRASE from the environment, so that programs started later do not see them.
    """
    given, words = environ.pop("SIGNING_KEY", ""), passphrase()
    environ.pop("SIGNING_PASSPHRASE", None)
    if file == "-":
        source, key = "this backup key", _written()
    elif given and not file:
        source, key = "SIGNING_KEY", Key(given, words)
    else:
        path = _named(file, shipped) if file else _oldest(shipped, words)
        source, key = str(path), Key(workspace.read_text(path), words)
    require_known(key, shipped, source)
    return key


def _named(file: str, shipped: HostFiles) -> Path:
    path = Path(file).expanduser()
    if not path.exists():
        raise _not_here(shipped, f"{path} does not exist")
    return path


def _oldest(shipped: HostFiles, words: str) -> Path:
    """The oldest private key on this machine that hosts know; during a rotation, some know only that one."""
    keys = found(shipped, words)
    known = [key for key in keys if key.shipped] or [key for key in keys if key.unknown]
    if not keys:
        raise _not_here(shipped, f"SIGNING_KEY is not set and {default_key()} does not exist")
    if not known:
        raise _not_here(shipped, f"the public half of {', '.join(str(key.file) for key in keys)} does not ship")
    if len(known) > 1:
        newer = ", ".join(key.file.name for key in known[1:])
        say(f"signing with {known[0].file}, which machines know longest; for another ({newer}): --key FILE")
    return known[0].file


def _not_here(shipped: HostFiles, why: str) -> TaskError:
    return TaskError(f"the private half of {' or '.join(shipped.keys)} is not here", why, _OTHER)


def found(shipped: HostFiles, words: str) -> tuple[Found, ...]:
    """The private keys in the default folder; those whose public half ships come first, oldest first."""
    numbers = {path: _FILES.fullmatch(path.name) for path in default_key().parent.glob("signing*.key")}
    files = sorted((int(match[1] or 1), path) for path, match in numbers.items() if match)
    keys = [_found(path, shipped, words) for _, path in files]
    known = sorted((key for key in keys if key.shipped), key=lambda key: shipped.keys.index(key.shipped))
    return (*known, *(key for key in keys if not key.shipped))


def _found(file: Path, shipped: HostFiles, words: str) -> Found:
    """Look for the file's public half: beside it, also as keygen leaves it when it is killed, else in itself."""
    beside = [half for half in map(file.with_suffix, (".pub", ".pub.new")) if half.is_file()]
    halves = [half.read_bytes() for half in beside]
    try:
        halves = halves or [public_half(Key(workspace.read_text(file), words), str(file)).encode()]
    except TaskError as error:
        return Found(file, "", f"{error.what}: {error.why}")
    return Found(file, next(filter(None, map(shipped.holding, halves)), ""))


def require_known(key: Key, shipped: HostFiles, source: str) -> None:
    """Stop unless hosts know the public half of a private key; `source` names where it comes from."""
    if not shipped.holding(public_half(key, source).encode()):
        why = f"overlay-root ships {', '.join(shipped.keys)}, and it is the private half of none of them"
        hint = _SECRET if source == "SIGNING_KEY" else _OTHER
        raise TaskError(f"hosts would refuse what {source} signs", why, hint)


def public_half(key: Key, source: str) -> str:
    """The public half of a private key, as PEM."""
    if not any(f"-----BEGIN {kind}-----" in key.pem for kind in _PRIVATE):
        why = f"{source} does not begin with -----BEGIN {_PRIVATE[1]}-----"
        raise TaskError("this is not a signing key", why, "use the file that ./inv keygen wrote")
    what = f"the private key in {source} could not be read"
    given = json.dumps({"private": key.pem, "passphrase": key.passphrase})
    done = shell.attempt(["host-policy", "public-key"], what=what, stdin=given, seconds=_SECONDS)
    if done.returncode:
        raise TaskError(what, shell.last_line(done.stderr), PASSPHRASE)
    return done.stdout


def _written() -> Key:
    """The backup key that somebody types, or that comes through stdin."""
    text = getpass("the backup key (14 groups): ") if sys.stdin.isatty() else sys.stdin.readline()
    what = "the backup key could not be read"
    done = shell.attempt(["host-policy", "restore-key"], what=what, stdin=f"{text.strip()}\n")
    if done.returncode:
        raise TaskError(
            "this is no backup key", shell.last_line(done.stderr), "type all 14 groups as ./inv keygen showed them"
        )
    return Key(json.loads(done.stdout)["private"], "")
