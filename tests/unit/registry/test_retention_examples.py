"""Cleanup's promises, one example each: limits, reasons, cycles, tags and records."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.model.registry import record
from tasks.model.registry.manifest import referrers_tag, signature_tag
from tasks.model.registry.retention import PackageVersion, newest_pairs, plan
from tests.builders.registries import NOW, POLICY, Registry, kept
from tests.builders.values import lock

PAIR_TAG, LIST_TAG = "zfs-2.4.4_kernel-7.1.9-200.fc44.x86_64", "sha256-" + "f" * 64


@pytest.mark.parametrize(("hours", "stays"), [(1, True), (0, False)])
def test_an_image_stays_for_the_whole_of_its_days(hours: int, stays: bool) -> None:
    """Nothing else keeps it."""
    made = Registry()
    digest = made.image(POLICY.days, [])
    versions = tuple(replace(each, created=each.created + timedelta(hours=hours)) for each in made.package().versions)
    decided = plan(replace(made.package(), versions=versions), replace(POLICY, keep=0), NOW)
    assert (digest in kept(decided)) == stays


def test_a_record_that_only_the_list_names_still_counts() -> None:
    """GitHub may show a record's manifest later than the list that names it."""
    made = Registry()
    digest = made.image(400, [])
    made.attach(300, digest, [record.verified(NOW, "1", 1, ""), record.promoted(NOW, lock(), "", "")])
    package = made.package()
    listed = {each: manifest for each, manifest in package.manifests.items() if not (manifest and manifest.subject)}
    assert {each.kind for each in replace(package, manifests=listed).records()[digest]} == set(record.Kind)


def test_what_needs_each_other_is_deleted_once() -> None:
    """A list under an image's fallback tag that also names the image: each needs the other."""
    made = Registry()
    digest = made.image(400, [])
    made.index(400, [referrers_tag(digest)], [{"digest": digest}])
    decided = plan(made.package(), replace(POLICY, keep=0), NOW)
    assert sorted(fate.version.digest for fate in decided.deletions) == sorted(made.truth)


def test_what_needs_another_is_deleted_before_it_although_it_is_older() -> None:
    """Each has one parent; the reason says that none has a tag."""
    made = Registry()
    image = made.image(400, [])
    inner = made.index(500, [], [{"digest": image}])
    outer = made.index(600, [], [{"digest": inner}])
    deletions = plan(made.package(), replace(POLICY, keep=0, max_fraction=1), NOW).deletions
    assert [fate.version.digest for fate in deletions] == [outer, inner, image]
    assert {fate.reason for fate in deletions} == {"older than 90 days, no tag, and nothing that is kept needs it"}


def test_only_the_list_under_the_fallback_tag_names_records() -> None:
    """A list under the tag of a signature names none."""
    made = Registry()
    digest = made.image(400, [])
    note = record.promoted(NOW, lock(), "", "")
    entry = {"artifactType": str(note.kind), "annotations": note.annotations()}
    made.index(400, [signature_tag(digest)], [{"digest": f"sha256:{'a' * 64}", **entry}])
    assert made.package().records() == {}
    made.index(400, [referrers_tag(digest)], [{"digest": f"sha256:{'a' * 64}", **entry}])
    assert {each.kind for each in made.package().records()[digest]} == {note.kind}


def test_a_reason_names_what_needs_a_version_or_may_need_it() -> None:
    """The digest is cut as podman cuts it."""
    made = Registry()
    digest = made.image(400, ["stable"])
    made.image(400, [signature_tag(digest)])
    made.image(400, [])
    unread = replace(made.package(), unread=f"sha256:{'e' * 64}")
    reasons = {fate.reason for fate in plan(unread, replace(POLICY, keep=0), NOW).kept}
    may = "it may belong to sha256:eeeeeeeeeeee, which could not be read"
    assert reasons == {"tag stable", f"it belongs to {digest[:19]}", may}


def test_the_plan_goes_from_the_newest_down_with_the_day_that_counts() -> None:
    """It is the day of the last promotion, if there is one."""
    made = Registry()
    first, second = made.image(60, []), made.image(50, [])
    made.attach(40, first, [record.promoted(NOW - timedelta(days=40), lock(), "", "")])
    fates = plan(made.package(), replace(POLICY, keep=0), NOW).kept
    assert [fate.version.created for fate in fates] == sorted((each.created for each in made.versions), reverse=True)
    reasons = {fate.version.digest: fate.reason for fate in fates}
    assert (reasons[first], reasons[second]) == ("promoted on 2026-10-14", "made on 2026-10-04")


def test_the_newest_pairs_are_those_of_the_newest_kernels() -> None:
    """The time of the push does not count, and no other tag counts."""
    tags = {
        "a": ("zfs-2.4.4_kernel-7.1.10-200.fc44.x86_64", "candidate"),
        "b": ("zfs-2.4.4_kernel-7.1.9-200.fc44.x86_64",),
        "c": ("zfs-2.3.9_kernel-7.1.10-200.fc44.x86_64",),
        "d": ("stable",),
    }
    versions = [PackageVersion(id=ord(name), digest=name, created=NOW, tags=of) for name, of in tags.items()]
    assert list(newest_pairs(versions, 2)) == ["a", "c"]
    assert newest_pairs(versions, 0) == {}


@pytest.mark.parametrize(
    ("tags", "stays"),
    [(["lts"], True), (["44.20261110.3.0", "x"], True), ([], False), ([PAIR_TAG], False), ([LIST_TAG], False)],
)
def test_what_an_owner_tagged_is_kept_with_all_it_needs(tags: list[str], stays: bool) -> None:
    """A machine may follow that tag; tags of pairs and of what is attached are ours."""
    made = Registry()
    digest = made.image(400, tags)
    decided = plan(made.package(), replace(POLICY, keep=0), NOW)
    assert (digest in kept(decided)) == stays


@pytest.mark.parametrize("listed", [True, False])
def test_records_keep_an_image_also_where_no_tag_lists_them(listed: bool) -> None:
    """A registry with the referrers API has none: records name the image as their subject. Each counts once."""
    made = Registry()
    digest = made.image(400, [])
    found = [record.verified(NOW, "1", 1, ""), record.promoted(NOW - timedelta(days=200), lock(), "", "")]
    made.attach(400, digest, found, listed=listed)
    assert sorted(each.kind for each in made.package().records()[digest]) == sorted(record.Kind)
    assert kept(plan(made.package(), POLICY, NOW)) == set(made.truth)
