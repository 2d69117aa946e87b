"""The files that make a host accept only signed images: public keys, policy.json, registries.d.

Formats: containers-policy.json(5) and containers-registries.d(5).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.model.errors import TaskError

KEYS = "etc/pki/cosign"
POLICY = "etc/containers/policy.json"
REGISTRIES = "etc/containers/registries.d"
REGISTRY_ENTRY = f"{REGISTRIES}/50-custom-coreos.yaml"  # the same file for every image name
_TRUSTED = [{"type": "insecureAcceptAnything"}]


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The files below /etc with which a host checks images: path (`etc/…`, no leading slash) → content."""

    files: Mapping[str, bytes]

    @property
    def keys(self) -> tuple[str, ...]:
        """The public keys' paths, oldest first."""
        return tuple(sorted((path for path in self.files if path.startswith(f"{KEYS}/")), key=_age))

    @property
    def has_key(self) -> bool:
        """Whether a key ships; without one, hosts accept whatever the base image's policy accepts."""
        return bool(self.keys)

    def of(self, image: str) -> "HostFiles":
        """The same keys with the policy and the registries.d entry for another image."""
        files = {path: self.files[path] for path in self.keys}
        rules = {POLICY: policy(image, self.keys).encode(), REGISTRY_ENTRY: registries(image).encode()}
        return HostFiles({**files, **rules})

    def faults(self, image: str) -> list[str]:
        """The mismatches between keys, policy and image name; any of them cuts every host off from updates."""
        if not self.has_key:
            return [f"{POLICY} requires signatures of {image}, but no key ships"] if self._rule(image) else []
        return [*self._policy_faults(image), *self._registry_faults(image), *self._key_faults()]

    def _rule(self, image: str) -> object:
        policy = _json(self.files.get(POLICY, b""))
        transports = policy.get("transports") if isinstance(policy, dict) else None
        docker = transports.get("docker") if isinstance(transports, dict) else None
        return docker.get(image) if isinstance(docker, dict) else None

    def _policy_faults(self, image: str) -> Iterator[str]:
        if POLICY not in self.files:
            yield f"a key ships, but no {POLICY}"
            return
        if not isinstance(_json(self.files[POLICY]), dict):
            yield f"{POLICY} is not a JSON object"
            return
        rule = self._rule(image)
        if not isinstance(rule, list) or len(rule) != 1 or not isinstance(rule[0], dict):
            yield f"{POLICY} does not have exactly one rule for {image}"
            return
        if rule[0].get("type") != "sigstoreSigned":
            yield f"{POLICY} does not require a sigstore signature of {image}"
        if rule[0].get("signedIdentity") != {"type": "matchRepository"}:
            yield f"{POLICY}: signedIdentity must be matchRepository, because a signature names a digest"
        named = rule[0].get("keyPaths", [rule[0].get("keyPath")])
        shipped = [f"/{path}" for path in self.keys]
        if not isinstance(named, list) or sorted(map(str, named)) != sorted(shipped):
            yield f"{POLICY} names the keys {named}, but {shipped} ship"

    def _registry_faults(self, image: str) -> Iterator[str]:
        entries = [content for path, content in self.files.items() if path.startswith(f"{REGISTRIES}/")]
        if not any(_uses_attachments(content, image) for content in entries):
            yield f"no file in {REGISTRIES} sets use-sigstore-attachments for {image}"

    def _key_faults(self) -> Iterator[str]:
        for path in self.keys:
            if b"-----BEGIN PUBLIC KEY-----" not in self.files[path]:
                yield f"{path} is not a public key in PEM format"

    def below(self, folder: str) -> dict[str, bytes]:
        """The same files to put below `folder`; the policy's key paths point into it instead of the root."""
        moved = self.files.get(POLICY, b"").replace(f'"/{KEYS}/'.encode(), f'"{folder}/{KEYS}/'.encode())
        return {**self.files, POLICY: moved}


def _age(path: str) -> tuple[int, str]:
    """A sort key: `cosign.pub` comes first, then `cosign-2.pub`."""
    number = path.rsplit("/", 1)[-1].removesuffix(".pub").rpartition("-")[2]
    return (int(number) if number.isdigit() else 1, path)


def _json(content: bytes) -> object:
    try:
        document: object = json.loads(content)
    except ValueError:
        return None
    return document


def _uses_attachments(content: bytes, image: str) -> bool:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(content)
    except YAMLError:
        return False
    docker = document.get("docker") if isinstance(document, dict) else None
    entry = docker.get(image) if isinstance(docker, dict) else None
    return isinstance(entry, dict) and entry.get("use-sigstore-attachments") is True


def policy(image: str, keys: Sequence[str]) -> str:
    """A policy.json that accepts `image` only if one of `keys` (paths `etc/…`) signed it, and every other image."""
    paths = [f"/{path}" for path in keys]
    named: dict[str, Any] = {"keyPath": paths[0]} if len(paths) == 1 else {"keyPaths": paths}
    rule = {"type": "sigstoreSigned", **named, "signedIdentity": {"type": "matchRepository"}}
    transports = {"docker": {image: [rule], "": _TRUSTED}}
    others = {name: {"": _TRUSTED} for name in ("containers-storage", "oci", "oci-archive", "docker-archive", "dir")}
    return json.dumps({"default": [{"type": "reject"}], "transports": transports | others}, indent=2) + "\n"


def registries(image: str) -> str:
    """The registries.d entry with which podman, skopeo and bootc find `image`'s signatures next to it."""
    return f"docker:\n  {image}:\n    use-sigstore-attachments: true\n"


def next_key(shipped: HostFiles) -> str:
    """The path for one more public key."""
    newest = _age(shipped.keys[-1])[0] + 1 if shipped.keys else 1
    return f"{KEYS}/cosign.pub" if newest == 1 else f"{KEYS}/cosign-{newest}.pub"


def require_consistent(shipped: HostFiles, image: str, source: str) -> None:
    """Stop if a host with these files could no longer pull our images."""
    faults = shipped.faults(image)
    if faults:
        raise TaskError(
            f"the policy in {source} is inconsistent", "; ".join(faults),
            "write it again for the shipped keys and this image: ./inv keygen --policy",
        )  # fmt: skip
