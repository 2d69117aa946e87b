"""Keys and signatures: key pairs, keys handed over as open descriptors, and what a host's policy says."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import shell
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import POLICY, REGISTRIES, HostFiles

_PRIVATE = ("ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY")
_IN_MEMORY = "/dev/shm"  # noqa: S108  (a file system that no disk keeps)
_SECONDS = 120


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A private key, encrypted, and what opens it; shown nowhere."""

    pem: str
    passphrase: str


def passphrase() -> str:
    """SIGNING_PASSPHRASE, or none."""
    return environ.get("SIGNING_PASSPHRASE", "")


def default_key() -> Path:
    """Where the private key lies unless another place is named: outside every checkout and every image."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "custom-coreos/signing.key"


def read_key(file: str) -> Key:
    """The private key: a named file, else SIGNING_KEY's content, else the default file.

    Both variables are taken out of the environment, so that no program that is started later sees them.
    """
    path = Path(file) if file else default_key()
    given, opens = environ.pop("SIGNING_KEY", ""), environ.pop("SIGNING_PASSPHRASE", "")
    source, key = ("SIGNING_KEY", given) if given and not file else (str(path), "")
    if not key and path.is_file():
        key = path.read_text(errors="replace")
    if not key:
        why = f"SIGNING_KEY is not set and {path} is not there"
        raise TaskError("there is no key to sign with", why, "make one: ./inv keygen; or name its file with --key")
    if not any(f"-----BEGIN {kind}-----" in key for kind in _PRIVATE):
        why = f"{source} does not begin with -----BEGIN {_PRIVATE[1]}-----"
        raise TaskError("this is no key to sign with", why, "take the file that ./inv keygen wrote")
    return Key(key, opens)


def generate() -> tuple[bytes, bytes]:
    """A new key pair, private and public, in cosign's form.

    host-policy makes it: skopeo has this switched off in some distributions and names its files differently in others.
    """
    what = "a key could not be made"
    with TemporaryDirectory(dir=_IN_MEMORY if Path(_IN_MEMORY).is_dir() else None) as folder:
        prefix = Path(folder, "key")
        shell.query(["host-policy", "generate-key", str(prefix)], what=what, stdin=passphrase(), seconds=_SECONDS)
        return prefix.with_suffix(".key").read_bytes(), prefix.with_suffix(".pub").read_bytes()


@contextmanager
def descriptors(*secrets: str) -> Iterator[tuple[int, ...]]:
    """Open descriptors that read as the secrets; they lie in memory, so a kill leaves no copy."""
    opened = []
    try:
        for secret in secrets:
            opened.append(os.memfd_create("secret", os.MFD_CLOEXEC))
            os.write(opened[-1], secret.encode())
            os.lseek(opened[-1], 0, os.SEEK_SET)
        yield tuple(opened)
    finally:
        for number in opened:
            os.close(number)


@contextmanager
def host_home(shipped: HostFiles) -> Iterator[Path]:
    """A home folder in which podman judges images by what ships, and in which there is no login."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for path, content in shipped.below(folder).items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(content)
        (home / REGISTRIES).mkdir(parents=True, exist_ok=True)
        (home / ".config").mkdir()
        (home / ".config/containers").symlink_to(home / "etc/containers")
        (home / "no-login.json").write_text("{}")
        yield home


def host_environment(home: Path) -> dict[str, str]:
    """The environment of a program that shall see that home and nothing of ours."""
    dropped = ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG", "CONTAINERS_REGISTRIES_CONF")
    kept = {name: value for name, value in environ.items() if name not in dropped}
    return {**kept, "HOME": str(home), "REGISTRY_AUTH_FILE": str(home / "no-login.json")}


def refusal(image: ImageRef, shipped: HostFiles) -> str:
    """Why a host with these files would refuse an image in its registry, or nothing; no layer is pulled."""
    with host_home(shipped) as home:
        argv = ["host-policy", "accepts", str(home / POLICY), str(home / REGISTRIES), str(image)]
        done = shell.attempt(argv, what=f"{image} could not be held against the policy", seconds=_SECONDS)
    return "" if done.returncode == 0 else _last(done.stderr)


def require_parsed(shipped: HostFiles) -> None:
    """Stop at a policy or a key that containers/image, with which hosts read them, does not take."""
    with host_home(shipped) as home:
        argv = ["host-policy", "check", str(home / POLICY), *(str(home / key) for key in shipped.keys)]
        done = shell.attempt(argv, what="the policy could not be checked", seconds=_SECONDS)
    if done.returncode:
        what = f"a host could pull nothing under overlay-root/{POLICY}"
        raise TaskError(what, _last(done.stderr), "correct it, or write it again: ./inv keygen --policy")


def _last(said: str) -> str:
    return next((line for line in reversed(said.splitlines()) if line.strip()), "no reason was given")


def pusher_environment(home: Path) -> Mapping[str, str]:
    """The environment of a push that signs: the shipped registries.d lets it, everything else is the user's own."""
    own = Path.home()
    folders = {
        "XDG_CONFIG_HOME": own / ".config",
        "XDG_DATA_HOME": own / ".local/share",
        "XDG_CACHE_HOME": own / ".cache",
    }
    return {**environ, "HOME": str(home), **{name: environ.get(name) or str(path) for name, path in folders.items()}}
