"""Keys: the key pair that signs the image, and the policy by which hosts accept it."""

import shlex
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import identity, key_pairs, shell, signer, workspace
from tasks.console import answer, say, warn
from tasks.model import signing
from tasks.model.errors import TaskError
from tasks.model.install.adopt import other_image
from tasks.model.policy import dropped, written
from tasks.model.signing import HostFiles, next_key

if TYPE_CHECKING:
    from tasks.settings.values import Settings

_EXAMPLE = "~/.config/custom-coreos/other.key"


def keygen(settings: "Settings", key: str, *, rotate: bool, backup: bool, policy: bool) -> None:
    """Make a key pair and a backup key, and ship their public halves with a policy.

    With `rotate` or `backup`, make one more of them; with `policy`, only write the policy again.
    """
    _require_one_of({"--rotate": rotate, "--backup": backup, "--policy": policy})
    if key:
        _require_place(key, makes_pair=not (backup or policy))
    shipped = workspace.host_files()
    _finish(shipped)
    _require_fitting(shipped, adds=rotate or backup or policy)
    _require_sound(settings, shipped)
    _warn_of_another_image(settings)
    if shell.Mode.dry:
        say("no key is made and no policy is written: -R only shows what would be done")
        return
    path, private = ("", None) if backup or policy else _next_pair(key, shipped)
    added = {path: _pair(private)} if private else {}
    if backup or (private and not rotate):
        added |= _backup(shipped, required=backup)
    for file in _ship(settings, shipped, added):
        say(f"wrote {file}")
    if private:
        _unfinished(private).rename(private.with_suffix(".pub"))
        _say_next(private, rotate=rotate)
        answer(private)
    if policy:
        check(settings)


def _require_one_of(options: Mapping[str, bool]) -> None:
    """Stop if more than one of the options is given: each does one thing, and they do not fit together."""
    given = [name for name, is_given in options.items() if is_given]
    if len(given) > 1:
        why = f"{' and '.join(given)} are given, and each is a step of its own"
        raise TaskError("keygen does one thing at a time", why, f"first: ./inv keygen {given[0]}")


def _require_place(key: str, *, makes_pair: bool) -> None:
    """Stop if `--key` names no place for a private key."""
    path = Path(key).expanduser()
    if not makes_pair:
        raise TaskError("--key is not used here", "no private key is written to a file", "leave --key out")
    if path.is_dir() or path.name in {"-", ""}:
        raise TaskError(f"{key} cannot hold a private key", "it is no name of a file", f"for example: --key {_EXAMPLE}")
    inside = path.resolve()
    if inside.is_relative_to(workspace.ROOT) and not inside.is_relative_to(workspace.ROOT / ".lab"):
        why = "the checkout is for everybody to read, once it is pushed"
        raise TaskError(f"no private key is written to {path}", why, f"for example: --key {_EXAMPLE}")


def _require_fitting(shipped: "HostFiles", *, adds: bool) -> None:
    """Stop if the options do not fit what ships."""
    if adds and not shipped.has_key:
        why = "overlay-root/etc/pki/cosign has no cosign.pub and no backup.pub"
        raise TaskError("no key ships yet", why, "make the first key: ./inv keygen")
    if shipped.has_key and not adds:
        why = f"overlay-root ships {', '.join(shipped.keys)}; every host that follows the image trusts only it"
        raise TaskError("a key exists already", why, "add a second key to rotate: ./inv keygen --rotate")


def _require_sound(settings: "Settings", shipped: "HostFiles") -> None:
    """Stop at what a policy with the shipped keys would break, and at a policy or entry that would lose something."""
    signer.require_keys(shipped, settings.image)
    try:
        gone = dropped(shipped.files.get(signing.POLICY, b""), settings.image, shipped.entered)
    except ValueError as error:
        why = f"what it says about other images would be lost: it cannot be read: {error}"
        what = f"overlay-root/{signing.POLICY} is not written over"
        raise TaskError(what, why, "correct it, or delete it: keygen then writes a new one") from error
    if len(shipped.entered) > 1:
        what = f"overlay-root/{signing.REGISTRY_ENTRY} is not written over"
        why = f"it is keygen's own file, and has entries for {' and '.join(shipped.entered)}"
        raise TaskError(what, why, "move the others to a file of your own beside it")
    for scope in gone:
        warn(f"{signing.POLICY}: the rule for {scope} goes; keygen writes what concerns the image and its former name")


def _warn_of_another_image(settings: "Settings") -> None:
    """Warn if the workflows publish another image than the policy names."""
    if theirs := other_image(settings.image, identity.origin()):
        mismatch = f"the policy is for {settings.image}, but the workflows of this repository publish {theirs}"
        warn(f"{mismatch}; next: ./inv adopt, then ./inv keygen --policy")


