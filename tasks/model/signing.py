"""The files that make a host accept only signed images: public keys, policy.json, registries.d.

Formats: containers-policy.json(5) and containers-registries.d(5).
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self

KEYS = "etc/pki/cosign"
BACKUP = "backup"  # how the names of backup keys begin
POLICY = "etc/containers/policy.json"
REGISTRIES = "etc/containers/registries.d"
REDIRECTS = ("etc/containers/registries.conf", "etc/containers/registries.conf.d/")  # can block or redirect an image
REGISTRY_ENTRY = f"{REGISTRIES}/50-custom-coreos.yaml"  # the same file for every image name
PERSONAL = ("root/.config/containers/", "var/roothome/.config/containers/")  # podman and bootc prefer them
_TRUSTED = [{"type": "insecureAcceptAnything"}]
_KEY_FIELDS = ("keyPath", "keyPaths", "keyData", "keyDatas")
_CERTIFICATES = ("fulcio", "pki")
_REJECT = [{"type": "reject"}]


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The files below /etc with which a host checks images: path (`etc/…`, no leading slash) → content."""

    files: Mapping[str, bytes]

    @property
    def keys(self) -> tuple[str, ...]:
        """The public keys' paths: oldest first, backup keys last."""
        return tuple(sorted((path for path in self.files if path.startswith(f"{KEYS}/")), key=_age))

    @property
    def has_key(self) -> bool:
        """Whether a key ships; without one, hosts accept whatever the base image's policy accepts."""
        return bool(self.keys)

    @property
    def backups(self) -> tuple[str, ...]:
        """The paths of the backup keys, whose private halves are written down somewhere."""
        return tuple(path for path in self.keys if PurePosixPath(path).name.startswith(BACKUP))

    @property
    def fingerprints(self) -> dict[str, str]:
        """The SHA-256 of each key in DER form, by path, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
        return {path: _fingerprint(self.files[path]) for path in self.keys}

    def of(self, image: str, *keys: str) -> "HostFiles":
        """The same keys, or some of them, with the policy and the registries.d entry for an image."""
        files = {path: self.files[path] for path in keys or self.keys}
        rules = {POLICY: policy(image, tuple(files)).encode(), REGISTRY_ENTRY: registries(image).encode()}
        return HostFiles({**files, **rules})

    def faults(self, image: str) -> list[str]:
        """The faults that can be seen without a try, each of which cuts hosts off from updates or lets others in."""
        personal = [path for path in self.files if path.startswith(PERSONAL)]
        if personal:
            return [f"/{path} would take the place of /etc/containers for root" for path in personal]
        if not self.has_key:
            return [f"{POLICY} requires signatures of {image}, but no key ships"] if self._rule(image) else []
        return [*self._twins(), *self._policy_faults()]

    def _twins(self) -> list[str]:
        """Name key files with the same key: one of them passes for a new key."""
        last = {fingerprint: path for path, fingerprint in self.fingerprints.items()}
        pairs = ((path, last[same]) for path, same in self.fingerprints.items() if same)
        return [f"{path} and {other} are the same key" for path, other in pairs if path != other]

    def _policy_faults(self) -> list[str]:
        if POLICY not in self.files:
            return [f"a key ships, but no {POLICY}"]
        document = _json(self.files[POLICY])
        if not isinstance(document, dict):
            return [f"{POLICY} is not a JSON object"]
        if document.get("default") != _REJECT:
            return [f'{POLICY}: the default must be exactly [{{"type": "reject"}}], or hosts refuse every update']
        return []

    def _rule(self, image: str) -> object:
        policy = _json(self.files.get(POLICY, b""))
        transports = policy.get("transports") if isinstance(policy, dict) else None
        docker = transports.get("docker") if isinstance(transports, dict) else None
        return docker.get(image) if isinstance(docker, dict) else None

    def below(self, folder: str) -> dict[str, bytes]:
        """The same files to put below `folder`; the policy's key paths point into it instead of the root."""
        moved = self.files.get(POLICY, b"").replace(f'"/{KEYS}/'.encode(), f'"{folder}/{KEYS}/'.encode())
        return {**self.files, POLICY: moved}


