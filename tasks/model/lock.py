"""The Lock: everything one build needs, by digest. JSON in a file, labels on an image."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Self

from packaging.version import Version

from tasks.model import json_text
from tasks.model.errors import TaskError
from tasks.model.image import DIGEST, ImageRef
from tasks.model.versions import Kernel, parse_fcos, parse_zfs

SCHEMA = 1
PREFIX = "custom-coreos"
KEYS_LABEL = f"{PREFIX}.keys"  # SHA-256 of each public key that an image trusts
_OCI = "org.opencontainers.image"
_TARBALL = "zfs_tarball"  # only if the kmods were built here


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """The plan of a build: base and kmods by digest, their versions, and the fingerprint of the inputs."""

    base: ImageRef
    fcos_version: Version
    kernel: Kernel
    zfs_version: Version
    kmods: ImageRef
    packages: tuple[str, ...]
    revision: str
    inputs: str
    zfs_tarball: str = ""  # the digest of the source of kmods that were built here; empty for published kmods

    @property
    def fedora(self) -> int:
        """The Fedora release, such as 44."""
        return self.fcos_version.major

    def labels(self, title: str, source: str, created: str) -> dict[str, str]:
        """The image's labels: OCI's own names first, then ours. `created` is RFC 3339, in UTC."""
        inside = f"OpenZFS {self.zfs_version}", *self.packages
        oci = {
            "title": title,
            "description": f"Fedora CoreOS {self.fcos_version} with {', '.join(inside)}",
            "version": str(self.fcos_version),
            "source": source,
            "revision": self.revision,
            "created": created,
            "base.name": self.base.name,
            "base.digest": self.base.digest,
        }
        own = {
            "fcos-version": str(self.fcos_version),
            "kernel-version": str(self.kernel),
            "zfs-version": str(self.zfs_version),
            "kmods": str(self.kmods),
            "packages": " ".join(self.packages),
            "inputs": self.inputs,
        }
        if self.zfs_tarball:
            own["zfs-tarball"] = self.zfs_tarball
        return {f"{_OCI}.{key}": value for key, value in oci.items()} | {
            f"{PREFIX}.{key}": value for key, value in own.items()
        }

    def to_json(self) -> str:
        """The Lock as a JSON document, with the schema version first."""
        document: dict[str, object] = {"schema": SCHEMA}
        for name in _FIELDS:
            value = getattr(self, name)
            if value or name != _TARBALL:
                document[name] = list(value) if isinstance(value, tuple) else str(value)
        return json.dumps(document | {"checksum": checksum(document)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, file: str) -> Self:
        """Read a Lock; an error names the file and the fault."""
        document = _object(text, file)
        stated = document.pop("checksum", None)
        computed = checksum(document)
        schema = document.pop("schema", None)
        if schema != SCHEMA:
            raise _lock_error(file, f"its schema is {schema!r}, this program writes {SCHEMA}")
        lock = cls._from_fields(document, file)
        if stated != computed:
            raise _lock_error(file, f"its checksum is {stated or 'missing'}: somebody has edited the file")
        return lock

    @classmethod
    def from_labels(cls, labels: Mapping[str, str], image: str) -> Self:
        """Read the labels that `labels` wrote on an image; an error names the image and the fault."""
        own = {field: labels.get(f"{PREFIX}.{field.replace('_', '-')}", "") for field in _FIELDS}
        packages = labels.get(f"{PREFIX}.packages")
        return cls._from_fields(
            own
            | {
                "base": "@".join(labels.get(f"{_OCI}.base.{part}", "") for part in ("name", "digest")),
                "kernel": labels.get(f"{PREFIX}.kernel-version", ""),
                "packages": None if packages is None else packages.split(),
                "revision": labels.get(f"{_OCI}.revision", ""),
            },
            image,
        )

    @classmethod
    def _from_fields(cls, document: Mapping[str, object], file: str) -> Self:
        _check_fields(document, file)
        packages = document["packages"]
        if not isinstance(packages, list) or not all(isinstance(name, str) for name in packages):
            raise _lock_error(file, "packages must be a list of names")
        texts = {field: str(document.get(field, "")) for field in _FIELDS}
        return cls(
            base=ImageRef.parse(texts["base"]),
            fcos_version=parse_fcos(texts["fcos_version"], file),
            kernel=Kernel.parse(texts["kernel"], file),
            zfs_version=parse_zfs(texts["zfs_version"]),
            kmods=ImageRef.parse(texts["kmods"]),
            packages=tuple(packages),
            revision=texts["revision"],
            inputs=texts["inputs"],
            zfs_tarball=_tarball(document.get(_TARBALL, ""), file),
        )


_FIELDS = tuple(field.name for field in fields(Lock))


def checksum(document: Mapping[str, object]) -> str:
    """Sha256 over every field of a Lock's document: it shows an edit, and proves nothing about who wrote the Lock."""
    canonical = json.dumps(dict(document), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _check_fields(document: Mapping[str, object], file: str) -> None:
    """Stop if a field is missing or unknown; only packages and the tarball may be empty."""
    missing = [field for field in _FIELDS if not document.get(field) and field != _TARBALL]
    if document.get("packages") == []:
        missing.remove("packages")
    unknown = sorted(set(document) - set(_FIELDS))
    if missing or unknown:
        fault = f"missing: {', '.join(missing)}" if missing else f"unknown: {', '.join(unknown)}"
        raise _lock_error(file, f"its fields are not those of a Lock; {fault}")


def _tarball(digest: object, file: str) -> str:
    if not isinstance(digest, str) or (digest and not DIGEST.fullmatch(digest)):
        raise _lock_error(file, f"its {_TARBALL} is {digest!r}, which is not a digest")
    return digest


def _object(text: str, file: str) -> dict[str, object]:
    try:
        document = json_text.loads(text)
    except ValueError as error:
        raise _lock_error(file, f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _lock_error(file, "it must be a JSON object")
    return document


def _lock_error(file: str, why: str) -> TaskError:
    return TaskError(f"{file} is not a Lock", why, "write a new one: ./inv versions --lock FILE")


def has_lock(labels: Mapping[str, str]) -> bool:
    """Whether an image's labels show that these recipes built it."""
    return any(label.startswith(f"{PREFIX}.") for label in labels)


def created_of(labels: Mapping[str, str], image: str) -> datetime:
    """The time when the image was built, from its label."""
    text = labels.get(f"{_OCI}.created", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _lock_error(image, f"its label {_OCI}.created is {text!r}, which is not a date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def content_digest(inputs: Iterable[tuple[str, str, bytes]]) -> str:
    """Sha256 over (path, mode, bytes) of each build input; their order does not matter."""
    total = hashlib.sha256()
    for path, mode, body in sorted(inputs):
        total.update(f"{path}\0{mode}\0{len(body)}\0".encode(errors="surrogateescape"))
        total.update(body)
    return f"sha256:{total.hexdigest()}"


def fingerprint(base_digest: str, kmods_digest: str, content: str) -> str:
    """Sha256 over the parts of a build: base digest, kmods digest and `content_digest`."""
    total = hashlib.sha256(f"{base_digest}\n{kmods_digest}\n{content}\n".encode())
    return f"sha256:{total.hexdigest()}"
