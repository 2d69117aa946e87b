"""Manifests of images, lists of images and artifacts. Format: the OCI image specification, 1.1."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from tasks.model import json_text
from tasks.model.errors import TaskError

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
KNOWN = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
SBOM = "application/spdx+json"
BUNDLE = "application/vnd.dev.sigstore.bundle"  # a version follows: .v0.3+json
_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_KINDS = (
    *_CONFIGS,
    "application/vnd.custom-coreos.",
    "application/vnd.dev.cosign.",
    "application/vnd.in-toto",
    BUNDLE,
    SBOM,
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_ATTACHED = re.compile(r"sha256-([0-9a-f]{64})(\.(?:sig|att|sbom))?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """A manifest's entry for one thing that it refers to."""

    digest: str
    media_type: str
    artifact_type: str
    annotations: Mapping[str, str]
    size: int = 0

    @property
    def row(self) -> dict[str, object]:
        """The entry as a list has it."""
        texts = {key: getattr(self, field) for field, key in _NAMES.items() if getattr(self, field)}
        return {**texts, "size": self.size, "annotations": dict(self.annotations)}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read an entry; a missing field is empty."""
        texts = {field: _text(row.get(key)) for field, key in _NAMES.items()}
        annotations = row.get("annotations")
        notes = annotations if isinstance(annotations, dict) else {}
        size = row.get("size")
        named = {str(key): str(value) for key, value in notes.items()}
        return cls(**texts, annotations=named, size=size if isinstance(size, int) else 0)


_NAMES = {"digest": "digest", "media_type": "mediaType", "artifact_type": "artifactType"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest and its digest. If its form is unknown, everything that looks like a digest is a child."""

    digest: str
    media_type: str
    artifact_type: str
    subject: str  # the digest that it is attached to, or empty
    children: tuple[Descriptor, ...]  # the manifests of a list
    blobs: tuple[Descriptor, ...]  # configuration and layers
    annotations: Mapping[str, str]

    @property
    def is_known(self) -> bool:
        """Whether it is an image, a list of images, or an artifact of a kind that belongs to one."""
        return self.media_type in KNOWN and (not self.artifact_type or self.artifact_type.startswith(_KINDS))

    @property
    def is_image(self) -> bool:
        """Whether it has an image's configuration, which holds the labels, and is not attached to anything."""
        return bool(self.blobs) and not self.subject and self.artifact_type in _CONFIGS

    @property
    def descriptor(self) -> Descriptor:
        """Its entry in a list."""
        return Descriptor(
            digest=self.digest,
            media_type=self.media_type,
            artifact_type=self.artifact_type,
            annotations=self.annotations,
        )

    @property
    def refers_to(self) -> tuple[str, ...]:
        """The digests of everything that is pulled with it."""
        return tuple(each.digest for each in (*self.children, *self.blobs))

    @classmethod
    def parse(cls, body: bytes, source: str) -> Self:
        """Read a manifest and compute its digest from its bytes."""
        try:
            document = json_text.loads(body)
        except ValueError as error:
            raise _malformed(source, f"it is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise _malformed(source, "it is not a JSON object")
        media_type, subject = _text(document.get("mediaType")) or _guessed(document), document.get("subject")
        known = media_type in KNOWN
        config = document.get("config")
        own = Descriptor.of(document)
        return cls(
            digest=f"sha256:{hashlib.sha256(body).hexdigest()}",
            media_type=media_type,
            artifact_type=own.artifact_type or Descriptor.of(config if isinstance(config, dict) else {}).media_type,
            subject=_text(subject.get("digest")) if isinstance(subject, dict) else "",
            children=tuple(_rows(document.get("manifests"))) if known else tuple(_anything(body)),
            blobs=tuple(_rows([config, *_list(document.get("layers"))])) if known else (),
            annotations=own.annotations,
        )


def _malformed(source: str, why: str) -> TaskError:
    return TaskError(f"{source} is not a manifest", why, "look at it: skopeo inspect --raw docker://IMAGE")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _guessed(document: Mapping[str, object]) -> str:
    """Guess the media type, which OCI lets a manifest leave out."""
    if document.get("schemaVersion") != 2 or "artifactType" in document:  # noqa: PLR2004
        return ""
    return OCI_INDEX if "manifests" in document else OCI_MANIFEST if "config" in document else ""


def _rows(value: object) -> Iterator[Descriptor]:
    for row in _list(value):
        if isinstance(row, dict) and _DIGEST.fullmatch(_text(row.get("digest"))):
            yield Descriptor.of(row)


def _anything(body: bytes) -> Iterator[Descriptor]:
    for digest in sorted(set(_DIGEST.findall(body.decode(errors="replace")))):
        yield Descriptor.of({"digest": digest})


def attached_to(tag: str) -> str:
    """The digest in a tag's name (`sha256-<hex>`, perhaps with `.sig`, `.att` or `.sbom`); empty for other tags."""
    matched = _ATTACHED.fullmatch(tag)
    return f"sha256:{matched[1]}" if matched else ""


def referrers_tag(digest: str) -> str:
    """The tag under which registries without a referrers API list what is attached to a digest."""
    return digest.replace(":", "-")


def signature_tag(digest: str) -> str:
    """The tag under which podman, skopeo and bootc look for a digest's signature."""
    return f"{referrers_tag(digest)}.sig"
