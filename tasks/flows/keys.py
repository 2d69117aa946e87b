"""Keys: what signs the image, and the policy by which hosts take it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import identity, shell, signer, workspace
from tasks.console import answer, say, warn
from tasks.model import signing
from tasks.model.errors import TaskError
from tasks.model.install.adopt import other_image
from tasks.model.signing import HostFiles, next_key, require_consistent

if TYPE_CHECKING:
    from tasks.settings import Settings


def keygen(settings: "Settings", key: str, *, rotate: bool, policy: bool) -> None:
    """Make a key pair and ship its public half with a policy; with `policy` only write the policy again."""
    shipped = workspace.host_files()
    _require_fitting(shipped, rotate=rotate, policy=policy)
    _warn_of_another_image(settings)
    if shell.Mode.dry:
        say("no key is made and no policy is written: -R only shows what would be done")
        return
    if not policy:
        path = next_key(shipped)
        private = Path(key) if key else _beside(signer.default_key(), path)
        public = _pair(private)
        shipped = HostFiles({**shipped.files, path: public})
    for file in _ship(settings, shipped):
        say(f"wrote {file}")
    if not policy:
        _tell_next(private, rotate=rotate)
        answer(private)


def _require_fitting(shipped: "HostFiles", *, rotate: bool, policy: bool) -> None:
    """Stop where what is asked for does not fit what ships."""
    if (rotate or policy) and not shipped.has_key:
        raise TaskError("no key ships yet", "overlay-root/etc/pki/cosign is empty", "make the first: ./inv keygen")
    if shipped.has_key and not (rotate or policy):
        why = f"overlay-root ships {', '.join(shipped.keys)}; every host that follows the image trusts only it"
        raise TaskError("there is a key already", why, "add a second one for an overlap: ./inv keygen --rotate")


def _warn_of_another_image(settings: "Settings") -> None:
    """Say that the workflows would publish another image than the one that the policy is for."""
    if theirs := other_image(settings.image, identity.origin()):
        told = f"the policy is for {settings.image}, and the workflows of this repository publish {theirs}"
        warn(f"{told}; next: ./inv adopt, then ./inv keygen --policy")


def _beside(default: Path, public: str) -> Path:
    """The private key's file, with the number of its public half."""
    number = Path(public).stem.removeprefix("cosign")
    return default.with_name(f"{default.stem}{number}{default.suffix}")


def _pair(private: Path) -> bytes:
    """The public half of a pair that is made and written; one that an interrupted run left is taken up."""
    beside = private.with_suffix(".pub")
    if private.exists() and beside.exists():
        say(f"{private} exists: its public half ships from now on")
        return beside.read_bytes()
    if private.exists():
        why = "it is never overwritten, and its public half is not beside it"
        raise TaskError(f"{private} exists", why, "name another file with --key, or move that one away")
    key, public = signer.generate()
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    workspace.write_whole(beside, public)
    workspace.write_whole(private, key, mode=0o600)
    return public


def _ship(settings: "Settings", shipped: "HostFiles") -> list[Path]:
    """Write keys, policy and registries.d entry into overlay-root."""
    top = workspace.ROOT / "overlay-root"
    files: dict[str, str | bytes] = {path: shipped.files[path] for path in shipped.keys}
    files |= {
        signing.REGISTRY_ENTRY: signing.registries(settings.image),
        signing.POLICY: signing.policy(settings.image, shipped.keys),
    }
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        workspace.write_whole(top / path, content)
    return [top / path for path in files]


def _tell_next(private: Path, *, rotate: bool) -> None:
    """What a user types next."""
    protected = "with SIGNING_PASSPHRASE" if signer.passphrase() else "without a passphrase (set SIGNING_PASSPHRASE)"
    say(f"{private} is the private key, {protected}: keep a copy off this machine, and never commit it")
    if rotate:
        say("keep signing with the old key until every host runs an image that ships both: docs/security.md")
    say(f"for the workflows: gh secret set SIGNING_KEY < {private}")
    if signer.passphrase():
        say("for the workflows: gh secret set SIGNING_PASSPHRASE")
    say("commit overlay-root; the next build ships the public key and the policy")


def tell(settings: "Settings") -> None:
    """Say what an image built now ships; stops at a policy that would strand every host."""
    shipped = workspace.host_files()
    require_consistent(shipped, settings.image, "overlay-root")
    if not shipped.has_key:
        say("no signing key ships: hosts take this image unsigned, and it cannot be published (./inv keygen)")


def require(settings: "Settings") -> None:
    """Stop unless keys and policy ship, belong to the image, and can be read by hosts."""
    check(settings)
    if not workspace.host_files().has_key:
        raise TaskError("nothing can be published", "no signing key and no policy ship", "make them: ./inv keygen")


def check(settings: "Settings") -> None:
    """Hold what ships against itself, and against the parser that hosts use."""
    shipped = workspace.host_files()
    require_consistent(shipped, settings.image, "overlay-root")
    if shipped.has_key:
        signer.require_parsed(shipped)
