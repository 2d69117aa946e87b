"""Who can log in to a machine: SSH keys as sshd reads them, whose they are, passwords, and other ways in."""

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install.merged import Merged, fetched

ORIGINAL_OWNER = "samhclark"
ORIGINAL_KEY = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCXLMgaiwxwbRJPfOAqiZ1xdvxp8yprodU8mi72BUnqX62x1OFWKxTJf44Se"
    "j/Hm8JyOquVTtRXKiveJOSsV2Ws="
)
IGNITION_KEYS = ".ssh/authorized_keys.d/ignition"  # in a home folder: where Ignition writes the keys of passwd.users
_TYPE = re.compile(r"(?:^|\s)((?:sk-)?(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+)(?:@openssh\.com)?)[ \t]+(\S+)")
_SIGNS = re.compile(r"(^|,)cert-authority\b", re.IGNORECASE)
_LEAST_FIELDS = 2  # a type and at least one number
_LEAST_BITS = 2048  # of an RSA key, by Fedora's policy; sshd itself asks for 1024

_HOMES = {"/home": "/var/home", "/root": "/var/roothome"}  # links of Fedora CoreOS, and where they lead
_KEY_FILE = re.compile(r"/(?:(?:var/)?home/([^/]+)|(?:var/roothome|root)())/\.ssh/authorized_keys(?:\.d/[^/]+)?")
# crypt(5): how a hash begins, and what none contains; the last form is the oldest, 13 letters
_HASH = re.compile(r"\$(?:y|gy|7|2[abxy]|6|5|sha1|md5|3|1)[$,][^\s:;*!\\]+|_[./0-9A-Za-z]{19}|[./0-9A-Za-z]{13}")
_NO_SHELL = ("nologin", "false")
_OTHER = re.compile(
    r"--autologin\b|\bagetty\b.* -a\b|\btailscale (?:up|set)\b.* --ssh\b|(?i:\bTrustedUserCAKeys\b)|"
    r"(?i:\bAuthorizedKeys(?:File|Command)\b)(?![\s=]+(?:none|\.ssh/authorized_keys)\b)"
)


def is_usable(text: str) -> bool:
    """Whether sshd takes a key in lines of authorized_keys: a complete one, of a kind that Fedora allows."""
    return any(_is_accepted(blob) for _, blob in _found(text))


def is_outdated(text: str) -> bool:
    """Whether a text holds complete keys, but only of a type or length that Fedora's sshd refuses."""
    return bool(_found(text)) and not is_usable(text)


def title(text: str) -> str:
    """A key's comment and its fingerprint, as `ssh-keygen -l` shows them; the text itself if it is no key."""
    for line, blob in _found(text):
        digest = base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode().rstrip("=")
        options, _, comment = line.partition(blob)
        whose = "every key signed by " if _SIGNS.search(options) else ""
        return f"{whose}{comment.strip() or 'without a comment'} (SHA256:{digest})"
    return repr(text[:60])


def blob_of(text: str) -> str:
    """The key itself, without options and comment, so that two lines can be compared; the text if it is no key."""
    return next((blob for _, blob in _found(text)), text)


@dataclass(frozen=True, slots=True)
class Login:
    """One way to log in to an installed machine: the user, and the key's comment and fingerprint, or the password.

    For a way that belongs to no user, `user` is the place in the Ignition file that opens it.
    """

    user: str
    means: str


def installed(merged: Merged) -> tuple[Login, ...]:
    """Every way to log in that a config opens, each once."""
    users = {user["name"]: user for user in merged.items("passwd", "users")}
    found = [login for user in users.values() if can_enter(user) for login in _of(user)]
    for name, file in key_files(merged):
        found += [Login(name, means) for means in _in_file(file, merged.content(file["path"]) or "")]
    return tuple(dict.fromkeys((*found, *_others(merged))))


def keyed(merged: Merged) -> Mapping[str, frozenset[str]]:
    """The files with a working key of every user who can enter: Ignition's, and those that the config writes."""
    found: dict[str, set[str]] = defaultdict(set)
    for user in merged.items("passwd", "users"):
        if can_enter(user) and any(map(is_usable, keys(user))):
            found[user["name"]].add(real(f"{home(user)}/{IGNITION_KEYS}"))
    for name, file in key_files(merged):
        if any(_in_file(file, merged.content(file["path"]) or "")):
            found[name].add(real(file["path"]))
    return {name: frozenset(files) for name, files in found.items()}


def home(user: Mapping[str, Any]) -> str:
    """The folder of a user, of which Fedora CoreOS makes /home and /root links."""
    return str(user.get("homeDir") or ("/root" if user["name"] == "root" else f"/home/{user['name']}"))


