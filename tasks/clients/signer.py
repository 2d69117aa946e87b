"""Keys and signatures: key pairs, keys passed as open descriptors, and checks against a host's policy."""

import json
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
from tasks.model.signing import POLICY, REGISTRIES, Decision, HostFiles, decision_faults

_PRIVATE = ("ENCRYPTED COSIGN PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY")
_IN_MEMORY = "/dev/shm"  # noqa: S108  (a file system in memory)
_SECONDS = 120


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """An encrypted private key and its passphrase; never shown."""

    pem: str
    passphrase: str


def passphrase() -> str:
    """The value of SIGNING_PASSPHRASE; empty if it is not set."""
    return environ.get("SIGNING_PASSPHRASE", "")


def default_key() -> Path:
    """The default path of the private key, outside every checkout and every image."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "custom-coreos/signing.key"


def read_key(file: str) -> Key:
    """Read the private key from the named file, else from SIGNING_KEY, else from the default file.

    Removes SIGNING_KEY and SIGNING_PASSPHRASE from the environment, so that programs started later do not see them.
    """
    path = Path(file) if file else default_key()
    given, passphrase_text = environ.pop("SIGNING_KEY", ""), environ.pop("SIGNING_PASSPHRASE", "")
    source, key = ("SIGNING_KEY", given) if given and not file else (str(path), "")
    if not key and path.is_file():
        key = path.read_text(errors="replace")
    if not key:
        why = f"SIGNING_KEY is not set and {path} does not exist"
        raise TaskError("there is no signing key", why, "create one: ./inv keygen; or name its file with --key")
    if not any(f"-----BEGIN {kind}-----" in key for kind in _PRIVATE):
        why = f"{source} does not begin with -----BEGIN {_PRIVATE[1]}-----"
        raise TaskError("this is not a signing key", why, "use the file that ./inv keygen wrote")
    return Key(key, passphrase_text)


def generate() -> tuple[bytes, bytes]:
    """Generate a key pair, private and public, in cosign's format.

    host-policy generates it: some distributions disable this in skopeo, and others name its files differently.
    """
    what = "a key could not be generated"
    with TemporaryDirectory(dir=_IN_MEMORY if Path(_IN_MEMORY).is_dir() else None) as folder:
        prefix = Path(folder, "key")
        shell.query(["host-policy", "generate-key", str(prefix)], what=what, stdin=passphrase(), seconds=_SECONDS)
        return prefix.with_suffix(".key").read_bytes(), prefix.with_suffix(".pub").read_bytes()


@contextmanager
def descriptors(*secrets: str) -> Iterator[tuple[int, ...]]:
    """Open descriptors to read the secrets from; they are in memory, so a kill leaves no copy."""
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
    """A temporary home folder, in which podman uses the shipped keys and policy and has no login."""
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
    """The environment of a program that sees only that home, and nothing of the user's."""
    dropped = ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG", "CONTAINERS_REGISTRIES_CONF")
    kept = {name: value for name, value in environ.items() if name not in dropped}
    return {**kept, "HOME": str(home), "REGISTRY_AUTH_FILE": str(home / "no-login.json")}


def refusal(image: ImageRef, shipped: HostFiles) -> str:
    """Why a host with these files would refuse an image in its registry; empty if it accepts it. Pulls no layer."""
    with host_home(shipped) as home:
        argv = ["host-policy", "accepts", str(home / POLICY), str(home / REGISTRIES), str(image)]
        done = shell.attempt(argv, what=f"{image} could not be checked against the policy", seconds=_SECONDS)
    return "" if done.returncode == 0 else _last(done.stderr)


def faults(shipped: HostFiles, image: str) -> list[str]:
    """Why a host with these files would refuse our images, or accept others under our name; empty if all is well.

    containers/image decides on trial images, in every way in which a host can name one. It takes no network.
    """
    seen = shipped.faults(image)
    if seen or not shipped.has_key:
        return seen
    with host_home(shipped) as home:
        keys = [str(home / key) for key in shipped.keys]
        argv = ["host-policy", "decide", str(home / POLICY), str(home / REGISTRIES), image, *keys]
        done = shell.attempt(argv, what="the policy could not be tried", seconds=_SECONDS)
    answer, error = (text.replace(str(home), "") for text in (done.stdout, done.stderr))
    if done.returncode:
        return [_last(error)]
    return decision_faults(map(Decision.parse, json.loads(answer)), shipped)


def require(shipped: HostFiles, image: str, source: str) -> None:
    """Stop if a host with these files could no longer pull our images, or would take others for ours."""
    if wrong := faults(shipped, image):
        raise TaskError(
            f"the policy in {source} is wrong", "; ".join(wrong),
            "write it again for the shipped keys and this image: ./inv keygen --policy",
        )  # fmt: skip


def _last(output: str) -> str:
    return next((line for line in reversed(output.splitlines()) if line.strip()), "no reason was given")


def pusher_environment(home: Path) -> Mapping[str, str]:
    """The environment of a push that signs: the shipped registries.d allows it; everything else is the user's own."""
    own = Path.home()
    folders = {
        "XDG_CONFIG_HOME": own / ".config",
        "XDG_DATA_HOME": own / ".local/share",
        "XDG_CACHE_HOME": own / ".cache",
    }
    return {**environ, "HOME": str(home), **{name: environ.get(name) or str(path) for name, path in folders.items()}}
