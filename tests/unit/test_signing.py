"""Keys, policy and image name must match, or hosts could never update again."""

import json

import pytest

from tasks.model.errors import TaskError
from tasks.model.signing import (
    KEYS,
    POLICY,
    REGISTRY_ENTRY,
    HostFiles,
    next_key,
    policy,
    registries,
    require_consistent,
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
    assert other.faults(IMAGE)
    assert f"{REGISTRY_ENTRY}.old" not in other.files


def test_without_key_nothing_is_asked_for() -> None:
    """A fresh clone ships no key; a policy that requires one anyway would strand hosts."""
    assert HostFiles({}).faults(IMAGE) == []
    alone = {POLICY: shipped()[POLICY]}
    assert "no key ships" in HostFiles(alone).faults(IMAGE)[0]


def with_rule(**changes: object) -> bytes:
    """Return the policy with another rule for the image."""
    document = json.loads(shipped()[POLICY])
    document["transports"]["docker"][IMAGE][0] |= changes
    return json.dumps(document).encode()


def with_two_rules() -> bytes:
    """Return the policy with one more rule for the image."""
    document = json.loads(shipped()[POLICY])
    document["transports"]["docker"][IMAGE] *= 2
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {POLICY: None},
        {POLICY: shipped()[POLICY][:-20]},
        {REGISTRY_ENTRY: None},
        {REGISTRY_ENTRY: registries(IMAGE).replace("true", "false").encode()},
        {REGISTRY_ENTRY: b"docker:\n\tx: y\n"},
        {f"{KEYS}/cosign.pub": b"key"},
        {f"{KEYS}/cosign-2.pub": KEY},
        {POLICY: with_rule(type="insecureAcceptAnything")},
        {POLICY: with_rule(signedIdentity={"type": "matchExact"})},
        {POLICY: with_rule(keyPath="/etc/pki/cosign/other.pub")},
        {POLICY: with_two_rules()},
    ],
    ids=[
        "no policy", "no JSON", "no entry", "attachments off", "a tab", "no PEM", "one more key", "another type",
        "another identity", "another key", "two rules",
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_found(changes: dict[str, bytes | None]) -> None:
    """Any one of them strands every host that follows the image."""
    files = {path: content for path, content in {**shipped(), **changes}.items() if content is not None}
    assert len(HostFiles(files).faults(IMAGE)) == 1


def test_the_policy_of_another_image_name_is_found_and_told_how_to_mend() -> None:
    """After a rename the old policy would protect nothing."""
    with pytest.raises(TaskError) as caught:
        require_consistent(HostFiles(shipped(image="ghcr.io/owner/other")), IMAGE, "overlay-root")
    assert "keygen --policy" in caught.value.next
    assert IMAGE in caught.value.why


def test_key_files_are_numbered_and_sorted_by_number() -> None:
    """The tenth key comes after the second."""
    files = HostFiles(shipped("cosign.pub", "cosign-10.pub", "cosign-2.pub"))
    assert [path.rsplit("/", 1)[1] for path in files.keys] == ["cosign.pub", "cosign-2.pub", "cosign-10.pub"]
    assert next_key(files) == f"{KEYS}/cosign-11.pub"
    assert next_key(HostFiles({})) == f"{KEYS}/cosign.pub"


def test_below_a_folder_the_policy_names_the_keys_there() -> None:
    """So the shipped policy can be tried without installing it; nothing else in it changes."""
    moved = HostFiles(shipped()).below("/tmp/x")  # noqa: S108  (a name, no file)
    assert b'"/tmp/x/etc/pki/cosign/cosign.pub"' in moved[POLICY]
    assert moved[POLICY].replace(b"/tmp/x", b"") == shipped()[POLICY]
