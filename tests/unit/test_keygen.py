"""keygen writes into a checkout what is ours, and leaves the owner's; the pair itself is made by host-policy."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tasks.clients import identity, key_pairs, signer, workspace
from tasks.clients.key_pairs import KeyPair
from tasks.flows.keys import keygen
from tasks.model.errors import TaskError
from tasks.model.policy import parse, rule_of, written
from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, registries
from tests.builders.keys import pem

if TYPE_CHECKING:
    from tasks.settings.values import Settings

IMAGE = "ghcr.io/owner/custom-coreos"
SETTINGS = cast("Settings", SimpleNamespace(image=IMAGE))  # keygen reads nothing else
UBLUE = [{"type": "sigstoreSigned", "keyPath": f"/{KEYS}/ublue.pub"}]


@pytest.fixture
def top(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the overlay-root of an empty checkout, in which every new pair is another."""
    monkeypatch.setattr(workspace, "ROOT", tmp_path / "checkout")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SIGNING_PASSPHRASE", raising=False)
    monkeypatch.setattr(identity, "origin", lambda: "")
    monkeypatch.setattr(signer, "faults", lambda *_: [])
    numbers = iter(range(99))
    pair = (KeyPair(f"private {number}", pem(f"public {number}").decode(), "") for number in numbers)
    monkeypatch.setattr(key_pairs, "generate", lambda: next(pair))
    return tmp_path / "checkout/overlay-root"


def made(step: str = "", key: str = "") -> None:
    """Type keygen, with one option if it is named."""
    keygen(SETTINGS, key, rotate=step == "rotate", backup=step == "backup", policy=step == "policy")


def put(top: Path, path: str, content: str | bytes) -> Path:
    """Write a file of the owner's."""
    file = top / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_a_rotation_keeps_what_an_owner_added(top: Path) -> None:
    """Rules for other images and transports, another project's key, files beside the keys, and other registries."""
    made()
    policy = parse((top / POLICY).read_bytes())
    policy["transports"]["docker"]["ghcr.io/ublue-os"] = UBLUE
    policy["transports"]["docker-daemon"] = {"": [{"type": "reject"}]}
    kept = {
        f"{KEYS}/ublue.pub": pem("ublue"), f"{KEYS}/.gitkeep": b"", f"{KEYS}/README": b"whose keys",
        f"{KEYS}/x.pub": b"",
        "etc/containers/registries.d/ublue.yaml": registries("ghcr.io/ublue-os").encode(),
    }  # fmt: skip
    put(top, POLICY, json.dumps(policy))
    for path, content in kept.items():
        put(top, path, content)
    for step in ("rotate", "policy"):
        made(step)
        after = parse((top / POLICY).read_bytes())
        (rule,) = after["transports"]["docker"][IMAGE]
        assert rule["keyPaths"] == [f"/{KEYS}/cosign.pub", f"/{KEYS}/cosign-2.pub"]
        policy["transports"]["docker"][IMAGE] = [rule]
        assert after == policy
        assert {path: (top / path).read_bytes() for path in kept} == kept


def test_another_projects_key_is_not_the_first_key(top: Path) -> None:
    """An owner who ships one, with a policy of his own, still has to make his."""
    put(top, f"{KEYS}/ublue.pub", pem("ublue"))
    own = {"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {"ghcr.io/ublue-os": UBLUE}}}
    put(top, POLICY, json.dumps(own))
    with pytest.raises(TaskError, match="no key ships yet"):
        made("rotate")
    made()
    (rule,) = parse((top / POLICY).read_bytes())["transports"]["docker"][IMAGE]
    assert rule["keyPath"] == f"/{KEYS}/cosign.pub"
    assert rule_of((top / POLICY).read_bytes(), "ghcr.io/ublue-os") == UBLUE


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (POLICY, '{"default": [', "is not written over"),
        (POLICY, '{"default": [], "default": []}', "given twice"),
        (REGISTRY_ENTRY, registries(IMAGE) + "  quay.io/me:\n    use-sigstore-attachments: true\n", "quay.io/me"),
        (f"{KEYS}/signing.key", "-----BEGIN PRIVATE KEY-----", "signing.key is a private key"),
        (f"{KEYS}/cosign-2.pub", "no key", "cosign-2.pub holds no public key"),
        (f"{KEYS}/cosign-2.pub", pem("public 0"), "the same key"),
    ],
)
def test_what_would_be_lost_or_does_not_fit_stops_keygen_first(
    top: Path, path: str, content: str | bytes, said: str
) -> None:
    """Before a key is made or shown, and before anything is written."""
    made()
    put(top, path, content)
    before = {file: file.read_bytes() for file in top.parents[1].rglob("*") if file.is_file()}
    for step in ("rotate", "backup", "policy"):
        with pytest.raises(TaskError) as caught:
            made(step)
        assert said in f"{caught.value.what} {caught.value.why}"
    assert before == {file: file.read_bytes() for file in top.parents[1].rglob("*") if file.is_file()}


def test_after_adopt_the_rule_of_the_former_name_goes(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of ours is published under it any more; an owner's rule for its neighbour stays."""
    made()
    former = "ghcr.io/samhclark/custom-coreos"
    put(top, REGISTRY_ENTRY, registries(former))
    present = written(former, [f"{KEYS}/cosign.pub"]).replace('"docker": {', f'"docker": {{ "{former}-x": [],')
    put(top, POLICY, present)
    made("policy")
    assert set(parse((top / POLICY).read_bytes())["transports"]["docker"]) == {IMAGE, f"{former}-x", ""}
    assert (top / REGISTRY_ENTRY).read_text() == registries(IMAGE)
    assert f"the rule for {former} goes" in capsys.readouterr().err


def test_no_private_key_is_written_where_it_would_be_published(top: Path, tmp_path: Path) -> None:
    """Nor to a folder, nor for a step that makes none."""
    for key in (str(top / "etc/signing.key"), str(top.parent / "signing.key"), str(tmp_path), "-"):
        with pytest.raises(TaskError):
            made(key=key)
    made(key=str(tmp_path / "mine.key"))
    with pytest.raises(TaskError, match="--key is not used"):
        made("policy", str(tmp_path / "mine.key"))
    assert (tmp_path / "mine.key").read_text() == "private 0"


def test_a_policy_that_is_still_wrong_fails(monkeypatch: pytest.MonkeyPatch, top: Path) -> None:
    """What an owner wrote for other images stays, so it may still be what hosts cannot read."""
    made()
    faults = iter([[], ["x is unknown"]])
    monkeypatch.setattr(signer, "faults", lambda *_: next(faults))
    with pytest.raises(TaskError, match="policy in overlay-root is wrong"):
        made("policy")
    assert (top / POLICY).exists()


@pytest.mark.parametrize("words", ["", "a passphrase"])
def test_the_documents_name_the_steps_after_a_rotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], top: Path, words: str
) -> None:
    """Each command that keygen prints is in the chapter about keys, in the same order."""
    assert top
    made()
    capsys.readouterr()
    monkeypatch.setenv("SIGNING_PASSPHRASE", words)
    made("rotate")
    chapter = (Path(__file__).parents[2] / "docs/security.md").read_text().partition("## Keys: ")[2]
    printed = re.findall(r"gh secret .*?(?=, if|$)", capsys.readouterr().err, re.MULTILINE)
    home = f"{key_pairs.default_key().parent}"
    assert len(printed) == 2
    assert [command.replace(home, "~/.config/custom-coreos") in chapter for command in printed] == [True, True]
