"""Who can log in to a machine: SSH keys as sshd reads them, and passwords."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPE = re.compile(
    r"(?:^|\s)((?:sk-)?(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+)(?:-cert-v01)?(?:@openssh\.com)?)\s+(\S+)"
)
_LEAST_FIELDS = 2  # a type and at least one number


def is_usable(line: str) -> bool:
    """Whether sshd could read a line of authorized_keys: a type that it knows, and a complete key of that type."""
    return any(_is_key(kind, blob) for kind, blob in _TYPE.findall(line))


def _is_key(kind: str, blob: str) -> bool:
    try:
        fields = list(_fields(base64.b64decode(blob, validate=True)))
    except ValueError:
        return False
    return len(fields) >= _LEAST_FIELDS and fields[0] == kind.encode() and all(fields[1:2])


def _fields(blob: bytes) -> Iterator[bytes]:
    """The fields of a key: each is its length in four bytes, then so many bytes (RFC 4251, section 5)."""
    while blob:
        length = int.from_bytes(blob[:4])
        field, blob = blob[4 : 4 + length], blob[4 + length :]
        if len(field) != length:
            raise ValueError("a field is cut off")
        yield field


def keys(user: Mapping[str, Any]) -> list[str]:
    """The SSH keys of one of the config's users."""
    return [str(key) for key in user.get("sshAuthorizedKeys") or [] if str(key).strip()]


def can_log_in(user: Mapping[str, Any]) -> bool:
    """Whether a user has a key that works, or a password."""
    return any(map(is_usable, keys(user))) or bool(str(user.get("passwordHash") or "").strip("*!x"))
