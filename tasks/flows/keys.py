"""Keys: the key pair that signs the image, and the policy by which hosts accept it."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import identity, shell, signer, workspace
from tasks.console import answer, say, warn
from tasks.model import signing
from tasks.model.errors import TaskError
from tasks.model.install.adopt import other_image
from tasks.model.signing import HostFiles, next_key

if TYPE_CHECKING:
    from tasks.settings import Settings


def keygen(settings: "Settings", key: str, *, rotate: bool, policy: bool) -> None:
    """Make a key pair and ship its public half with a policy; with `policy`, only write the policy again."""
    shipped = workspace.host_files()
    _require_fitting(shipped, rotate=rotate, policy=policy)
    _warn_of_another_image(settings)
    if shell.Mode.dry:
        say("no key is made and no policy is written: -R only shows what would be done")
        return
    if not policy:
        path = next_key(shipped)
        private = Path(key) if key else _numbered(signer.default_key(), path)
        public = _pair(private)
        shipped = HostFiles({**shipped.files, path: public})
    for file in _ship(settings, shipped):
        say(f"wrote {file}")
    if not policy:
        _say_next(private, rotate=rotate)
        answer(private)


def _require_fitting(shipped: "HostFiles", *, rotate: bool, policy: bool) -> None:
    """Stop if the options do not fit what ships."""
    if (rotate or policy) and not shipped.has_key:
        raise TaskError("no key ships yet", "overlay-root/etc/pki/cosign is empty", "make the first key: ./inv keygen")
    if shipped.has_key and not (rotate or policy):
        why = f"overlay-root ships {', '.join(shipped.keys)}; every host that follows the image trusts only it"
        raise TaskError("a key exists already", why, "add a second key to rotate: ./inv keygen --rotate")


def _warn_of_another_image(settings: "Settings") -> None:
    """Warn if the workflows publish another image than the policy names."""
    if theirs := other_image(settings.image, identity.origin()):
        mismatch = f"the policy is for {settings.image}, but the workflows of this repository publish {theirs}"
        warn(f"{mismatch}; next: ./inv adopt, then ./inv keygen --policy")


def _numbered(default: Path, public: str) -> Path:
    """Return the private key's file, with the number of its public half."""
    number = Path(public).stem.removeprefix("cosign")
    return default.with_name(f"{default.stem}{number}{default.suffix}")


def _pair(private: Path) -> bytes:
    """Make and write a key pair, or reuse one that an interrupted run left; return the public half."""
    public_file = private.with_suffix(".pub")
    if private.exists() and public_file.exists():
        say(f"{private} exists: its public half ships from now on")
        return public_file.read_bytes()
    if private.exists():
        why = "it is never overwritten, and its public half is not next to it"
        raise TaskError(f"{private} exists already", why, "name another file with --key, or move this one away")
    key, public = signer.generate()
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    workspace.write_whole(public_file, public)
    workspace.write_whole(private, key, mode=0o600)
    return public


def _ship(settings: "Settings", shipped: "HostFiles") -> list[Path]:
    """Write the keys, the policy and the registries.d entry to overlay-root."""
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


def _say_next(private: Path, *, rotate: bool) -> None:
    """Print what to do and type next."""
    protected = "with SIGNING_PASSPHRASE" if signer.passphrase() else "without a passphrase (set SIGNING_PASSPHRASE)"
    say(f"{private} is the private key, {protected}: keep a copy on another machine, and never commit it")
    if rotate:
        say("keep signing with the old key until every host runs an image that ships both keys: docs/security.md")
    say(f"for the workflows: gh secret set SIGNING_KEY < {private}")
    if signer.passphrase():
        say("for the workflows: gh secret set SIGNING_PASSPHRASE")
    say("commit overlay-root; the next build ships the public key and the policy")


def tell(settings: "Settings") -> None:
    """Report what an image built now would ship; stop at a policy that would lock every host out of updates."""
    check(settings)
    if not workspace.host_files().has_key:
        say("no signing key ships: hosts accept this image unsigned, and it cannot be published (./inv keygen)")


def require(settings: "Settings") -> None:
    """Stop unless keys and policy ship, belong to the image, and protect it."""
    check(settings)
    if not workspace.host_files().has_key:
        raise TaskError("nothing can be published", "no signing key and no policy ship", "make both: ./inv keygen")


def check(settings: "Settings") -> None:
    """Check what containers/image decides with the keys and the policy that ship."""
    signer.require(workspace.host_files(), settings.image, "overlay-root")
