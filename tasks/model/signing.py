"""The files that make a host accept only signed images: public keys, policy.json, registries.d.

Formats: containers-policy.json(5) and containers-registries.d(5).
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any, Self

from tasks.model.certificates import certificate_faults
from tasks.model.policy import REJECT, KeyPlaces, keys_of, parse, rule_of, written

KEYS = "etc/pki/cosign"
KEY_NAME = r"(cosign|backup)(-\d+)?\.pub"  # of our keys' files; others may lie beside them, for an owner's own rules
BACKUP = "backup"  # how the names of backup keys begin
POLICY = "etc/containers/policy.json"
REGISTRIES = "etc/containers/registries.d"
REDIRECTS = ("etc/containers/registries.conf", "etc/containers/registries.conf.d/")  # can block or redirect an image
REGISTRY_ENTRY = f"{REGISTRIES}/50-custom-coreos.yaml"  # the same file for every image name
PERSONAL = tuple(  # podman and bootc prefer these, which are root's own
    f"{home}/.config/containers/{name}"
    for home in ("root", "var/roothome")
    for name in ("policy.json", "registries.d/", "registries.conf", "registries.conf.d/", "certs.d/")
)
_CERTIFICATES = ("fulcio", "pki")
_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_PRIVATE = b"PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The files below /etc with which a host checks images: path (`etc/…`, no leading slash) → content."""

    files: Mapping[str, bytes]

    @property
    def keys(self) -> tuple[str, ...]:
        """The paths of our public keys: oldest first, backup keys last."""
        return tuple(sorted((path for path in self.files if re.fullmatch(f"{KEYS}/{KEY_NAME}", path)), key=_age))

    @property
    def has_key(self) -> bool:
        """Whether a key of ours ships; without one, hosts accept whatever the base image's policy accepts."""
        return bool(self.keys)

    @property
    def backups(self) -> tuple[str, ...]:
        """The paths of the backup keys, whose private halves are written down somewhere."""
        return tuple(path for path in self.keys if PurePosixPath(path).name.startswith(BACKUP))

    @property
    def fingerprints(self) -> dict[str, str]:
        """The SHA-256 of each key in DER form, by path, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
        return {path: _fingerprint(self.files[path]) for path in self.keys}

    @property
    def entered(self) -> tuple[str, ...]:
        """The images in our registries.d entry: the one that the policy was written for last."""
        entry = self.files.get(REGISTRY_ENTRY, b"").decode(errors="replace")
        return tuple(re.findall(r"^ {2}[\"']?([^\s\"'#]+?)[\"']?:(?:\s|$)", entry, re.MULTILINE))

    def holding(self, public: bytes) -> str:
        """The path of our key that is this public key; empty if it does not ship."""
        wanted = _fingerprint(public)
        return next((path for path, fingerprint in self.fingerprints.items() if fingerprint == wanted != ""), "")

    def of(self, image: str, *keys: str) -> "HostFiles":
        """The same keys, or some of them, with the policy and the registries.d entry for an image."""
        files = {path: self.files[path] for path in keys or self.keys}
        rules = {POLICY: written(image, tuple(files)).encode(), REGISTRY_ENTRY: registries(image).encode()}
        return HostFiles({**files, **rules})

    def faults(self, image: str) -> list[str]:
        """The faults that can be seen without a try, each of which cuts hosts off from updates or lets others in."""
        if self.private:
            return self.key_faults()
        personal = [path for path in self.files if path.startswith(PERSONAL)]
        if personal:
            return [f"/{path} would take the place of /etc/containers for root" for path in personal]
        if not self.has_key:
            required = rule_of(self.files.get(POLICY, b""), image)
            why = f"{POLICY} requires signatures of {image}, but no key ships that is called cosign.pub or cosign-2.pub"
            return [why] if required else []
        return [*self.key_faults(), *self._policy_faults(), *certificate_faults(self.files, image)]

    @property
    def private(self) -> tuple[str, ...]:
        """The private keys among the keys, which nobody may publish."""
        return tuple(path for path in self.files if path.startswith(f"{KEYS}/") and is_private(self.files[path]))

    def key_faults(self) -> list[str]:
        """Name private keys; else files that hold no key, and those with the same key: one passes for a new one."""
        if self.private:
            return [f"{path} is a private key, and everybody could read it" for path in self.private]
        last = {fingerprint: path for path, fingerprint in self.fingerprints.items()}
        empty = [f"{path} holds no public key" for path, fingerprint in self.fingerprints.items() if not fingerprint]
        pairs = ((path, last[same]) for path, same in self.fingerprints.items() if same)
        return [*empty, *(f"{path} and {other} are the same key" for path, other in pairs if path != other)]

    def _policy_faults(self) -> list[str]:
        if POLICY not in self.files:
            return [f"a key ships, but no {POLICY}"]
        try:
            document = parse(self.files[POLICY])
        except ValueError as error:
            return [f"{POLICY} cannot be read: {error}"]
        if document.get("default") != REJECT:
            return [f'{POLICY}: the default must be exactly [{{"type": "reject"}}], or hosts refuse every update']
        return []

    def below(self, folder: str) -> dict[str, bytes]:
        """The same files to put below `folder`; the policy's key paths point into it instead of the root.

        Where the policy names one of our keys in another way, it names our own file.
        """

        def moved(path: str) -> str:
            inside = normpath(path).lstrip("/")
            ours = self.holding(self.files.get(inside, b"")) or inside
            return f"{folder}/{ours}" if path.startswith("/") else path

        def holding(text: str) -> str:
            ours = self.holding(_decoded(text))
            return f"{folder}/{ours}" if ours else ""

        return {**self.files, POLICY: KeyPlaces(moved, holding).put_into(self.files.get(POLICY, b""))}


def is_private(content: bytes) -> bool:
    """Whether a file holds a private key, encrypted or not."""
    return _PRIVATE in content


def _age(path: str) -> tuple[bool, int, str]:
    """A sort key: `cosign.pub` comes first, then `cosign-2.pub`, then `backup.pub`."""
    name = PurePosixPath(path).stem
    number = name.rpartition("-")[2]
    return (name.startswith(BACKUP), int(number) if number.isdigit() else 1, path)


def _fingerprint(pem: bytes) -> str:
    found = _PUBLIC.search(pem)
    content = _decoded(b"".join(found[1].split())) if found else b""
    return f"sha256:{hashlib.sha256(content).hexdigest()}" if content else ""


def _decoded(text: str | bytes) -> bytes:
    """What base64 stands for; nothing if it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