def real(path: str) -> str:
    """A path without Fedora CoreOS's links to home folders, so that two paths can be compared."""
    path = str(PurePosixPath(path))
    link = next((link for link in _HOMES if path.startswith(f"{link}/")), "")
    return f"{_HOMES[link]}{path.removeprefix(link)}" if link else path


def has_password(user: Mapping[str, Any]) -> bool:
    """Whether a password fits a user's hash."""
    return _HASH.fullmatch(_password(user)) is not None


def is_no_hash(user: Mapping[str, Any]) -> bool:
    """Whether a user has a hash that no password fits, though it is not locked on purpose."""
    return _password(user) not in ("", "x") and not _password(user).startswith(("!", "*")) and not has_password(user)


def is_foreign(line: str, owner: str) -> bool:
    """Whether a key is the original owner's, in a repository of somebody else's; `owner` is empty if unknown."""
    return ORIGINAL_KEY in line and owner != ORIGINAL_OWNER


def keys(user: Mapping[str, Any]) -> list[str]:
    """The SSH keys of one of the config's users; an item with several lines holds several."""
    items = [str(item) for item in user.get("sshAuthorizedKeys") or [] if str(item).strip()]
    return [line for item in items for line in key_lines(item)]


def key_lines(item: str) -> list[str]:
    """The keys in one item of a user's list, which sshd reads line by line; the item itself if it is one, or none."""
    lines = [line.strip() for line in item.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines if sum(bool(_found(line)) for line in lines) > 1 else [item]


def can_enter(user: Mapping[str, Any]) -> bool:
    """Whether a user exists and has a shell."""
    return user.get("shouldExist") is not False and not str(user.get("shell") or "").endswith(_NO_SHELL)


def _of(user: Mapping[str, Any]) -> Iterator[Login]:
    yield from (Login(user["name"], title(key)) for key in keys(user) if is_usable(key))
    if has_password(user):
        yield Login(user["name"], "a password")


def _password(user: Mapping[str, Any]) -> str:
    return str(user.get("passwordHash") or "").strip()


def key_files(merged: Merged) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The files of users' keys, with the user; core and root exist without being named."""
    users = {user["name"]: user for user in merged.items("passwd", "users")}
    for file in merged.items("storage", "files"):
        matched = _KEY_FILE.fullmatch(file["path"])
        name = matched[1] or "root" if matched else ""
        if can_enter(users.get(name, {"shouldExist": name in ("core", "root")})):
            yield name, file


def _in_file(file: Mapping[str, Any], content: str) -> Iterator[str]:
    """The keys of a file of a user's keys; what the machine fetches counts, as nobody knows it here."""
    yield from (f"the keys of {source}" for source in fetched(file))
    yield from (title(line) for line in content.splitlines() if is_usable(line))


def _others(merged: Merged) -> Iterator[Login]:
    """Units and files that let somebody in without a key or a password of the config."""
    for unit in merged.items("systemd", "units"):
        parts = [unit, *(unit.get("dropins") or [])]
        yield from _ways(f"systemd.units[{unit['name']}]", "\n".join(str(each.get("contents") or "") for each in parts))
    for file in merged.items("storage", "files"):
        yield from _ways(f"storage.files[{file['path']}]", merged.content(file["path"]) or "")


def _ways(place: str, text: str) -> Iterator[Login]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    yield from (Login(place, f"another way in ({matched[0]})") for matched in _OTHER.finditer(lines))


def _found(text: str) -> list[tuple[str, str]]:
    """The lines of a text that hold a complete key, each with the key."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [(line, blob) for line in lines for kind, blob in _TYPE.findall(line) if _is_key(kind, blob)]


def _is_key(kind: str, blob: str) -> bool:
    try:
        fields = list(_fields(base64.b64decode(blob, validate=True)))
    except ValueError:
        return False
    return len(fields) >= _LEAST_FIELDS and fields[0] == kind.encode() and all(fields[1:2])


def _is_accepted(blob: str) -> bool:
    kind, *numbers = _fields(base64.b64decode(blob))
    is_short = kind == b"ssh-rsa" and int.from_bytes(numbers[-1]).bit_length() < _LEAST_BITS
    return kind != b"ssh-dss" and not is_short


def _fields(blob: bytes) -> Iterator[bytes]:
    """The fields of a key: each is its length in four bytes, then so many bytes (RFC 4251, section 5)."""
    while blob:
        length = int.from_bytes(blob[:4])
        field, blob = blob[4 : 4 + length], blob[4 + length :]
        if len(field) != length:
            raise ValueError("a field is cut off")
        yield field
