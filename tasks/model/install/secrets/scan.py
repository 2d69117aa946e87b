"""Secrets in an Ignition file, which anyone can read once it is published."""

import base64
import binascii
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.model.install.ignition import Entry, Path
from tasks.model.install.secrets import encrypted
from tasks.model.install.secrets import settings as secret_settings
from tasks.model.install.secrets.kinds import ELSE, FORMS, INSTEAD, PLACES
from tasks.model.install.secrets.words import ABOUT_A_SECRET, is_literal, is_written, random_words

_NO_PASSWORD = re.compile(r"[*!x]*")
_SECRET_NAME = re.compile(
    r"secret|token|passw|passphrase|credential|auth[-_]?key|api[-_]?key|private|keyfile|(^|/)id_[a-z0-9]+$|"
    r"\.(pem|env)$|(^|/)\.?(env|netrc|authinfo)$",
    re.IGNORECASE,
)
_CREDENTIAL_HEADER = re.compile(r"auth|cookie|token|secret|passw|credential|api-?key|signature", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z0-9+]+://\S*", re.IGNORECASE)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_PUBLIC = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PUBLIC KEY|CERTIFICATE|TRUSTED CERTIFICATE|X509 CRL)|^(ssh-|ecdsa-|sk-)|\bDNSKEY\b|^age1|"
    r"^untrusted comment: (minisign|signify) public key",
    re.MULTILINE,
)
_PUBLIC_NAME = re.compile(
    r"\.pub$|/etc/(passwd|group)-?$|/pam\.d/|(^|/)[^/]*public[^/]*$|/(README|LICENSE)[^/]*$|\.(md|rst|adoc|service|timer|socket)$"
)
_SIGNED_URL = re.compile(
    r"[?&](?:x-amz-signature|sig|signature|token|access_token|api_?key|secret|password)=[^&\s]{6,}"
)
_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=-])")
_ONE_WORD = re.compile(r"[\w./@+-]*")
_LISTED = re.compile(r"(?<=\S)[\"'],[ \t]*[\"'](?=\S)")  # between the arguments of a command in a list
_CONTINUED = re.compile(r"\\\n[ \t]*")
_BY_GUESS = (  # rules that know less than others: they count where no other finds anything, the first one first
    "curl-auth-user",
    "curl-auth-header",
    "secret-setting",
    "generic-api-key",
    "password-file",
    "key-file",
    "named-like-a-secret",
)
_CONTENTS = ("source", "contents", "value")
_IN_IGNITION = ("password-hash", "luks-key", "http-header", "url-with-credentials")
_CURL_USER = "curl-auth-user"


@dataclass(frozen=True, slots=True)
class Leak:
    """What a scanner found: the number of the text, the rule, the text that the rule matched, the secret in it."""

    number: int
    rule: str
    match: str
    secret: str


@dataclass(frozen=True, slots=True)
class _Hit:
    """What a rule found: the kind of the secret, and the secret itself where the rule knows it."""

    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: its kind, and the Ignition file's entry that holds it."""

    kind: str
    entry: Entry

    @property
    def why(self) -> str:
        """Why the secret is public."""
        return f"anyone who opens the page can read it ({self.kind}), even if it is encoded"

    @property
    def instead(self) -> str:
        """What to do instead."""
        kind = self.kind.partition("+")[0]
        is_elsewhere = kind == "password-hash" and self.entry.path[0] != "passwd"
        return ELSE if is_elsewhere else INSTEAD.get(kind, ELSE)

    @property
    def allowance(self) -> str:
        """The key under allow_public that lets exactly this through: the kind, and the hash of the whole content."""
        return f"{self.kind} {hashlib.sha256(self.entry.content.encode(errors='replace')).hexdigest()[:12]}"


def scan(whole: Sequence[Entry], leaks: Iterable[Leak]) -> tuple[Secret, ...]:
    """Every secret, once per entry; `leaks` come from a scanner of the texts that `encrypted.without` returns.

    They are taken last, so that the scanner can run meanwhile.
    """
    own = [tuple(_hits(entry)) for entry in whole]
    scanned: dict[int, list[_Hit]] = defaultdict(list)
    for leak in leaks:
        if _is_secret(leak):
            scanned[leak.number].append(_Hit(leak.rule, leak.secret))
    kinds = [_kind(entry, own[number], scanned[number]) for number, entry in enumerate(whole)]
    return tuple(Secret(kind, entry) for kind, entry in zip(kinds, whole, strict=True) if kind)


def _kind(entry: Entry, own: Sequence[_Hit], scanned: Sequence[_Hit]) -> str:
    """The kind of an entry's secret, or its kinds, joined with `+`; empty if there is none."""
    if placed := "".join(hit.kind for hit in own if hit.kind in _IN_IGNITION):
        return placed
    kinds = {hit.kind for hit in (*own, *scanned)}
    certain, guessed = kinds.difference(_BY_GUESS), kinds.intersection(_BY_GUESS)
    if certain and guessed:
        guessed = _guessed_elsewhere(entry, (*own, *scanned))
    return "+".join((*sorted(certain), *[kind for kind in _BY_GUESS if kind in guessed][:1]))