def _age(path: str) -> tuple[bool, int, str]:
    """A sort key: `cosign.pub` comes first, then `cosign-2.pub`, then `backup.pub`."""
    name = PurePosixPath(path).stem
    number = name.rpartition("-")[2]
    return (name.startswith(BACKUP), int(number) if number.isdigit() else 1, path)


def _fingerprint(pem: bytes) -> str:
    body = b"".join(line for line in pem.splitlines() if not line.startswith(b"-----"))
    try:
        return f"sha256:{hashlib.sha256(base64.b64decode(body, validate=True)).hexdigest()}"
    except ValueError:
        return ""


def _json(content: bytes) -> object:
    try:
        document: object = json.loads(content)
    except ValueError:
        return None
    return document


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
        named = tuple(str(key) for each in row["rule"] for name in _KEY_FIELDS for key in _listed(each.get(name)))
        others = tuple(other for each in row["rule"] for other in _others(each, row["reference"]))
        return cls(row["reference"], row["signer"], row["refusal"], named, others)

    def fault(self, shipped: Sequence[str]) -> str:
        """What is wrong with this decision; empty if only the shipped keys (`/etc/…`) open this reference."""
        strangers = [key for key in self.keys if key not in shipped]
        if strangers:
            return f"{POLICY} also accepts {self.reference} with keys that do not ship: {', '.join(strangers)[:80]}"
        if self.others:
            return f"{POLICY} also accepts {self.reference} by {', '.join(self.others)}"
        if self.signer in shipped:
            return self.refusal and f"{self.reference} is refused with a signature of {self.signer}: {self.refusal}"
        by = {"none": "without a signature", "foreign": "with a stranger's signature"}[self.signer]
        return "" if self.refusal else f"{POLICY} accepts {self.reference} {by}"


def _others(requirement: Mapping[str, Any], reference: str) -> Iterator[str]:
    """What a rule accepts that a try does not show: it signs with our keys, and only the trial's digest."""
    yield from (name for name in _CERTIFICATES if requirement.get(name))
    identity = requirement.get("signedIdentity") or {}
    for field in ("dockerRepository", "dockerReference", "signedPrefix"):
        name = str(identity.get(field) or "")
        if name and _repository(name) != _repository(reference):
            yield f"signatures of {name}"


def _repository(name: str) -> str:
    """An image's name without its tag and digest; a port stays."""
    head = name.partition("@")[0]
    base, _, tag = head.rpartition(":")
    return base if base and "/" not in tag else head


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value] if value else []


def decision_faults(decisions: Iterable[Decision], shipped: HostFiles) -> list[str]:
    """What is wrong with a policy, by what it decided; each fault once, and one reference for each refusal."""
    keys = [f"/{path}" for path in shipped.keys]
    faults = {(each.signer, each.refusal or fault): fault for each in decisions if (fault := each.fault(keys))}
    return list(dict.fromkeys(faults.values()))


def policy(image: str, keys: Sequence[str]) -> str:
    """A policy.json that accepts `image` only if one of `keys` (paths `etc/…`) signed it, and every other image."""
    paths = [f"/{path}" for path in keys]
    named: dict[str, Any] = {"keyPath": paths[0]} if len(paths) == 1 else {"keyPaths": paths}
    rule = {"type": "sigstoreSigned", **named, "signedIdentity": {"type": "matchRepository"}}
    transports = {"docker": {image: [rule], "": _TRUSTED}}
    others = {name: {"": _TRUSTED} for name in ("containers-storage", "oci", "oci-archive", "docker-archive", "dir")}
    return json.dumps({"default": _REJECT, "transports": transports | others}, indent=2) + "\n"


def registries(image: str) -> str:
    """The registries.d entry with which podman, skopeo and bootc find `image`'s signatures next to it."""
    return f"docker:\n  {image}:\n    use-sigstore-attachments: true\n"


def next_key(shipped: HostFiles, name: str = "cosign", least: int = 1) -> str:
    """The path for one more public key, or for one more with the name BACKUP; its number is `least` or more."""
    numbers = [_age(path)[1] for path in shipped.keys if PurePosixPath(path).name.startswith(name)]
    number = max([least, *(number + 1 for number in numbers)])
    return f"{KEYS}/{name}-{number}.pub" if number > 1 else f"{KEYS}/{name}.pub"
