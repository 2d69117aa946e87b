"""A Lock is complete, and reads back as written."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies

from tasks.model.errors import TaskError
from tasks.model.lock import Lock, content_digest, created_of, fingerprint, has_lock
from tests.builders.values import DIGEST, KMODS_DIGEST, lock


def test_a_lock_reads_back_as_it_was_written() -> None:
    """JSON and back gives the same Lock."""
    assert Lock.from_json(lock().to_json(), "x.json") == lock()
    assert json.loads(lock().to_json())["schema"] == 1  # another number where the fields are others
    assert lock().fedora == 44


@pytest.mark.parametrize("packages", ["tailscale", [1], ["tailscale", None], {"tailscale": 1}])
def test_packages_are_a_list_of_names(packages: object) -> None:
    """A word is no list of its letters."""
    document = json.loads(lock().to_json()) | {"packages": packages}
    with pytest.raises(TaskError, match=r"x\.json is not a Lock") as caught:
        Lock.from_json(json.dumps(document), "x.json")
    assert caught.value.why == "packages must be a list of names"


def test_a_lock_that_is_nested_too_deeply_is_refused_by_name() -> None:
    """The error says which file."""
    with pytest.raises(TaskError, match=r"x\.json is not a Lock"):
        Lock.from_json("[" * 100_000, "x.json")


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Lock) if field.name != "zfs_tarball"])
def test_a_lock_that_lacks_a_field_is_refused_by_name(field: str) -> None:
    """No field has a silent default."""
    document = json.loads(lock().to_json())
    del document[field]
    with pytest.raises(TaskError, match=r"x\.json is not a Lock") as caught:
        Lock.from_json(json.dumps(document), "x.json")
    assert field in caught.value.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        json.dumps({"schema": 2}),
        lock().to_json()[:200],
        lock().to_json().replace('"revision"', '"revison"'),
    ],
)
def test_what_is_no_lock_is_refused(text: str) -> None:
    """It is cut short, has another schema, or has a typo."""
    with pytest.raises(TaskError, match=r"x\.json is not a Lock"):
        Lock.from_json(text, "x.json")


def test_a_lock_of_kmods_that_were_built_here_pins_their_source() -> None:
    """File and labels have the tarball's digest; published kmods have none."""
    own = dataclasses.replace(lock(), zfs_tarball=DIGEST)
    labels = own.labels("custom-coreos", "https://github.com/o/n", "2026-11-23T00:00:00+00:00")
    assert Lock.from_json(own.to_json(), "x.json") == own == Lock.from_labels(labels, "x:stable")
    assert "tarball" not in lock().to_json()
    with pytest.raises(TaskError, match=r"x\.json is not a Lock") as caught:
        Lock.from_json(own.to_json().replace(f'"zfs_tarball": "{DIGEST}"', '"zfs_tarball": "null"'), "x.json")
    assert "zfs_tarball" in caught.value.why


OTHER = "sha256:" + "e" * 64
_EDITS = {
    "revision": "1" * 40, "fcos_version": "44.20261103.3.0", "kernel": "7.1.8-200.fc44.x86_64", "zfs_version": "2.4.3",
    **dict.fromkeys(("zfs_tarball", "inputs", "checksum"), OTHER), "packages": [],
    "base": f"quay.io/fedora/fedora-coreos@{OTHER}", "kmods": f"ghcr.io/o/n@{OTHER}",
}  # fmt: skip


@pytest.mark.parametrize("field", _EDITS)
def test_an_edit_of_any_field_is_noticed(field: str) -> None:
    """Each is a value that a Lock may have; without its checksum it is refused too."""
    document = json.loads(lock().to_json()) | {field: _EDITS[field]}
    with pytest.raises(TaskError, match="somebody has edited the file"):
        Lock.from_json(json.dumps(document), "x.json")
    del document["checksum"]
    with pytest.raises(TaskError, match="its checksum is missing"):
        Lock.from_json(json.dumps(document), "x.json")
    assert {*_EDITS} == {*json.loads(dataclasses.replace(lock(), zfs_tarball=DIGEST).to_json())} - {"schema"}