def _guessed_elsewhere(entry: Entry, hits: Sequence[_Hit]) -> set[str]:
    """The kinds that are guessed after each value of a certain kind is taken out: another secret in the same text."""
    text = entry.content
    for hit in hits:
        if hit.kind not in _BY_GUESS and hit.value:
            text = text.replace(hit.value, "")
    left = {hit.kind for hit in hits if hit.value and hit.value in text}
    return left.union(hit.kind for hit in _hits(Entry(entry.path, text))).intersection(_BY_GUESS)


def _hits(entry: Entry) -> Iterator[_Hit]:
    """What our own rules find in an entry; a place of the Ignition file says more than any form."""
    if placed := next(_in_ignition(entry), ""):
        yield _Hit(placed)
        return
    readable = Entry(entry.path, encrypted.without(entry))
    yield from _by_form(readable)
    yield from _in_file(readable)


def _in_ignition(entry: Entry) -> Iterator[str]:
    """The kind of a secret that is one because of its place in the Ignition file."""
    match [part.partition("[")[0] for part in entry.path]:
        case [*_, "users" | "groups", "passwordHash"] if not _NO_PASSWORD.fullmatch(entry.content):
            yield "password-hash"
        case [*_, "keyFile", "source"] if not re.match(r"[a-z0-9]+://", entry.content) and entry.content:
            yield "luks-key"
        case [*_, "httpHeaders", "value"] if _CREDENTIAL_HEADER.search(entry.path[-2]) and entry.content:
            yield "http-header"
        case [*_, "source"] if _ADDRESS.match(entry.content) and _SIGNED_URL.search(entry.content.lower()):
            yield "url-with-credentials"


def _by_form(entry: Entry) -> Iterator[_Hit]:
    """The secrets of a text that it shows by their form."""
    if entry.path[-1] not in _CONTENTS and _ONE_WORD.fullmatch(entry.content):
        return  # a path, a name, a number
    file = _file(entry.path)
    for text in _layers(entry.content):
        command = _LISTED.sub(" ", text)
        lower = command.lower()
        for form in FORMS:
            if form.stem in lower:
                values = map(_given, form.pattern.finditer(command))
                yield from (_Hit(form.kind, value) for value in values if value is not None)
        if secret_settings.finds(text, file):
            yield _Hit("secret-setting")


def _layers(text: str) -> Iterator[str]:
    """A text without its line continuations, and what it holds in base64."""
    if _BINARY.search(text[:10_000]):
        return
    yield _CONTINUED.sub(" ", text)
    for found in _BASE64.finditer(text):
        try:
            inside = base64.b64decode(found[0]).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if not _BINARY.search(inside):
            yield inside


def _given(found: re.Match[str]) -> str | None:
    """A form's secret if it is written out: an empty text where the form has none of its own."""
    groups = found.groupdict()
    value = next(text for text in map(groups.get, ("secret", "quoted", "bare")) if text is not None)
    return value if is_literal(value.rpartition(":")[2]) or value == "" else None


def _in_file(entry: Entry) -> Iterator[_Hit]:
    """The secrets that a file holds because of its path."""
    file, content = _file(entry.path), entry.content.strip()
    if not file or _ADDRESS.fullmatch(content) or _PUBLIC.search(content) or _PUBLIC_NAME.search(file):
        return
    lines = [line for line in map(str.strip, content.split("\n")) if line and not line.startswith(("#", ";"))]
    for place in PLACES:
        if place.pattern.search(file) and any(place.line.search(line) and is_written(line) for line in lines):
            yield _Hit(place.kind)
    if _SECRET_NAME.search(file) and (_BINARY.search(content) or next(random_words("\n".join(lines)), "")):
        yield _Hit("named-like-a-secret")


def _file(path: Path) -> str:
    """The path on the machine of the file that has this content; empty for anything else."""
    file = next((part for part in path if part.startswith("files[")), "")
    return file.removeprefix("files[").removesuffix("]") if path[-1] == "source" else ""


def _is_secret(leak: Leak) -> bool:
    """Whether the scanner is right; the rules that guess take variables, paths and addresses for secrets."""
    if leak.rule == _CURL_USER:
        return is_literal(leak.secret.strip("\"'").partition(":")[2])
    if leak.rule == "password-hash":
        return bool(re.search(r"[A-Z0-9]", leak.secret[3:]))  # `$7$iterations$salt$hash` is none
    if leak.rule != "generic-api-key":
        return True
    name = leak.match.partition(leak.secret)[0].rstrip("\"' \t:=")
    return not ABOUT_A_SECRET.search(name) and is_literal(leak.secret) and any(random_words(leak.secret))
