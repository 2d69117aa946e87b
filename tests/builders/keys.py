"""What looks like a public key."""

import base64


def pem(text: str) -> bytes:
    """Return a public key's file, another for each text."""
    body = base64.b64encode(text.encode()).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()