def test_another_layout_of_the_same_lock_is_no_edit() -> None:
    """The checksum is over values, not over spaces or the order of fields."""
    document = json.loads(lock().to_json())
    assert Lock.from_json(json.dumps(dict(reversed(document.items()))), "x.json") == lock()


def test_a_digest_that_is_none_is_refused() -> None:
    """A Lock edited by hand cannot name something that moves."""
    with pytest.raises(TaskError, match="not an image by digest"):
        Lock.from_json(lock().to_json().replace(DIGEST, "stable"), "x.json")


def test_labels_carry_the_lock_under_oci_names_first() -> None:
    """Base, version and revision have OCI's own names, everything else ours."""
    labels = lock().labels("custom-coreos", "https://github.com/o/n", "2026-11-23T00:00:00+00:00")
    assert labels["org.opencontainers.image.base.digest"] == DIGEST
    assert labels["org.opencontainers.image.base.name"] == "quay.io/fedora/fedora-coreos"
    assert labels["custom-coreos.zfs-version"] == "2.4.4"
    assert labels["custom-coreos.kmods"].endswith(KMODS_DIGEST)
    assert all(labels.values())


def test_a_lock_reads_back_from_an_image() -> None:
    """What was built can be built again; the date is the label's."""
    labels = lock().labels("custom-coreos", "https://github.com/o/n", "2026-11-23T00:00:00+00:00")
    assert has_lock(labels)
    assert Lock.from_labels(labels, "x:stable") == lock()
    for text, hour in (("2026-11-23T00:00:00+00:00", 0), ("2026-11-23T02:00:00", 2), ("2026-11-23T02:00:00+02:00", 0)):
        moment = created_of(labels | {"org.opencontainers.image.created": text}, "x:stable")
        assert moment == datetime(2026, 11, 23, hour, tzinfo=UTC), text


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("custom-coreos.kernel-version", "null"),
        ("custom-coreos.zfs-version", ""),
        ("custom-coreos.kmods", "ghcr.io/x/y:latest"),
        ("org.opencontainers.image.base.digest", "<no value>"),
        ("custom-coreos.fcos-version", "stable"),
        ("custom-coreos.inputs", ""),
    ],
)
def test_a_label_that_is_wrong_is_no_lock(label: str, value: str) -> None:
    """For an empty label or the word null, the error has the image's name or the value itself."""
    labels = lock().labels("custom-coreos", "https://github.com/o/n", "today") | {label: value}
    with pytest.raises(TaskError) as caught:
        Lock.from_labels(labels, "x:stable")
    assert "x:stable" in str(caught.value) or value in str(caught.value)
    with pytest.raises(TaskError, match="x:stable is not a Lock"):
        created_of(labels, "x:stable")
    assert not has_lock({"org.opencontainers.image.version": "44.20261110.3.0"})


ENTRIES = strategies.lists(
    strategies.tuples(
        strategies.text(min_size=1), strategies.sampled_from(["file", "executable", "link"]), strategies.binary()
    ),
    unique_by=lambda entry: entry[0],
    min_size=1,
)


@given(ENTRIES, strategies.randoms(), strategies.binary(min_size=1))
def test_the_fingerprint_follows_content_and_not_order(
    entries: list[tuple[str, str, bytes]], random: object, more: bytes
) -> None:
    """The same inputs give the same fingerprint in any order; any change gives another."""
    content = content_digest(entries)
    before = fingerprint(DIGEST, KMODS_DIGEST, content)
    path, kind, body = entries[0]
    for other in ((path, kind, body + more), (path, f"{kind}x", body), (f"{path}x", kind, body)):
        changed = content_digest([other, *entries[1:]])
        assert changed != content
        assert fingerprint(DIGEST, KMODS_DIGEST, changed) != before
    assert fingerprint(KMODS_DIGEST, DIGEST, content) != before
    random.shuffle(entries)  # type: ignore[attr-defined]
    assert content_digest(entries) == content
