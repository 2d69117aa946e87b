"""What host-policy decided becomes faults; tests/lab/test_policy.py asks the real library."""

import hashlib
import json

import pytest

from tasks.model.signing import (
    KEYS,
    POLICY,
    REGISTRY_ENTRY,
    Decision,
    HostFiles,
    decision_faults,
    next_key,
    policy,
    registries,
)

IMAGE = "ghcr.io/owner/custom-coreos"
KEY = b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"


def shipped(*keys: str, image: str = IMAGE) -> dict[str, bytes]:
    paths = [f"{KEYS}/{key}" for key in keys or ("cosign.pub",)]
    entry = {REGISTRY_ENTRY: registries(image).encode(), POLICY: policy(image, paths).encode()}
    return dict.fromkeys(paths, KEY) | entry


def test_what_keygen_writes_belongs_together() -> None:
    """There is one key, or two as for a rotation."""
    assert HostFiles(shipped()).faults(IMAGE) == []
    assert HostFiles(shipped("cosign.pub", "cosign-2.pub")).faults(IMAGE) == []


def test_the_same_keys_judge_another_image_of_ours() -> None:
    """Our own kmods need the signatures that hosts require of the image; the rule for the image itself is gone."""
    both = HostFiles(shipped("cosign.pub", "cosign-2.pub") | {f"{REGISTRY_ENTRY}.old": b"docker: {}"})
    other = both.of(f"{IMAGE}-kmods")
    assert other.faults(f"{IMAGE}-kmods") == []
    assert other.keys == both.keys
    assert list(json.loads(other.files[POLICY])["transports"]["docker"]) == [f"{IMAGE}-kmods", ""]
    assert f"{REGISTRY_ENTRY}.old" not in other.files


def test_without_key_nothing_is_asked_for() -> None:
    """A fresh clone ships no key; a policy that requires one anyway would strand hosts."""
    assert HostFiles({}).faults(IMAGE) == []
    alone = {POLICY: shipped()[POLICY]}
    assert "no key ships" in HostFiles(alone).faults(IMAGE)[0]


def with_default(*requirements: str) -> bytes:
    """Return the policy with another default."""
    return json.dumps(json.loads(shipped()[POLICY]) | {"default": [{"type": each} for each in requirements]}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {POLICY: None},
        {POLICY: shipped()[POLICY][:-20]},
        {POLICY: b"[]"},
        {POLICY: with_default("insecureAcceptAnything")},
        {POLICY: with_default("reject", "insecureAcceptAnything")},
        {POLICY: with_default()},
        {"root/.config/containers/policy.json": b"{}"},
        {"var/roothome/.config/containers/registries.d/x.yaml": b""},
    ],
    ids=[
        "no policy", "no JSON", "a list", "a default that accepts", "two defaults", "no default", "root's policy",
        "root's registries.d",
    ],
)  # fmt: skip
def test_what_needs_no_try_is_found(changes: dict[str, bytes | None]) -> None:
    """Each strands every host that follows the image, or lets unsigned images in."""
    files = {path: content for path, content in {**shipped(), **changes}.items() if content is not None}
    assert len(HostFiles(files).faults(IMAGE)) == 1


ELSEWHERE = {"type": "exactRepository", "dockerRepository": "x/y"}
OURS = "/etc/pki/cosign/cosign.pub"
RULE = [{"type": "sigstoreSigned", "keyPath": OURS}]


def decisions(**changes: object) -> list[Decision]:
    """Return what host-policy prints for a good policy, with some fields of one row changed."""
    good = {"reference": f"{IMAGE}:stable", "rule": RULE}
    rows = [
        {**good, "signer": "none", "refusal": "no signature exists"},
        {**good, "signer": "foreign", "refusal": "invalid signature"},
        {**good, "signer": OURS, "refusal": ""},
    ]
    return [Decision.parse(row | changes if row["signer"] == changes.get("signer") else row) for row in rows]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"signer": "none", "refusal": ""}, f"accepts {IMAGE}:stable without a signature"),
        ({"signer": "foreign", "refusal": ""}, f"accepts {IMAGE}:stable with a stranger's signature"),
        ({"signer": OURS, "refusal": "no entry"}, f"{IMAGE}:stable is refused with a signature of {OURS}: no entry"),
        ({"signer": OURS, "rule": [{"keyPaths": [OURS, "/etc/x.pub"]}]}, "keys that do not ship: /etc/x.pub"),
        ({"signer": OURS, "rule": [{"keyData": "S0VZ"}]}, "keys that do not ship: S0VZ"),
        ({"signer": OURS, "rule": [{"fulcio": {"caPath": "/x"}}]}, "also accepts ghcr.io"),
        ({"signer": OURS, "rule": [{"pki": {"caRootsPath": "/x"}}]}, "by pki"),
        (
            {"signer": OURS, "rule": [{"signedIdentity": ELSEWHERE}]},
            "of x/y",
        ),
        ({"signer": OURS, "rule": [{"signedIdentity": {"dockerRepository": IMAGE}}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": {"dockerReference": f"{IMAGE}:x"}}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": {"signedPrefix": "x:5000/y"}}]}, "signatures of x:5000/y"),
        ({"signer": OURS, "rule": [{"type": "reject"}, {"keyDatas": ["S0VZ"]}]}, "keys that do not ship: S0VZ"),
    ],
)
def test_only_our_keys_may_open_our_name(changes: dict[str, object], said: str) -> None:
    """Whatever the policy looks like, these are the decisions that count."""
    faults = decision_faults(decisions(**changes), HostFiles(shipped()))
    assert len(faults) == bool(said)
    assert said in "".join(faults)


def test_the_policy_names_one_key_or_several() -> None:
    """containers/image takes exactly one of the two fields; tests/lab/test_policy.py tries both."""
    for keys, field, value in (
        (["etc/a.pub"], "keyPath", "/etc/a.pub"),
        (["etc/a.pub", "etc/b.pub"], "keyPaths", ["/etc/a.pub", "/etc/b.pub"]),
    ):
        (rule,) = json.loads(policy(IMAGE, keys))["transports"]["docker"][IMAGE]
        assert {name: rule[name] for name in rule if name.startswith("keyPath")} == {field: value}


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


def test_below_a_folder_the_policy_names_the_keys_there() -> None:
    """So the shipped policy can be tried without installing it; nothing else in it changes."""
    moved = HostFiles(shipped()).below("/tmp/x")  # noqa: S108  (a name, no file)
    assert b'"/tmp/x/etc/pki/cosign/cosign.pub"' in moved[POLICY]
    assert moved[POLICY].replace(b"/tmp/x", b"") == shipped()[POLICY]
