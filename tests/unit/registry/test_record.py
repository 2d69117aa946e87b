"""Records: they read back as written, and other artifacts are ignored."""

from datetime import UTC, datetime, timedelta

import pytest
from packaging.version import Version

from tasks.model.registry import record
from tasks.model.registry.manifest import BUNDLE, Descriptor
from tasks.model.registry.record import Kind, Record
from tests.builders.values import lock

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


DIGEST, OTHER, THIRD = (f"sha256:{letter * 64}" for letter in "abc")


def described(found: Record) -> Descriptor:
    return Descriptor(digest=DIGEST, media_type="", artifact_type=found.kind, annotations=found.annotations())


def promoted(day: int) -> Record:
    return record.promoted(NOW + timedelta(days=day), lock(), "", "by hand")


def test_a_record_round_trips_through_annotations() -> None:
    """History reads what promote writes."""
    for found in (promoted(0), record.verified(NOW, "1", 32, "by hand")):
        assert Record.read(described(found)) == found


@pytest.mark.parametrize("kind", ["", "application/spdx+json", f"{BUNDLE}.v0.3+json"])
def test_what_is_no_record_is_left_alone(kind: str) -> None:
    """The same list has attestations and SBOMs."""
    assert Record.read(Descriptor(digest=DIGEST, media_type="", artifact_type=kind, annotations={})) is None


def test_a_record_without_a_date_is_none() -> None:
    """A record made by hand cannot be sorted."""
    assert Record.read(Descriptor(digest=DIGEST, media_type="", artifact_type=Kind.PROMOTED, annotations={})) is None


def test_an_older_contract_or_another_result_is_no_verification() -> None:
    """Promote requires today's contract."""
    kept = record.verified(NOW, "1", 32, "")
    assert record.is_verified([kept], "1")
    assert not record.is_verified([kept], "2")
    assert not record.is_verified([promoted(0)], "1")


def test_the_lock_of_a_record_is_the_images() -> None:
    """History shows versions without reading images."""
    facts = promoted(0).facts
    assert (facts["zfs-version"], facts["inputs"]) == (str(Version("2.4.4")), lock().inputs)
