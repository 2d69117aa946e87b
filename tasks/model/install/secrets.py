"""Secrets in an Ignition file, which anyone can read once it is published."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.model.install.ignition import Entry, Path

_NO_PASSWORD = re.compile(r"[*!x]*")
_SECRET_NAME = re.compile(
    r"secret|token|passw|passphrase|credential|auth[-_]?key|api[-_]?key|private|keyfile|(^|/)id_[a-z0-9]+$|"
    r"\.(key|pem|env|p12|pfx|jks|kdbx|psk|keytab)$|(^|/)\.?(env|netrc|pgpass)$|(^|/)luks",
    re.IGNORECASE,
)
_CREDENTIAL_HEADER = re.compile(r"auth|cookie|token|secret|passw|credential|api-?key|signature", re.IGNORECASE)
_KEY_FILE = re.compile(r"\.(key|psk|pass|passphrase|pwd|keyfile)$|(^|/)(keyfile|passphrase|password)$|/luks[^.]*$")
_WORD = re.compile(r"[A-Za-z0-9+/=_.~!@#%^&*-]{16,}|(?=[A-Za-z_.]*\d)(?=\d*[A-Za-z])[A-Za-z0-9_.!@#%^&*-]{10,15}")
_PLAIN = re.compile(r"[a-z_./-]+|/[a-z0-9_./-]+")  # a word or a path
_ELSEWHERE = re.compile(r"[/~#]|[a-z]+://")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_PUBLIC = re.compile(r"-----BEGIN (PUBLIC KEY|CERTIFICATE)|^(ssh-|ecdsa-|sk-)", re.MULTILINE)
_SIGNED_URL = re.compile(
    r"[?&](?:x-amz-signature|sig|signature|token|access_token|api_?key|secret|password)=[^&\s]{6,}"
)
_BITS = 3.1  # of entropy per character: words of a language and paths have less
_SHORTEST = 8  # characters in a passphrase, for ZFS and for people
_ON_MACHINE = "create the key on the machine, and leave it there"
_INSTEAD = {
    "password-hash": "log in with an SSH key; set a password on the machine: sudo passwd core",
    "grub-password-hash": "set it on the machine, in /boot/grub2/user.cfg",
    "luks-key": "unlock with clevis (TPM or tang); add a passphrase on the machine: sudo cryptsetup luksAddKey",
    "private-key": _ON_MACHINE,
    "putty-key": _ON_MACHINE,
    "wireguard-key": _ON_MACHINE,
    "tailscale-key": "log in on the machine: sudo tailscale up",
    "http-header": "put the file where it can be fetched without a login, or copy it after installing",
}
_ELSE = "remove it, put a new one on the machine after installing, and have its issuer revoke this one"


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: its kind, and the Ignition file's entry that holds it."""

    kind: str
    said: Entry

    @property
    def why(self) -> str:
        """Why the secret is public."""
        return f"anyone who opens the page can read it ({self.kind}), even if it is encoded"

    @property
    def instead(self) -> str:
        """What to do instead."""
        return _INSTEAD.get(self.kind, _ELSE)


def scan(whole: Sequence[Entry], leaks: Iterable[tuple[int, str]]) -> tuple[Secret, ...]:
    """Every secret, once per entry; `leaks` come from a scanner: the index in `whole` and the rule that found it."""
    placed = [(number, kind) for number, entry in enumerate(whole) for kind in _by_place(entry)]
    named = [(number, "named-like-a-secret") for number, entry in enumerate(whole) if _is_secret_file(entry)]
    kinds: dict[int, str] = {}
    for number, kind in (*placed, *leaks, *named):
        kinds.setdefault(number, kind)
    return tuple(Secret(kinds[number], whole[number]) for number in sorted(kinds))


def _by_place(entry: Entry) -> Iterator[str]:
    """The kind of a secret that is one because of its place."""
    match [part.partition("[")[0] for part in entry.path]:
        case [*_, "users" | "groups", "passwordHash"] if not _NO_PASSWORD.fullmatch(entry.content):
            yield "password-hash"
        case [*_, "keyFile", "source"] if not re.match(r"[a-z0-9]+://", entry.content) and entry.content:
            yield "luks-key"
        case [*_, "httpHeaders", "value"] if _CREDENTIAL_HEADER.search(entry.path[-2]) and entry.content:
            yield "http-header"
        case [*_, "source"] if _SIGNED_URL.search(entry.content.lower()) and "://" in entry.content[:12]:
            yield "url-with-credentials"


def _is_secret_file(entry: Entry) -> bool:
    """Whether a file has a secret's name and holds something random or a one-line key, but not a public key."""
    file, content = _file(entry.path), entry.content.strip()
    if not file or not _SECRET_NAME.search(file) or _PUBLIC.search(content):
        return False
    if _KEY_FILE.search(file) and "\n" not in content and len(content) >= _SHORTEST:
        return not _ELSEWHERE.match(content)
    words = [content] if _BINARY.search(content) else _WORD.findall(content)
    return any(entropy(word) >= _BITS and not _PLAIN.fullmatch(word) for word in words)


def _file(path: Path) -> str:
    """The path on the machine of the file that has this content; empty for anything else."""
    files = [part for part in path if part.startswith("files[")]
    return files[-1][6:-1] if files and path[-1] == "source" else ""


def entropy(word: str) -> float:
    """Shannon's entropy, in bits per character."""
    counts = Counter(word).values()
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
