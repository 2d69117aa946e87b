"""What host-policy decided becomes faults; tests/lab/test_policy.py asks the real library."""

import base64
import json

import pytest

from tasks.model.policy import parse
from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, Decision, HostFiles, decision_faults
from tests.builders.keys import IMAGE, pem, shipped


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


def test_half_a_pair_of_certificates_for_our_registry_is_a_fault() -> None:
    """Another registry's is not."""
    for host, faulty in {"ghcr.io": True, "other.example": False}.items():
        half = {f"etc/containers/certs.d/{host}/client.cert": b"-----BEGIN CERTIFICATE-----"}
        assert bool(HostFiles(shipped() | half).faults(IMAGE)) is faulty


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
        {"root/.config/containers/certs.d/ghcr.io/ca.crt": b""},
    ],
    ids=[
        "no policy", "no JSON", "a list", "a default that accepts", "two defaults", "no default", "root's policy",
        "root's registries.d", "root's certificates",
    ],
)  # fmt: skip
def test_what_needs_no_try_is_found(changes: dict[str, bytes | None]) -> None:
    """Each strands every host that follows the image, or lets unsigned images in."""
    files = {path: content for path, content in {**shipped(), **changes}.items() if content is not None}
    assert len(HostFiles(files).faults(IMAGE)) == 1


@pytest.mark.parametrize("name", ["auth.json", "containers.conf", "storage.conf", "systemd/a.container"])
def test_what_else_root_has_of_podman_s_decides_about_no_image(name: str) -> None:
    """Only some files in that folder come before those in /etc/containers."""
    assert HostFiles({**shipped(), f"root/.config/containers/{name}": b""}).faults(IMAGE) == []


ELSEWHERE = {"type": "exactRepository", "dockerRepository": "x/y"}
OURS = "/etc/pki/cosign/cosign.pub"
RULE = [{"type": "sigstoreSigned", "keyPath": OURS}]


def remapped(prefix: str, signed: str) -> dict[str, str]:
    """Return an identity that is looked for under another name."""
    return {"type": "remapIdentity", "prefix": prefix, "signedPrefix": signed}


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
        ({"signer": OURS, "rule": [{"keyPaths": [OURS, "/etc/x.pub"]}]}, "keys that are not ours: /etc/x.pub"),
        ({"signer": OURS, "rule": [{"keyData": "S0VZ"}]}, "keys that are not ours: S0VZ"),
        ({"signer": OURS, "rule": [{"fulcio": {"caPath": "/x"}}]}, "also accepts ghcr.io"),
        ({"signer": OURS, "rule": [{"pki": {"caRootsPath": "/x"}}]}, "by pki"),
        (
            {"signer": OURS, "rule": [{"signedIdentity": ELSEWHERE}]},
            "of x/y",
        ),
        ({"signer": OURS, "rule": [{"signedIdentity": {"dockerRepository": IMAGE}}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": {"dockerReference": f"{IMAGE}:x"}}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped(IMAGE, "x:5000/y")}]}, "signatures of x:5000/y"),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped("ghcr.io/owner", "x.io/y")}]}, "of x.io/y/custom"),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped(IMAGE, "x/y")}]}, "signatures of x/y:stable"),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped("ghcr.io/owner", "ghcr.io/owner")}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped("docker.io", "x.io")}]}, ""),
        ({"signer": OURS, "rule": [{"signedIdentity": remapped("ghcr.io/own", "x.io")}]}, ""),
        ({"signer": OURS, "rule": [{"type": "reject"}, {"keyDatas": ["S0VZ"]}]}, "keys that are not ours: S0VZ"),
    ],
)
def test_only_our_keys_may_open_our_name(changes: dict[str, object], said: str) -> None:
    """Whatever the policy looks like, these are the decisions that count."""
    faults = decision_faults(decisions(**changes), HostFiles(shipped()))
    assert len(faults) == bool(said)
    assert said in "".join(faults)


def test_below_a_folder_the_policy_names_the_keys_there() -> None:
    """So the shipped policy can be tried without installing it; nothing else in it changes."""
    moved = HostFiles(shipped()).below("/tmp/x")  # noqa: S108  (a name, no file)
    assert b'"/tmp/x/etc/pki/cosign/cosign.pub"' in moved[POLICY]
    assert parse(moved[POLICY].replace(b"/tmp/x", b"")) == parse(shipped()[POLICY])


@pytest.mark.parametrize(
    ("named", "there"),
    {
        f"//{KEYS}/cosign.pub": f"{KEYS}/cosign.pub",
        f"/{KEYS}/./x/..//cosign.pub": f"{KEYS}/cosign.pub",
        f"/{KEYS}/mine.pub": f"{KEYS}/cosign.pub",
        f"/{KEYS}/ublue.pub": f"{KEYS}/ublue.pub",
        "/etc/hostname": "etc/hostname",
    }.items(),
)
def test_the_same_key_counts_under_every_name(named: str, there: str) -> None:
    """A policy may name it with two slashes, or a copy of it; a stranger's stays one."""
    beside = {f"{KEYS}/mine.pub": pem(f"{KEYS}/cosign.pub"), f"{KEYS}/ublue.pub": pem("ublue")}
    files = shipped() | beside
    files[POLICY] = files[POLICY].replace(f"/{KEYS}/cosign.pub".encode(), named.encode())
    (rule,) = parse(HostFiles(files).below("/x")[POLICY])["transports"]["docker"][IMAGE]
    assert rule["keyPath"] == f"/x/{there}"


def test_our_key_in_the_policy_itself_is_ours() -> None:
    """The bytes count; a relative path leads nowhere on a host."""
    files = shipped()
    inside = base64.b64encode(pem(f"{KEYS}/cosign.pub").replace(b"\n", b"\r\n")).decode()
    data = files[POLICY].replace(b"keyPath", b"keyData")
    for before, after, expected in (
        (f"/{KEYS}/cosign.pub", inside, {"keyPath": f"/x/{KEYS}/cosign.pub"}),
        (f"/{KEYS}/cosign.pub", "S0VZ", {"keyData": "S0VZ"}),
        (f"/{KEYS}/cosign.pub", "no base64", {"keyData": "no base64"}),
    ):
        written_inside = HostFiles({**files, POLICY: data.replace(before.encode(), after.encode())})
        (rule,) = parse(written_inside.below("/x")[POLICY])["transports"]["docker"][IMAGE]
        assert {name: rule[name] for name in rule if name.startswith("key")} == expected
    relative = files[POLICY].replace(f"/{KEYS}".encode(), KEYS.encode())
    assert f'"{KEYS}/cosign.pub"'.encode() in HostFiles({**files, POLICY: relative}).below("/x")[POLICY]
