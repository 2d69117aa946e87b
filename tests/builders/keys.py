"""What looks like a public key, and what keygen writes for some of them."""

import base64

from tasks.model.policy import written
from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, registries

IMAGE = "ghcr.io/owner/custom-coreos"


def pem(text: str) -> bytes:
    """Return a public key's file, another for each text."""
    body = base64.b64encode(text.encode()).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()


def shipped(*keys: str, image: str = IMAGE) -> dict[str, bytes]:
    """Return what keygen writes for keys of these names: path → content."""
    paths = [f"{KEYS}/{key}" for key in keys or ("cosign.pub",)]
    entry = {REGISTRY_ENTRY: registries(image).encode(), POLICY: written(image, paths).encode()}
    return {path: pem(path) for path in paths} | entry