def _next_pair(named: str, shipped: "HostFiles") -> tuple[str, Path]:
    """Return the path of the next public key, and the private key's file, which has the same number by default.

    A second key never takes the number of a pair that is on this machine: it may be the one that was stolen.
    """
    if named:
        return next_key(shipped), Path(named).expanduser()
    default, paths = key_pairs.default_key(), (next_key(shipped, least=least) for least in count(1))
    names = ((path, f"{default.stem}{Path(path).stem.removeprefix('cosign')}{default.suffix}") for path in paths)
    pairs = ((path, default.with_name(name)) for path, name in names)
    return next(
        (path, private)
        for path, private in pairs
        if not (shipped.has_key and private.exists()) or _unfinished(private).exists()
    )


def _finish(shipped: "HostFiles") -> None:
    """Finish what a run that was killed at its end left: a pair that ships already has its last name."""
    for file in () if shell.Mode.dry else key_pairs.default_key().parent.glob("*.pub.new"):
        if file.read_bytes() in [shipped.files[path] for path in shipped.keys]:
            file.rename(file.with_suffix(""))


def _unfinished(private: Path) -> Path:
    """Return the file of a public half that does not ship yet; it gets its own name as the last step."""
    return private.with_suffix(".pub.new")


def _backup(shipped: "HostFiles", *, required: bool) -> dict[str, bytes]:
    """Make a backup key and show its private half, which is never on a disk; return its public half by path."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        why = "a backup key is only shown on a terminal, and this is none"
        if required:
            raise TaskError("no backup key is made", why, "type it in a terminal: ./inv keygen --backup")
        warn(f"{why}, so none was made; next: type ./inv keygen --backup in a terminal")
        return {}
    pair = key_pairs.generate()
    groups = pair.text.split("-")
    say("\nThe backup key. Print it or write it down, and put it away: it is not shown again, and it is in no file.\n")
    say(f"    {'-'.join(groups[:7])}-\n    {'-'.join(groups[7:])}\n")
    say("Whoever has it can sign images for your machines. You need it if the signing key is lost: docs/security.md")
    input("press Enter when it is put away (Ctrl-C: nothing is changed) ")
    return {next_key(shipped, signing.BACKUP): pair.public.encode()}


def _pair(private: Path) -> bytes:
    """Make and write a key pair, or reuse one that an interrupted run left; return the public half."""
    public_file = _unfinished(private)
    if private.exists() and public_file.exists():
        say(f"{private} exists: its public half ships from now on")
        return public_file.read_bytes()
    if private.exists():
        why = "it may be one that was stolen, so it is not shipped again, and it is never overwritten"
        raise TaskError(f"{private} exists already", why, "name another file with --key, or move this one away")
    pair = key_pairs.generate()
    private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    workspace.write_whole(public_file, pair.public)
    workspace.write_whole(private, pair.private, mode=0o600)
    return pair.public.encode()


def _ship(settings: "Settings", shipped: "HostFiles", added: Mapping[str, bytes]) -> list[Path]:
    """Write new keys, the policy and the registries.d entry to overlay-root; what is the owner's stays."""
    top, keys = workspace.ROOT / "overlay-root", HostFiles({**shipped.files, **added}).keys
    present = shipped.files.get(signing.POLICY, b"")
    files: dict[str, str | bytes] = {
        **added,
        signing.REGISTRY_ENTRY: signing.registries(settings.image),
        signing.POLICY: written(settings.image, keys, present, shipped.entered),
    }
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        workspace.write_whole(top / path, content)
    return [top / path for path in files]


def _say_next(private: Path, *, rotate: bool) -> None:
    """Print what to do and type next, as docs/security.md and docs/setup.md have it."""
    has_passphrase, file = bool(key_pairs.passphrase()), shlex.quote(str(private))
    protected = "with SIGNING_PASSPHRASE" if has_passphrase else "without a passphrase (set SIGNING_PASSPHRASE)"
    say(f"{file} is the private key, {protected}: keep a copy on another machine, and never commit it")
    say("commit overlay-root; the next build ships the public key and the policy")
    prefix = "for the workflows: "
    if rotate:
        say("sign with the old key until every machine runs an image that ships both keys: docs/security.md")
        prefix = "only then, for the workflows: "
    say(f"{prefix}gh secret set SIGNING_KEY < {file}")
    if has_passphrase:
        say(f"{prefix}gh secret set SIGNING_PASSPHRASE")
    elif rotate:
        say(f"{prefix}gh secret delete SIGNING_PASSPHRASE, if the old key had a passphrase")


def report(settings: "Settings") -> None:
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
