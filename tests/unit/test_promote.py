"""Promote and rollback after a rotation: what they say about images and machines of other keys."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tasks.clients import login, signer, skopeo, workspace
from tasks.flows import history, keys, promote, rollback
from tasks.model.errors import TaskError
from tasks.model.image import BaseImage, ImageRef
from tasks.model.lock import KEYS_LABEL
from tasks.model.signing import HostFiles
from tests.builders.keys import pem
from tests.builders.values import DIGEST, KMODS_DIGEST, lock

if TYPE_CHECKING:
    from tasks.model.registry.history import Promoted
    from tasks.settings.values import Settings

NAME = "ghcr.io/o/n"
IMAGE = ImageRef(NAME, DIGEST)
OLD, NEW = "etc/pki/cosign/cosign.pub", "etc/pki/cosign/cosign-2.pub"

BOTH = HostFiles({OLD: pem("old"), NEW: pem("new")})
SETTINGS = cast("Settings", SimpleNamespace(image=NAME, host="ghcr.io"))


def public(*keys: str) -> BaseImage:
    """Return the image at the public tag, which trusts some of the keys."""
    trusted = " ".join(BOTH.fingerprints[key] for key in keys)
    return BaseImage(name=NAME, digest=KMODS_DIGEST, labels={KEYS_LABEL: trusted}, created=None, architecture="amd64")


def stranded(monkeypatch: pytest.MonkeyPatch, trusted: tuple[str, ...], signers: tuple[str, ...]) -> str:
    """Return why machines that trust some keys would refuse an image of these signers."""
    monkeypatch.setattr(workspace, "host_files", lambda: BOTH)
    monkeypatch.setattr(signer, "signers", lambda *_: signers)
    return promote.stranded(SETTINGS, IMAGE, public(*trusted))


def test_machines_accept_what_one_of_their_keys_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a key that they do not have strands them."""
    assert stranded(monkeypatch, (OLD, NEW), (NEW,)) == ""
    assert stranded(monkeypatch, (OLD,), (NEW, OLD)) == ""
    assert (
        stranded(monkeypatch, (OLD,), (NEW,))
        == f"it is signed by cosign-2.pub, and {public().source} trusts other keys"
    )


def test_nobody_claims_to_know_what_a_key_that_does_not_ship_has_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines may still have that key, but no public half is here that could tell."""
    said = stranded(monkeypatch, (OLD,), ())
    assert said == f"no key that ships signed it, so whether machines that run {public().source} accept it is unknown"


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[ImageRef]:
    """Return the images that the tag was moved to; the registry has the one that a rollback names."""
    calls: list[ImageRef] = []
    left = SimpleNamespace(
        digest=KMODS_DIGEST, facts={"zfs-version": "2.4.4", "inputs": "sha256:1", "fcos-version": "44"}
    )
    past = SimpleNamespace(back=lambda _: cast("Promoted", left), unrecorded=lambda: "")
    monkeypatch.setattr(keys, "require", lambda _: None)
    monkeypatch.setattr(login, "require", lambda _: None)
    monkeypatch.setattr(history, "promoted", lambda _: past)
    monkeypatch.setattr(history, "lock_of", lambda _: lock())
    monkeypatch.setattr(workspace, "host_files", lambda: BOTH)
    monkeypatch.setattr(promote, "move", lambda _, image, *__: calls.append(image))
    return calls


def test_a_rollback_says_that_its_image_does_not_trust_the_new_key(
    moved: list[ImageRef], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Machines that follow it lose the new key, so the next image must have the old one's signature."""
    monkeypatch.setattr(skopeo, "inspect", lambda *_: public(OLD))
    rollback.rollback(SETTINGS, DIGEST)
    assert moved == [IMAGE]
    said = " ".join(capsys.readouterr().err.split())
    assert "does not trust cosign-2.pub: sign the next image with the private half of cosign.pub" in said


@pytest.mark.parametrize("trusted", [(OLD, NEW), ()])
def test_a_rollback_to_an_image_with_the_same_keys_says_nothing_of_them(
    moved: list[ImageRef], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trusted: tuple[str, ...]
) -> None:
    """Neither does one to an image of an older version, which does not say which keys it trusts."""
    monkeypatch.setattr(skopeo, "inspect", lambda *_: public(*trusted))
    rollback.rollback(SETTINGS, DIGEST)
    assert moved == [IMAGE]
    assert "does not trust" not in capsys.readouterr().err


def test_a_rollback_that_is_refused_says_how_to_leave_the_bad_image(
    moved: list[ImageRef], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the old, deleted key signed the older images: blocking the bad one and building is all that is left."""

    def refuse(*_: object) -> None:
        raise TaskError("stable is not moved", "signature: no key that ships signed it", "nothing was changed")

    monkeypatch.setattr(skopeo, "inspect", lambda *_: public(OLD))
    monkeypatch.setattr(promote, "move", refuse)
    with pytest.raises(TaskError, match="stable is not moved"):
        rollback.rollback(SETTINGS, DIGEST)
    said = capsys.readouterr().err
    assert "./inv block --inputs sha256:1" in said
    assert "bootc upgrade" not in said
    assert moved == []
