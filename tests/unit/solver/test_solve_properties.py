"""The solver's promises, for every world."""

from dataclasses import replace

from hypothesis import given, settings, strategies
from packaging.version import Version

from tasks.model.image import KmodsTag, Release
from tasks.model.solver.blocks import Block
from tasks.model.solver.candidates import Candidates, Published
from tasks.model.solver.ranges import KernelRange, Matrix, Support
from tasks.model.solver.solve import Decision, Verdict, solve
from tasks.model.versions import Kernel, Series
from tests.builders.effort import efforts
from tests.builders.values import NOW, POLICY, candidates, five_thousand_pairs, published, release

VERSIONS = [f"44.202611{day:02}.3.0" for day in (3, 7, 10, 14, 17, 20)]
KERNELS = [f"7.{minor}.{patch}-200.fc44.x86_64" for minor in (0, 1, 2, 3) for patch in (3, 9)]
ZFS = ["2.3.8", "2.3.9", "2.4.3", "2.4.4", "2.4.5", "2.5.0"]
DAYS = strategies.floats(-2, 40)


@strategies.composite
def worlds(draw: strategies.DrawFn) -> Candidates:
    """Generate releases, kmods, support, blocks and something published, or nothing, in any combination."""
    releases = draw(strategies.lists(strategies.sampled_from(VERSIONS), min_size=1, max_size=5, unique=True))
    made = tuple(release(draw(strategies.sampled_from(KERNELS)), version, draw(DAYS)) for version in releases)
    pairs = draw(strategies.sets(strategies.tuples(strategies.sampled_from(ZFS), strategies.sampled_from(KERNELS))))
    return replace(
        candidates(
            *(" ".join(pair) for pair in pairs),
            releases=made,
            zfs=tuple(ZFS),
            matrix=draw(matrices()),
            stable=draw(strategies.none() | stables(made)),
        ),
        policy=replace(
            POLICY,
            zfs_streams=draw(strategies.permutations(["2.4", "2.3", "2.5"]).map(tuple)),
            hold_days=draw(strategies.integers(0, 20)),
            rebuild_after_days=draw(strategies.integers(0, 20)),
            build_kmods_after_days=draw(strategies.none() | strategies.integers(0, 20)),
            rebuild=draw(strategies.booleans()),
            allow_downgrade=draw(strategies.booleans()),
        ),
    )


@strategies.composite
def matrices(draw: strategies.DrawFn) -> Matrix:
    known = draw(strategies.sets(strategies.sampled_from(ZFS)))
    highest = {zfs: Series(7, draw(strategies.integers(0, 3))) for zfs in known}
    ranges = {Version(zfs): KernelRange(minimum=Series(4, 18), maximum=top) for zfs, top in highest.items()}
    subjects = strategies.fixed_dictionaries(
        {},
        optional={
            "fcos": strategies.sampled_from(VERSIONS),
            "kernel": strategies.sampled_from([*KERNELS, "7.1"]),
            "zfs": strategies.sampled_from(ZFS),
        },
    ).filter(bool)
    blocks = draw(strategies.lists(subjects, max_size=2))
    return Matrix(ranges, tuple(Block(reason="bad", since=NOW.date(), **subject) for subject in blocks))


@strategies.composite
def stables(draw: strategies.DrawFn, releases: tuple[Release, ...]) -> Published:
    of = draw(strategies.sampled_from(releases))
    content = draw(strategies.sampled_from(["sha256:other", candidates().content]))
    return published(of, draw(strategies.sampled_from(ZFS)), draw(DAYS), content)


def fits(world: Candidates, of: Release, zfs: Version) -> bool:
    """Read the rules independently, pair by pair."""
    stable = None if world.policy.allow_downgrade else world.published
    return (
        KmodsTag(zfs, of.kernel) in world.kmods
        and world.matrix.support(zfs, of.kernel.series) is Support.SUPPORTED
        and world.matrix.block_of(zfs, of.kernel, of.version) is None
        and (stable is None or (of.version >= stable.lock.fcos_version and zfs >= stable.lock.zfs_version))
    )


