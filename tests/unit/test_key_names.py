"""Which files beside the policy are our keys, and what they are called."""

import hashlib

import pytest

from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, HostFiles, next_key
from tests.builders.keys import IMAGE, pem, shipped


def test_keys_are_counted_and_backups_known_by_name() -> None:
    """Whether a key ships decides whether anything can be published."""
    assert (HostFiles({}).has_key, HostFiles({}).backups) == (False, ())
    files = HostFiles(shipped("backup.pub", "cosign.pub"))
    assert (files.has_key, files.backups) == (True, (f"{KEYS}/backup.pub",))
    assert files.keys == (f"{KEYS}/cosign.pub", f"{KEYS}/backup.pub")


@pytest.mark.parametrize(
    ("body", "hashed"), [(b"QU\nJD", b"ABC"), (b"QUJD!", None), (b"QUJ", None)], ids=["two lines", "a !", "cut short"]
)
def test_a_fingerprint_is_that_of_the_key_between_the_lines(body: bytes, hashed: bytes | None) -> None:
    """What is no key has none."""
    pem = b"-----BEGIN PUBLIC KEY-----\n" + body + b"\n-----END PUBLIC KEY-----\n"
    expected = f"sha256:{hashlib.sha256(hashed).hexdigest()}" if hashed else ""
    path = f"{KEYS}/cosign.pub"
    assert HostFiles({path: pem}).fingerprints == {path: expected}


def test_key_files_are_numbered_and_sorted_by_number() -> None:
    """The tenth key comes after the second."""
    files = HostFiles(shipped("cosign.pub", "cosign-10.pub", "cosign-2.pub"))
    assert [path.rsplit("/", 1)[1] for path in files.keys] == ["cosign.pub", "cosign-2.pub", "cosign-10.pub"]
    assert next_key(files) == f"{KEYS}/cosign-11.pub"
    assert next_key(HostFiles({})) == f"{KEYS}/cosign.pub"
    assert next_key(HostFiles(shipped("backup.pub"))) == f"{KEYS}/cosign.pub"
    assert next_key(HostFiles(shipped("backup.pub")), least=2) == f"{KEYS}/cosign-2.pub"
    assert next_key(files, least=3) == f"{KEYS}/cosign-11.pub"


def test_two_files_with_one_key_are_a_fault() -> None:
    """A rotation to the same key would look like a new one."""
    pem = b"-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----\n"
    files = shipped("cosign.pub", "cosign-2.pub", "cosign-3.pub")
    same = files | {f"{KEYS}/cosign.pub": pem, f"{KEYS}/cosign-2.pub": pem.replace(b"QUJD", b"QU\nJD")}
    assert HostFiles(same).faults(IMAGE) == [f"{KEYS}/cosign.pub and {KEYS}/cosign-2.pub are the same key"]


STRANGE = ("ublue.pub", ".gitkeep", "README", "cosign.pub.bak", "cosign-2.pub~", "old/cosign.pub", "my-cosign.pub",
           "cosign-x.pub", "backup-2.pub.bak", "Cosign.pub", "cosign-2-3.pub")  # fmt: skip


def test_only_files_with_our_names_are_our_keys() -> None:
    """An owner ships others for rules of his own; they sign nothing of ours, whatever counts keys."""
    ours = ("cosign.pub", "cosign-2.pub", "backup.pub", "backup-2.pub")
    files = HostFiles(shipped(*ours) | {f"{KEYS}/{name}": pem(name) for name in STRANGE})
    paths = tuple(f"{KEYS}/{name}" for name in ours)
    assert files.keys == tuple(files.fingerprints) == paths
    assert set(files.of("x/y").files) == {*paths, POLICY, REGISTRY_ENTRY}
    assert files.faults(IMAGE) == []
    assert HostFiles({f"{KEYS}/{name}": pem(name) for name in STRANGE}).has_key is False


@pytest.mark.parametrize("name", ["cosign.pub", "signing.key", "old/signing.key"])
def test_a_private_key_there_is_named_before_anything_else(name: str) -> None:
    """Everybody who pulls the image could read it, whatever the file is called, and even if no key ships."""
    private = b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nx\n"
    for files in ({}, shipped("cosign-2.pub")):
        (fault,) = HostFiles({**files, f"{KEYS}/{name}": private}).faults(IMAGE)
        assert f"{KEYS}/{name} is a private key" in fault


def test_a_file_that_holds_no_public_key_is_a_fault() -> None:
    """With one in the policy, hosts refuse every image."""
    for content in (b"key", b"", pem("x").replace(b"PUBLIC", b"RSA PUBLIC")):
        files = shipped("cosign.pub", "cosign-2.pub") | {f"{KEYS}/cosign-2.pub": content}
        assert HostFiles(files).faults(IMAGE) == [f"{KEYS}/cosign-2.pub holds no public key"]


def test_the_entry_of_the_registry_names_the_image_before_a_new_name() -> None:
    """So keygen knows whose rule is out of date."""
    assert HostFiles(shipped()).entered == (IMAGE,)
    assert HostFiles({}).entered == ()
    more = b'docker:\n  "quay.io/x":\n    use-sigstore-attachments: true\n  a.io/b:5: {sigstore: x}\n'
    assert HostFiles({REGISTRY_ENTRY: more}).entered == ("quay.io/x", "a.io/b:5")


def test_a_public_half_is_found_by_its_key() -> None:
    """Line ends and names differ from machine to machine."""
    files = HostFiles(shipped("cosign.pub", "cosign-2.pub"))
    assert files.holding(pem(f"{KEYS}/cosign-2.pub").replace(b"\n", b"\r\n")) == f"{KEYS}/cosign-2.pub"
    assert (files.holding(pem("x")), files.holding(b"no key")) == ("", "")
