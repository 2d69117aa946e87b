"""Attestations of an image: the sigstore bundles that actions/attest pushes to the registry."""

import base64

from tasks.clients import registry
from tasks.model import json_text
from tasks.model.image import ImageRef
from tasks.model.registry.manifest import BUNDLE, Descriptor


def statements(image: ImageRef, attached: tuple[Descriptor, ...]) -> list[object]:
    """The in-toto statement of every bundle that is attached to an image; None for one that cannot be read."""
    bundles = [entry for entry in attached if entry.artifact_type.startswith(BUNDLE)]
    return [_statement(registry.attached(image.name, entry)) for entry in bundles]


def _statement(bundle: bytes) -> object:
    try:
        envelope = json_text.loads(bundle)["dsseEnvelope"]
        statement: object = json_text.loads(base64.b64decode(envelope["payload"]))
    except (ValueError, KeyError, TypeError):
        return None
    return statement