def rank(world: Candidates, decision: Decision) -> tuple[Version, int, Version]:
    """Return a key that sorts answers by release, preferred line and OpenZFS."""
    assert decision.chosen is not None
    zfs = decision.chosen.zfs
    return decision.chosen.release.version, -world.policy.zfs_streams.index(f"{zfs.major}.{zfs.minor}"), zfs


@given(worlds())
def test_what_is_built_fits_and_nothing_that_fits_is_newer(world: Candidates) -> None:
    """The answer has kmods, is supported, not blocked, no downgrade, and not older than another buildable pair."""
    decision = solve(world)
    fitting = [of for of in world.releases if any(fits(world, of, Version(zfs)) for zfs in ZFS)]
    if decision.chosen is None:
        assert not fitting
        assert decision.verdict in (Verdict.HOLD, Verdict.BLOCKED)
    else:
        assert fits(world, decision.chosen.release, decision.chosen.zfs)
        assert decision.chosen.release.version == max(of.version for of in fitting)


@given(worlds(), strategies.randoms(use_true_random=False))
def test_the_order_of_input_changes_nothing(world: Candidates, random: object) -> None:
    """A set of facts has one answer."""
    releases, zfs = list(world.releases), list(world.zfs_releases)
    random.shuffle(releases)  # type: ignore[attr-defined]
    random.shuffle(zfs)  # type: ignore[attr-defined]
    assert solve(replace(world, releases=tuple(releases), zfs_releases=tuple(zfs))) == solve(world)


@given(worlds())
def test_what_is_held_or_skipped_exists(world: Candidates) -> None:
    """SKIP needs a published image, HOLD needs one or due kmods; every verdict has its sentences."""
    decision = solve(world)
    if decision.verdict in (Verdict.HOLD, Verdict.SKIP):
        assert world.published is not None or (decision.kmods_due and decision.verdict is Verdict.HOLD)
    if decision.verdict is Verdict.SKIP:
        assert not world.policy.rebuild
    if decision.verdict is Verdict.BUILD:
        assert decision.chosen is not None
    assert all(decision.reasons)


@given(worlds())
def test_kmods_that_are_due_make_the_newest_release_buildable(world: Candidates) -> None:
    """They are never built in vain, only for a waiting release, and never if the setting is `never`."""
    decision = solve(world)
    due = decision.kmods_due
    if world.policy.build_kmods_after_days is None or (decision.chosen and decision.chosen.release == world.newest):
        assert due is None
    if due:
        after = solve(replace(world, kmods={**world.kmods, due: "ghcr.io/o/n-kmods"}))
        assert after.chosen is not None
        assert (after.chosen.release, after.chosen.zfs) == (world.newest, due.zfs)
        assert after.kmods_due is None
        assert after.chosen.repository == "ghcr.io/o/n-kmods"


@given(worlds(), strategies.sampled_from(ZFS), strategies.sampled_from(KERNELS))
def test_another_kmods_image_never_makes_the_answer_older(world: Candidates, zfs: str, kernel: str) -> None:
    """A new possibility improves the answer or changes nothing."""
    before = solve(world)
    after = solve(replace(world, kmods={**world.kmods, KmodsTag(Version(zfs), Kernel.parse(kernel)): "ghcr.io/o/k"}))
    if before.chosen is not None:
        assert rank(world, after) >= rank(world, before)


@settings(max_examples=20)
@given(worlds())
def test_the_sentences_go_from_the_newest_release_down(world: Candidates) -> None:
    """A person first reads what the newest release waits for."""
    named = [reason.split(" ", 1)[0] for reason in solve(world).reasons if reason[0].isdigit()]
    versions = [Version(name) for name in named]
    assert versions[:-1] == sorted(versions[:-1], reverse=True)


def test_five_thousand_pairs_take_little() -> None:
    """In the worst case no pair fits, so the solver looks at every pair."""
    world = five_thousand_pairs()
    assert solve(world).verdict is Verdict.BLOCKED
    assert efforts(lambda: solve(world))[0] < 4  # yardsticks; it is 1.7 on an idle machine
