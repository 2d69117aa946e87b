"""Signatures: keys passed as open descriptors, and checks against a host's policy."""

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import shell
from tasks.model import hints
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import POLICY, REDIRECTS, REGISTRIES, Decision, HostFiles, decision_faults

_LEAKED = "move it out of the checkout; if it was ever committed or published, it counts as stolen: docs/security.md"
_SECONDS = 120


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
    """Why a host with these files would refuse an image in its registry; empty if it accepts it. Pulls no layer.

    A registry that does not answer has refused nothing: it is asked again, and then this stops.
    """

    def hint(cause: str) -> str:
        public = f"make {image.name} public, because machines pull it without a login"
        return public if hints.is_about_login(cause) else hints.after(cause)

    what = f"the signature of {image} could not be checked"
    with host_home(shipped) as home:
        argv = ["host-policy", "accepts", str(home / POLICY), str(home / REGISTRIES), str(image)]
        return shell.refusal(argv, what=what, seconds=_SECONDS, refuses=hints.is_about_signature, hint=hint)


def signers(image: ImageRef, shipped: HostFiles) -> tuple[str, ...]:
    """The shipped keys whose signature an image in its registry has, newest first and backup keys last."""
    newest = sorted(shipped.keys, key=lambda path: (path in shipped.backups, -shipped.keys.index(path)))
    with ThreadPoolExecutor() as pool:
        refusals = list(pool.map(lambda key: refusal(image, shipped.of(image.name, key)), newest))
    return tuple(key for key, refused in zip(newest, refusals, strict=True) if not refused)


def faults(shipped: HostFiles, image: str) -> list[str]:
    """Why a host with these files would refuse our images, or accept others under our name; empty if all is well."""
    seen = shipped.faults(image)
    if seen or not shipped.has_key:
        return seen
    try:
        return decision_faults(decisions(shipped, image), shipped)
    except TaskError as error:
        return [error.why]


def decisions(shipped: HostFiles, image: str) -> list[Decision]:
    """What containers/image decides with these files on trial images, in every way in which a host can name one.

    It takes no network. Stops if the library cannot read the policy or a key.
    """
    what = "the policy could not be tried"
    with host_home(shipped) as home:
        keys = [str(home / key) for key in shipped.keys]
        argv = ["host-policy", "decide", str(home / POLICY), str(home / REGISTRIES), image, *keys]
        done = shell.attempt(argv, what=what, seconds=_SECONDS)
    answer, error = (text.replace(str(home), "") for text in (done.stdout, done.stderr))
    if done.returncode:
        raise TaskError(what, shell.last_line(error), "correct it, or write our rule again: ./inv keygen --policy")
    return [Decision.parse(row) for row in json.loads(answer)]


def require(shipped: HostFiles, image: str, source: str) -> None:
    """Stop if a host with these files could no longer pull our images, or would take others for ours."""
    if wrong := faults(shipped, image):
        hint = "correct what is named above; this writes the image's rule again: ./inv keygen --policy"
        if any(path.startswith(REDIRECTS) for path in shipped.files):
            hint = f"correct what /{REDIRECTS[0]} and /{REDIRECTS[1]} say about the image; else {hint}"
        if any("certs.d/" in fault for fault in wrong):
            hint = "correct these files, or leave them out"
        raise TaskError(f"the policy in {source} is wrong", "; ".join(wrong), _LEAKED if shipped.private else hint)


def require_keys(shipped: HostFiles, image: str) -> None:
    """Stop at a key file in overlay-root with which no policy can work, whatever the present policy says."""
    if wrong := shipped.key_faults() or (faults(shipped.of(image), image) if shipped.has_key else []):
        hint = "correct that file or delete it, then run this again"
        raise TaskError("a key in overlay-root is wrong", "; ".join(wrong), _LEAKED if shipped.private else hint)


def pusher_environment(home: Path) -> Mapping[str, str]:
    """The environment of a push that signs: the shipped registries.d allows it; everything else is the user's own."""
    own = Path.home()
    folders = {
        "XDG_CONFIG_HOME": own / ".config",
        "XDG_DATA_HOME": own / ".local/share",
        "XDG_CACHE_HOME": own / ".cache",
    }
    return {**environ, "HOME": str(home), **{name: environ.get(name) or str(path) for name, path in folders.items()}}