@dataclass(frozen=True, slots=True)
class Decision:
    """What containers/image decided with a policy about one trial image.

    `signer` is a key's path (`/etc/…`), `none`, or `foreign` for a key that nobody trusts. `refusal` is empty if the
    image was accepted. `keys` are the keys that the policy names for this reference, `others` what else it accepts:
    a certificate, or the signature of another name.
    """

    reference: str
    signer: str
    refusal: str
    keys: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Self:
        """Read one row of host-policy's answer."""
        named = tuple(key for each in row["rule"] for key in keys_of(each))
        others = tuple(other for each in row["rule"] for other in _others(each, row["reference"]))
        return cls(row["reference"], row["signer"], row["refusal"], named, others)

    def fault(self, shipped: Sequence[str]) -> str:
        """What is wrong with this decision; empty if only the shipped keys (`/etc/…`) open this reference."""
        strangers = [key for key in self.keys if key not in shipped]
        if strangers:
            return f"{POLICY} also accepts {self.reference} with keys that are not ours: {', '.join(strangers)[:80]}"
        if self.others:
            return f"{POLICY} also accepts {self.reference} by {', '.join(self.others)}"
        if self.signer in shipped:
            return self.refusal and f"{self.reference} is refused with a signature of {self.signer}: {self.refusal}"
        by = {"none": "without a signature", "foreign": "with a stranger's signature"}[self.signer]
        return "" if self.refusal else f"{POLICY} accepts {self.reference} {by}"


def _others(requirement: Mapping[str, Any], reference: str) -> Iterator[str]:
    """What a rule accepts that a try does not show: it signs with our keys, and only the trial's digest."""
    yield from (name for name in _CERTIFICATES if requirement.get(name))
    for name in _identities(requirement.get("signedIdentity") or {}, reference):
        if name and _repository(name) != _repository(reference):
            yield f"signatures of {name}"


def _identities(identity: Mapping[str, Any], reference: str) -> Iterator[str]:
    """The names for which a signature may be, where a rule says that."""
    yield from (str(identity.get(field) or "") for field in ("dockerRepository", "dockerReference"))
    prefix, signed = str(identity.get("prefix") or ""), str(identity.get("signedPrefix") or "")
    if prefix and re.match(rf"{re.escape(prefix)}(?=[/:@]|$)", reference):
        yield signed + reference.removeprefix(prefix)


def _repository(name: str) -> str:
    """An image's name without its tag and digest; a port stays."""
    head = name.partition("@")[0]
    base, _, tag = head.rpartition(":")
    return base if base and "/" not in tag else head


def decision_faults(decisions: Iterable[Decision], shipped: HostFiles) -> list[str]:
    """What is wrong with a policy, by what it decided; each fault once, and one reference for each refusal."""
    keys = [f"/{path}" for path in shipped.keys]
    faults = {(each.signer, each.refusal or fault): fault for each in decisions if (fault := each.fault(keys))}
    return list(dict.fromkeys(faults.values()))


def registries(image: str) -> str:
    """The registries.d entry with which podman, skopeo and bootc find `image`'s signatures next to it."""
    return f"docker:\n  {image}:\n    use-sigstore-attachments: true\n"


def next_key(shipped: HostFiles, name: str = "cosign", least: int = 1) -> str:
    """The path for one more public key, or for one more with the name BACKUP; its number is `least` or more."""
    numbers = [_age(path)[1] for path in shipped.keys if PurePosixPath(path).name.startswith(name)]
    number = max([least, *(number + 1 for number in numbers)])
    return f"{KEYS}/{name}-{number}.pub" if number > 1 else f"{KEYS}/{name}.pub"
