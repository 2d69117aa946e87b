"""Encrypted texts, which may be public: everything that only the holder of a key can read.

Formats: SOPS (https://getsops.io), age (https://c2sp.org/age), OpenPGP (RFC 9580), Ansible Vault, systemd-creds(1),
SealedSecret (https://github.com/bitnami-labs/sealed-secrets), JWE (RFC 7516), git-crypt and dotenvx.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from tasks.model.install.ignition import Entry, Path

_NULL_KEY = bytes.fromhex("058469daf6f54324800549da0f8ea2fb")  # systemd's id of a credential with a key of no length
_SHORTEST_CREDENTIAL = 64  # bytes: header, initialization vector and tag
_CREDSTORE = re.compile(r"/credstore\.encrypted/")
_BASE64 = r"[A-Za-z0-9+/=]"
_VAULT = re.compile(r"\$ANSIBLE_VAULT;[\d.]+;AES(?:256)?(?:;[\w.@-]+)?\s+(?:[0-9a-f]{2,}\s*)+")
_OPENSSL = re.compile(rf"\bU2FsdGVkX1{_BASE64}{{10,}}(?:\s{_BASE64}{{16,}})*|^Salted__(?s:.*)")
_AGE = re.compile(
    r"-----BEGIN AGE ENCRYPTED FILE-----([\s\\nA-Za-z0-9+/=]*)-----END AGE ENCRYPTED FILE-----|"
    r"\A(age-encryption\.org/v1\n(?s:.*))"
)
_PGP = re.compile(r"-----BEGIN PGP MESSAGE-----(?:\s*[A-Z]\w+: [^\n]*)*([\s\\nA-Za-z0-9+/=]*)-----END PGP MESSAGE-----")
_JWE = re.compile(r"\beyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+")
_CREDENTIAL = re.compile(rf"^SetCredentialEncrypted=[^:\n]+:((?:\s|\\|{_BASE64})+?)(?=\n\S|\n*\Z)", re.MULTILINE)
_FOR_A_KEY = re.compile(  # values of SOPS and eyaml with their names, of ejson and of dotenvx
    r"(?:[\"']?[\w.-]+[\"']?[ \t]*[:=][ \t]*)?[\"']?ENC\[[A-Z0-9_]+,[^\]]*\][\"']?,?|"
    rf"\bEJ\[\d:[^\]]*\]|\bencrypted:{_BASE64}{{40,}}"
)
_PGP_BINARY = re.compile(  # a packet with a session key for somebody's key, or from a passphrase
    r"\A(?:[\x84\x8c]|[\x85\x8d].|[\xc1\xc3].?).[\x03-\x06].*", re.DOTALL
)
_GIT_CRYPT = re.compile(r"\A\0GITCRYPT\0(?s:.*)")
_FORMATS = (  # a word of every text of that format; the encrypted part
    ("$ANSIBLE_VAULT", _VAULT), ("U2FsdGVkX1", _OPENSSL), ("Salted__", _OPENSSL), ("age-encryption", _AGE),
    ("AGE ENCRYPTED", _AGE), ("PGP MESSAGE", _PGP), ("eyJ", _JWE), ("ENC[", _FOR_A_KEY), ("EJ[", _FOR_A_KEY),
    ("encrypted:", _FOR_A_KEY), ("GITCRYPT", _GIT_CRYPT), ("", _PGP_BINARY),
)  # fmt: skip
_SOPS = re.compile(  # what SOPS adds: who can decrypt, and a checksum
    r"""(?m)^sops:[ \t]*\n(?:[ \t]+[^\n]*\n?|- [^\n]*\n?)*|^[ \t]*"sops":[ \t]*\{(?s:.*)\}|"""
    r"^sops_\w+=[^\n]*|^\[sops\](?s:.*)"
)
_SEALED = re.compile(r"""("?encryptedData"?:[ \t]*)(\{[^}]*\}|(?:\n[ \t]+[\w.-]+:[ \t]*(?:[>|]-?\s*)?[\w+/='"]+)+)""")
_SEALED_KIND = re.compile(r"""kind"?:[ \t]*"?SealedSecret\b""")
_BY_PASSPHRASE = (b"\x8c", b"\x8d", b"\xc3")  # how OpenPGP's packet 3 begins, whose key comes from a passphrase


def without(entry: Entry) -> str:
    """The part of an entry's text that anyone can read."""
    text = entry.content
    if _CREDSTORE.search("/".join(entry.path)) and is_kept(text):
        return ""
    for stem, pattern in _FORMATS:
        if stem in text:
            text = pattern.sub("", text)
    if "SetCredentialEncrypted=" in text:
        text = _CREDENTIAL.sub(lambda found: "" if is_kept(found[1]) else found[0], text)
    if "SealedSecret" in text and _SEALED_KIND.search(text):
        text = _SEALED.sub(r"\1", text)
    return _SOPS.sub("", text) if "ENC[AES256_GCM" in entry.content else text


def is_kept(credential: str) -> bool:
    """Whether a text is an encrypted credential of systemd, and its key is not the null key, which everyone has."""
    content = _decoded(credential)
    is_hex = re.fullmatch(r"[0-9a-fA-F\s\\]*", credential)  # base64 also, but of a plain key
    return len(content) >= _SHORTEST_CREDENTIAL and not is_hex and not content.startswith(_NULL_KEY)


def cautions(whole: Sequence[Entry]) -> Iterator[tuple[Path, str]]:
    """The places where only a passphrase protects a secret, each with the reason to worry."""
    for entry in whole:
        for what in _by_passphrase(entry.content):
            why = (
                f"only a passphrase protects this ({what}), and anyone can try passphrases on a public file: use a"
                " random one of 20 characters or more, or encrypt for a key with age, sops or systemd-creds"
            )
            yield entry.path, why


def _by_passphrase(text: str) -> Iterator[str]:
    """The name of each format in a text whose key comes from a passphrase."""
    found = {pattern: list(pattern.finditer(text)) for stem, pattern in _FORMATS if stem in text}
    if found.get(_VAULT):
        yield "Ansible Vault"
    if found.get(_OPENSSL):
        yield "openssl enc"
    if any("-> scrypt " in (each[2] or _header(each[1])) for each in found.get(_AGE, ())):
        yield "age with scrypt"
    messages = [_decoded(each[1]) for each in found.get(_PGP, ())]
    messages += [each[0].encode("latin-1", "replace") for each in found[_PGP_BINARY]]
    if any(each.startswith(_BY_PASSPHRASE) for each in messages):
        yield "PGP with a passphrase"
    if any("PBES2" in _header(each[0].partition(".")[0]) for each in found.get(_JWE, ())):
        yield "JWE with a passphrase"


def _header(encoded: str) -> str:
    return _decoded(encoded.replace("\\n", "")).decode("latin-1")


def _decoded(encoded: str) -> bytes:
    """The bytes of a base64 text, which may have line breaks; nothing if it is none."""
    packed = re.sub(r"[\s\\]|^=[\w+/]{4}$", "", encoded, flags=re.MULTILINE).translate(str.maketrans("-_", "+/"))
    whole = packed.rstrip("=")
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]  # one letter more is no byte: the text was cut
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4), validate=True)
    except binascii.Error:
        return b""
