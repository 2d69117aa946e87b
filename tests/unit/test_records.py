"""Records, history and differences: what is read back is what was written, and other things are left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.registry import record
from tasks.model.registry.attestation import PROVENANCE
from tasks.model.registry.attestation import fault as attestation_fault
from tasks.model.registry.diff import Change
from tasks.model.registry.history import History
from tasks.model.registry.manifest import BUNDLE, Descriptor, Manifest, attached_to, referrers_tag, signature_tag
from tasks.model.registry.record import Kind, Record
from tests.builders.values import lock

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
DIGEST, OTHER, THIRD = (f"sha256:{letter * 64}" for letter in "abc")


def described(found: Record) -> Descriptor:
    return Descriptor(digest=DIGEST, media_type="", artifact_type=found.kind, annotations=found.annotations())


def promoted(day: int) -> Record:
    return record.promoted(NOW + timedelta(days=day), lock(), "", "by hand")


def test_a_record_round_trips_through_annotations() -> None:
    """History reads what promote wrote."""
    for found in (promoted(0), record.verified(NOW, "1", 32, "by hand")):
        assert Record.read(described(found)) == found


@pytest.mark.parametrize("kind", ["", "application/spdx+json", f"{BUNDLE}.v0.3+json"])
def test_what_is_no_record_is_left_alone(kind: str) -> None:
    """Attestations and SBOMs stand in the same list."""
    assert Record.read(Descriptor(digest=DIGEST, media_type="", artifact_type=kind, annotations={})) is None


def test_a_record_without_a_date_is_none() -> None:
    """A hand-made one cannot be put in order."""
    assert Record.read(Descriptor(digest=DIGEST, media_type="", artifact_type=Kind.PROMOTED, annotations={})) is None


def test_an_older_contract_or_another_result_is_no_verification() -> None:
    """Promote asks for today's contract."""
    kept = record.verified(NOW, "1", 32, "")
    assert record.is_verified([kept], "1")
    assert not record.is_verified([kept], "2")
    assert not record.is_verified([promoted(0)], "1")


def history(current: str, blocks: dict[str, str] | None = None) -> History:
    """Three images, a to c; b was promoted anew after c."""
    verified = record.verified(NOW, "1", 32, "")
    records = {
        "a": (verified, promoted(1)),
        "b": (verified, promoted(2), promoted(9)),
        "c": (verified, promoted(3)),
        "d": (verified,),
    }
    return History.of(records, frozenset("abc"), current, blocks or {})


def test_history_has_the_order_of_first_promotions() -> None:
    """A rollback does not make an old image new; what was never promoted is not in it."""
    assert [image.digest for image in history("b").images] == ["c", "b", "a"]
    assert history("b").images[1].last == NOW + timedelta(days=9)


def test_a_step_back_goes_further_back_each_time() -> None:
    """Rolling back twice does not come back to the bad image."""
    assert history("c").target().digest == "b"
    assert history("b").target().digest == "a"
    with pytest.raises(TaskError, match="nothing to roll back to"):
        history("a").target()


def test_a_move_without_a_record_is_known() -> None:
    """The tag is elsewhere than the newest record says, and no record tells of that move."""
    assert history("b").unrecorded() == ""
    assert history("a").unrecorded() == "b"
    told = record.promoted(NOW - timedelta(days=1), lock(), "b", "by a clock that is slow")
    records = {"a": (told,), "b": (promoted(2),)}
    assert History.of(records, frozenset(), "a", {}).unrecorded() == ""
    back_and_forth = {"a": (told,), "b": (record.promoted(NOW, lock(), "a", ""),)}
    assert History.of(back_and_forth, frozenset(), "a", {}).unrecorded() == "b"


def test_a_rollback_leaves_out_what_is_blocked() -> None:
    """The image before may be the one that was blocked last week."""
    assert history("c", {"b": "it panics"}).target().digest == "a"


def test_steps_back_are_counted_from_what_the_tag_has() -> None:
    """stable~1 is the one before, and more steps than images are an error."""
    assert history("c").back(2).digest == "a"
    with pytest.raises(TaskError, match="no stable~3"):
        history("c").back(3)
    with pytest.raises(TaskError, match="no promoted image"):
        history("").back(0)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("1.0-1.fc44", "1.0-2.fc44", "upgraded"),
        ("1.9-1", "1.10-1", "upgraded"),
        ("1.0~rc1-1", "1.0-1", "upgraded"),
        ("2.0-1", "1.9-5", "downgraded"),
        ("1:1.0-1", "2:0.5-1", "upgraded"),
        ("", "1.0", "added"),
        ("1.0", "", "removed"),
    ],
)
def test_a_package_change_is_named(before: str, after: str, change: str) -> None:
    """As rpm compares versions."""
    assert Change.of("package", "x", before, after).change == change


def statement(digest: str = DIGEST, kind: str = PROVENANCE) -> object:
    return {"subject": [{"name": "n", "digest": {"sha256": digest[7:]}}], "predicateType": kind}


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([statement()], ""),
        ([None, statement()], ""),
        ([], "no attestation is attached"),
        ([None], "holds no statement"),
        ([{}], "of another digest"),
        ([{"subject": "x"}], "of another digest"),
        ([{"subject": [{"digest": "x"}]}], "of another digest"),
        ([statement("sha256:" + "b" * 64)], "of another digest"),
        ([statement(kind="https://spdx.dev/Document")], "of the kind"),
    ],
)
def test_an_attestation_is_held_against_digest_and_kind(found: list[object], fault: str) -> None:
    """One good statement is enough."""
    assert fault in attestation_fault(found, DIGEST) if fault else attestation_fault(found, DIGEST) == ""


def test_a_manifest_tells_what_it_needs_and_what_it_belongs_to() -> None:
    """Configuration and layers, children, subject."""
    body = (
        '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "x/y",'
        f'"config": {{"digest": "{DIGEST}"}}, "layers": [{{"digest": "{OTHER}"}}, 7],'
        f'"subject": {{"digest": "{THIRD}"}}}}'
    )
    found = Manifest.parse(body.encode(), "m")
    assert found.refers_to == (DIGEST, OTHER)
    assert found.subject == THIRD
    assert not found.is_known


def test_of_an_unknown_form_everything_that_looks_like_a_digest_is_needed() -> None:
    """So that cleanup keeps too much rather than too little."""
    found = Manifest.parse(f'{{"mediaType": "new", "parts": {{"x": "{DIGEST}"}}}}'.encode(), "m")
    assert found.refers_to == (DIGEST,)
    assert not found.is_known


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a"'])
def test_what_is_no_manifest_is_an_error(body: bytes) -> None:
    """It could need anything."""
    with pytest.raises(TaskError, match="is no manifest"):
        Manifest.parse(body, "m")


def test_tags_that_belong_to_a_digest_are_known_by_name() -> None:
    """Signature, attestation, referrers list; nothing else."""
    assert attached_to(signature_tag(DIGEST)) == attached_to(referrers_tag(DIGEST)) == DIGEST
    assert attached_to("stable") == attached_to("sha256-12") == attached_to(f"{referrers_tag(DIGEST)}.other") == ""


def test_the_lock_of_a_record_is_the_images() -> None:
    """History shows versions without reading images."""
    facts = promoted(0).facts
    assert (facts["zfs-version"], facts["inputs"]) == (str(Version("2.4.4")), lock().inputs)
