"""Encrypted texts are left out of the search, and what only a passphrase protects is a caution."""

import base64

import pytest

from tasks.model.install.secrets import encrypted
from tests.builders.secret_kinds import in_file

NULL_KEY = bytes.fromhex("058469daf6f54324800549da0f8ea2fb")
HOST_KEY = bytes.fromhex("5a1c6a86df9d4096b1d5a65e0862f19a")


def armored(kind: str, content: bytes) -> str:
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(content).decode()}-----END {kind}-----\n"


def age(recipient: str) -> bytes:
    return f"age-encryption.org/v1\n-> {recipient}\nq8J2mX4vK9pL3nR7\n--- tY1wZ5bC6dF0\n".encode() + bytes(range(40))


def cautions(content: str) -> list[str]:
    return [why for _, why in encrypted.cautions([in_file("/etc/a", content)])]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\n3639613363\n3336\n", "Ansible Vault"),
        ("password: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;home\n  3639613363\n", "Ansible Vault"),
        (armored("AGE ENCRYPTED FILE", age("scrypt 3d9y0G+8q1ffPQ0xJJatIQ 18")), "age with scrypt"),
        (age("scrypt 3d9y0G+8q1ffPQ0xJJatIQ 18").decode("latin-1"), "age with scrypt"),
        (armored("PGP MESSAGE", b"\x8c\x0d\x04\x09\x03\x08" + bytes(40)), "PGP with a passphrase"),
        (armored("PGP MESSAGE", b"\xc3\x0d\x04\x09\x03\x08" + bytes(40)), "PGP with a passphrase"),
        ((b"\x8c\x0d\x04\x09\x03\x08" + bytes(40)).decode("latin-1"), "PGP with a passphrase"),
        ((b"\xc3\x0d\x04\x09\x03\x08" + bytes(40)).decode("latin-1"), "PGP with a passphrase"),
        ("U2FsdGVkX19q8J2mX4vK9pL3nR7tY1wZ5bC6dF0gH2g=\n", "openssl enc"),
        ("eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1cifQ.q8J2.mX4v.K9pL.3nR7", "JWE with a passphrase"),
    ],
)
def test_a_passphrase_alone_is_a_caution(content: str, what: str) -> None:
    """The text is left out of the search, but anyone can try passphrases on it."""
    (why,) = cautions(content)
    assert f"({what})" in why
    assert encrypted.without(in_file("/etc/a", content)) in {"", "\n", "password: !vault |\n  "}


@pytest.mark.parametrize(
    "content",
    [
        armored("AGE ENCRYPTED FILE", age("X25519 q8J2mX4vK9pL3nR7")),
        armored("PGP MESSAGE", b"\x85\x02\x0c\x03" + bytes(40)),
        (b"\x85\x02\x0c\x03" + bytes(40) + b"q8J2mX4vK9pL3nR7").decode("latin-1"),
        (b"\xc1\x5e\x03" + bytes(40) + b"q8J2mX4vK9pL3nR7").decode("latin-1"),
        "password: ENC[AES256_GCM,data:Tr7o,iv:1A==,tag:1A==,type:str]\n",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..q8J2.mX4v.K9pL",
    ],
)
def test_what_only_a_key_opens_is_no_caution(content: str) -> None:
    """Nobody can guess a key."""
    assert cautions(content) == []
    assert "q8J2mX4v" not in encrypted.without(in_file("/etc/a", content))
    assert "ENC[" not in encrypted.without(in_file("/etc/a", content))


@pytest.mark.parametrize("form", ["/etc/credstore.encrypted/db", "/etc/systemd/system/a.service"])
def test_a_credential_is_only_as_secret_as_its_key(form: str) -> None:
    """The null key has no length, so everyone has it; a plain text is not encrypted at all."""
    wrap = "SetCredentialEncrypted=db: \\\n  {}\n" if form.endswith("service") else "{}\n"
    for content, kept in (
        (base64.b64encode(HOST_KEY + bytes(80)).decode(), True),
        (base64.b64encode(HOST_KEY + bytes(80)).decode().rstrip("=")[:-3], True),
        (base64.b64encode(NULL_KEY + bytes(80)).decode(), False),
        ("correct horse battery staple", False),
        ("8e9f780aba21d203" * 8, False),
    ):
        left = encrypted.without(in_file(form, wrap.format(content))).strip()
        assert (content not in left) == kept


def test_a_sealed_secret_is_sealed_only_where_it_says_so() -> None:
    """Its template is readable."""
    text = (
        "kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK\n  template:\n    stringData:\n"
        "      token: sesame\n"
    )
    left = encrypted.without(in_file("/etc/a.yaml", text))
    assert "AgBy" not in left
    assert "token: sesame" in left
