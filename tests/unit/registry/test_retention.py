"""Cleanup's promises, for every registry."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies

from tasks.model.registry import record
from tasks.model.registry.retention import ALWAYS, Retention, plan
from tests.builders.effort import efforts
from tests.builders.registries import NOW, POLICY, Registry, deleted, kept, many, policies, registries
from tests.builders.values import lock


@given(registries(), policies())
def test_every_tag_that_stays_still_pulls_completely(registry: Registry, policy: Retention) -> None:
    """That includes a tag whose manifest could not be read."""
    after = registry.without(plan(registry.package(), policy, NOW))
    for version in after.versions:
        if version.tags and version.digest not in registry.gone:
            assert registry.pulled_with(version.digest) - registry.gone <= {left.digest for left in after.versions}


@given(registries(), policies())
def test_nothing_that_a_kept_root_needs_is_gone(registry: Registry, policy: Retention) -> None:
    """For stable and candidate, children, signatures, records and everything these need stay."""
    decided = plan(registry.package(), policy, NOW)
    for version in registry.versions:
        if set(version.tags) & set(ALWAYS):
            assert registry.belonging_to(version.digest) - registry.gone <= kept(decided)


@given(registries(), policies())
def test_a_second_cleanup_finds_nothing_to_do(registry: Registry, policy: Retention) -> None:
    """Applying it twice changes nothing more."""
    after = registry.without(plan(registry.package(), policy, NOW))
    assert not plan(after.package(), policy, NOW).deletions


@given(registries(), policies(), strategies.randoms(use_true_random=False))
def test_the_order_of_versions_does_not_matter(registry: Registry, policy: Retention, random: object) -> None:
    """GitHub promises no order."""
    package = registry.package()
    shuffled = list(package.versions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random
    assert plan(package, policy, NOW) == plan(replace(package, versions=tuple(shuffled)), policy, NOW)


@given(registries(), policies(), strategies.integers(0, 100), strategies.integers(0, 2))
def test_keeping_more_never_deletes_more(registry: Registry, policy: Retention, days: int, images: int) -> None:
    """More means a longer retention, or more images to roll back to."""
    more = replace(policy, days=policy.days + days, keep=policy.keep + images)
    package = registry.package()
    assert deleted(plan(package, more, NOW)) <= deleted(plan(package, policy, NOW))


@given(registries(), policies())
def test_parents_go_before_what_they_need(registry: Registry, policy: Retention) -> None:
    """An interrupted run leaves no parent without a child."""
    decided = plan(registry.package(), policy, NOW)
    place = {fate.version.digest: number for number, fate in enumerate(decided.deletions)}
    assert len(place) == len(decided.deletions)
    for digest, number in place.items():
        for needed in decided.needs.get(digest, ()):
            assert place.get(needed, number + 1) > number


@given(registries(), policies())
def test_what_is_unknown_or_unreadable_is_never_deleted(registry: Registry, policy: Retention) -> None:
    """The same holds for what is young, recently promoted, or tagged stable."""
    package = registry.package()
    gone, found = deleted(plan(package, policy, NOW)), package.records()
    for version in package.versions:
        manifest = package.manifests.get(version.digest, "gone")
        promotions = [r.at for r in found.get(version.digest, ()) if r.kind is record.Kind.PROMOTED]
        touched = max([version.created, *promotions])
        unknown = manifest is None or (manifest != "gone" and not manifest.is_known)  # type: ignore[union-attr]
        if unknown or touched > NOW - timedelta(days=policy.days) or set(version.tags) & set(ALWAYS):
            assert version.digest not in gone


def test_an_old_digest_that_was_promoted_anew_stays() -> None:
    """Its age counts from its promotion, not from its digest."""
    registry = Registry()
    old = registry.image(300, [])
    again = record.promoted(NOW - timedelta(days=3), lock(), "", "")
    registry.attach(300, old, [record.verified(NOW - timedelta(days=300), "1", 1, ""), again])
    registry.image(1, ["stable"])
    decided = plan(registry.package(), replace(POLICY, keep=0), NOW)
    assert old in kept(decided)
    assert not decided.deletions


def test_the_newest_good_images_stay_whatever_their_age() -> None:
    """Rollback needs them: verified, promoted and not blocked."""
    registry = Registry()
    images = [registry.image(200 - n, []) for n in range(5)]
    for n, image in enumerate(images):
        at = NOW - timedelta(days=200 - n)
        registry.attach(200 - n, image, [record.verified(at, "1", 1, ""), record.promoted(at, lock(), "", "")])
    package = replace(registry.package(), blocked=frozenset({images[4]}))
    assert set(images) & kept(plan(package, replace(POLICY, keep=2), NOW)) == {images[2], images[3]}


def test_more_than_the_allowed_share_is_told() -> None:
    """A plan that deletes nearly everything is usually a mistake."""
    registry = Registry()
    for day in (100, 200, 300):
        registry.image(day, [])
    registry.image(1, ["stable"])
    decided = plan(registry.package(), POLICY, NOW)
    assert decided.is_excessive(POLICY)
    assert not decided.is_excessive(replace(POLICY, max_fraction=0.75))


def test_every_version_has_one_fate_and_a_reason() -> None:
    """A person can read the plan."""
    package = many(500)
    decided = plan(package, POLICY, NOW)
    fates = [*decided.kept, *decided.deletions]
    assert sorted(fate.version.digest for fate in fates) == sorted(version.digest for version in package.versions)
    assert all(fate.reason for fate in fates)


def test_twenty_thousand_versions_are_planned_in_linear_time() -> None:
    """Ten times as many take about ten times as long: 13 on an idle machine, due to caches; quadratic would be 100."""
    small, large = many(2000), many(20000)
    few, lots = efforts(lambda: plan(small, POLICY, NOW), lambda: plan(large, POLICY, NOW))
    assert lots < 60  # yardsticks; it is 28 on an idle machine, and was 40 on a busy one
    assert lots < 30 * few


@given(registries(), policies(), strategies.data())
def test_what_another_package_names_stays_with_all_that_belongs_to_it(
    registry: Registry, policy: Retention, data: strategies.DataObject
) -> None:
    """A kept image's Lock names kmods, which stay with signature and attestation."""
    digests = sorted(version.digest for version in registry.versions)
    named = data.draw(strategies.dictionaries(strategies.sampled_from(digests), strategies.just("a Lock names it")))
    decided = plan(replace(registry.package(), named=named), policy, NOW)
    assert set(named) <= kept(decided)
    for digest in named:
        assert registry.belonging_to(digest) - registry.gone <= kept(decided)


@given(registries(), policies())
def test_what_could_not_be_read_elsewhere_keeps_all(registry: Registry, policy: Retention) -> None:
    """Nobody knows what it needs from this package."""
    decided = plan(replace(registry.package(), unread="sha256:" + "e" * 64), policy, NOW)
    assert not decided.deletions
