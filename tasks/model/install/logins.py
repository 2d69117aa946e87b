"""Who can log in to a machine: SSH keys as sshd reads them, whose they are, and passwords."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.model.install.ignition import Entry, item_name

ORIGINAL_OWNER = "samhclark"
ORIGINAL_KEY = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCXLMgaiwxwbRJPfOAqiZ1xdvxp8yprodU8mi72BUnqX62x1OFWKxTJf44Se"
    "j/Hm8JyOquVTtRXKiveJOSsV2Ws="
)
_TYPE = re.compile(
    r"(?:^|\s)((?:sk-)?(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+)(?:-cert-v01)?(?:@openssh\.com)?)\s+(\S+)"
)
_LEAST_FIELDS = 2  # a type and at least one number


def is_usable(line: str) -> bool:
    """Whether sshd could read a line of authorized_keys: a type that it knows, and a complete key of that type."""
    return any(_is_key(kind, blob) for kind, blob in _TYPE.findall(line))


def title(line: str) -> str:
    """A key's comment and its fingerprint, as `ssh-keygen -l` shows them; the line itself if it is no key."""
    for matched in _TYPE.finditer(line):
        kind, blob = matched.groups()
        if _is_key(kind, blob):
            digest = base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode().rstrip("=")
            return f"{line[matched.end() :].strip() or 'without a comment'} (SHA256:{digest})"
    return repr(line[:60])


@dataclass(frozen=True, slots=True)
class Login:
    """One way to log in to an installed machine: the user, and the key's comment and fingerprint, or the password."""

    user: str
    means: str


def installed(entries: Iterable[Entry]) -> tuple[Login, ...]:
    """Every login that a config and the configs inside it install, each once."""
    found = []
    for entry in entries:
        match [part.partition("[")[0] for part in entry.path]:
            case [*_, "passwd", "users", "sshAuthorizedKeys"] if entry.content.strip():
                found.append(Login(item_name(entry.path[-2]), title(entry.content)))
            case [*_, "passwd", "users", "passwordHash"] if entry.content.strip("*!x"):
                found.append(Login(item_name(entry.path[-2]), "a password"))
    return tuple(dict.fromkeys(found))


def is_foreign(line: str, owner: str) -> bool:
    """Whether a key is the original owner's, in a repository of somebody else's; `owner` is empty if unknown."""
    return ORIGINAL_KEY in line and owner != ORIGINAL_OWNER


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
