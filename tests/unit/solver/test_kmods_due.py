"""Kmods that are due: this repository builds what nobody else has built in time."""

from dataclasses import replace
from datetime import date

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import KmodsTag
from tasks.model.solver.blocks import Block
from tasks.model.solver.ranges import Matrix
from tasks.model.solver.solve import Decision, Verdict, solve
from tasks.model.versions import Kernel
from tests.builders.values import (
    BEYOND,
    KERNEL,
    MATRIX,
    NEW,
    NEWER,
    ZFS,
    candidates,
    published,
    release,
)

WAITING = (release(), release(NEWER, NEW))


def chosen(decision: Decision) -> tuple[str, str]:
    """Return the pair's release and OpenZFS."""
    assert decision.chosen is not None
    return str(decision.chosen.release.version), str(decision.chosen.zfs)


def blocking(**subject: str) -> Matrix:
    return replace(MATRIX, blocks=(Block(reason="it panics", since=date(2026, 11, 20), **subject),))


DUE = KmodsTag(ZFS, Kernel.parse(NEWER))


@pytest.mark.parametrize(
    ("days", "after", "due"),
    [(0.9, 1, None), (1, 1, DUE), (5, 7, None), (0, 0, DUE), (30, None, None)],
)
def test_kmods_are_due_when_the_newest_release_has_waited(days: float, after: int | None, due: KmodsTag | None) -> None:
    """The clock is that of hold_days; an existing pair is built meanwhile, and the reason names the due kmods."""
    found = candidates("2.4.4", releases=(release(), release(NEWER, NEW, days=days)), build_kmods_after_days=after)
    decision = solve(found)
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, ("44.20261110.3.0", "2.4.4"))
    assert decision.kmods_due == due
    told = f"modules of OpenZFS 2.4.4 for {NEWER} are due: this repository builds them"
    assert (told in decision.reasons) == bool(due)


def test_the_first_image_waits_for_nobody() -> None:
    """Nothing is published and nothing fits: the kmods are due at once, which is no failure."""
    decision = solve(candidates(releases=(release(days=0),), build_kmods_after_days=7))
    assert (decision.verdict, decision.kmods_due) == (Verdict.HOLD, KmodsTag(ZFS, KERNEL))
    decision.require_answer()
    with pytest.raises(TaskError, match="the modules do not exist yet") as caught:
        decision.require_buildable()
    assert f"./inv build-kmods --zfs 2.4.4 --kernel {KERNEL}" in caught.value.next


def test_a_hold_that_grew_old_is_no_failure_while_its_kmods_are_built() -> None:
    """It waited for OpenZFS until now; the job that builds the kmods fails on its own if it does."""
    releases = release(), release(NEWER, NEW, days=20)
    found = candidates("2.4.4", releases=releases, stable=published(), build_kmods_after_days=1)
    assert (solve(found).verdict, solve(found).kmods_due) == (Verdict.HOLD, DUE)


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({"matrix": blocking(zfs="2.4.4", kernel=NEWER)}, KmodsTag(Version("2.3.9"), Kernel.parse(NEWER))),
        ({"matrix": blocking(kernel=NEWER)}, None),
        ({"matrix": blocking(fcos=NEW)}, None),
        ({"zfs": ("2.4.3",)}, None),
        ({"zfs": ("2.4.5",)}, None),
        ({"stable": published(), "matrix": blocking(zfs="2.4.4", kernel=NEWER)}, None),
    ],
)
def test_only_kmods_that_an_image_could_be_built_with_are_due(change: dict[str, object], due: KmodsTag | None) -> None:
    """Their pair is supported, known, not blocked, and no downgrade for a pool; the lines keep their order."""
    found = candidates("2.4.4", releases=WAITING, build_kmods_after_days=1, **change)  # type: ignore[arg-type]
    assert solve(found).kmods_due == due


def test_kmods_that_are_due_are_built_although_what_is_published_is_blocked() -> None:
    """A run that failed here would never build them."""
    stable = published()
    found = candidates(
        "2.4.4", releases=WAITING, stable=stable, build_kmods_after_days=1, matrix=blocking(inputs=stable.lock.inputs)
    )
    decision = solve(found)
    assert (decision.verdict, decision.kmods_due) == (Verdict.HOLD, DUE)
    decision.require_answer()


def test_kmods_of_a_line_that_would_be_a_way_back_do_not_serve() -> None:
    """2.4.4 is published, and 2.3.9 has kmods for the newest release: those of 2.4.4 are due."""
    found = candidates(f"2.3.9 {NEWER}", releases=WAITING, stable=published(), build_kmods_after_days=1)
    assert solve(found).kmods_due == DUE


OWN = "ghcr.io/o/n-kmods"
OLDER_PAIR = KmodsTag(ZFS, KERNEL)


def test_kmods_that_builds_refuse_count_as_absent_and_are_due_after_the_same_time() -> None:
    """A key rotation leaves them behind: the older pair is built meanwhile, and this repository builds them again."""
    found = candidates("2.4.4", f"2.4.4 {NEWER}", releases=WAITING, build_kmods_after_days=1)
    assert solve(found).kmods_due is None
    decision = solve(found.refusing(DUE))
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, ("44.20261110.3.0", "2.4.4"))
    assert decision.kmods_due == DUE
    young = candidates("2.4.4", f"2.4.4 {NEWER}", releases=(release(), release(NEWER, NEW, days=0.5)))
    assert solve(replace(young.refusing(DUE), policy=found.policy)).kmods_due is None


def test_another_repository_s_kmods_of_a_refused_pair_count() -> None:
    """Repositories are asked in the order of the settings; a pair is absent only when the last one is refused too."""
    found = candidates("2.4.4", f"2.4.4 {NEWER}", releases=WAITING, build_kmods_after_days=1)
    found = replace(found, kmods={**found.kmods, DUE: OWN}, elsewhere={DUE: ("ghcr.io/else/kmods",)})
    first = solve(found).chosen
    second = solve(found.refusing(DUE)).chosen
    assert first is not None
    assert second is not None
    assert (first.kmods_tag, first.repository) == (DUE, OWN)
    assert (second.kmods_tag, second.repository) == (DUE, "ghcr.io/else/kmods")
    assert solve(found.refusing(DUE)).kmods_due is None
    assert solve(found.refusing(DUE).refusing(DUE)).kmods_due == DUE


def test_refused_kmods_of_the_published_pair_are_due_while_the_newest_release_cannot_be_built() -> None:
    """Its kernel fits no OpenZFS for weeks, and the published image still gets its package fixes and its new keys."""
    releases = release(), release(BEYOND, NEW, days=20)
    found = candidates("2.4.4", releases=releases, stable=published(content="another"), build_kmods_after_days=1)
    assert solve(found).verdict is Verdict.BUILD
    decision = solve(found.refusing(OLDER_PAIR))
    assert (decision.verdict, decision.chosen, decision.kmods_due) == (Verdict.HOLD, None, OLDER_PAIR)
    decision.require_answer()
    assert solve(replace(found, kmods={})).kmods_due is None  # others removed them: only what was refused is built
    never = replace(found.policy, build_kmods_after_days=None)
    assert solve(replace(found.refusing(OLDER_PAIR), policy=never)).kmods_due is None
    blocked = replace(found.refusing(OLDER_PAIR), matrix=blocking(zfs="2.4.4", kernel=str(KERNEL)))
    assert solve(blocked).kmods_due is None


def test_refused_kmods_of_an_older_release_are_not_due_while_something_newer_is_built() -> None:
    """The due pair is the one that would be built next, not one that nobody needs any more."""
    releases = release(), release(NEWER, NEW), release(BEYOND, "44.20261120.3.0", days=20)
    found = candidates("2.4.4", f"2.4.4 {NEWER}", releases=releases, build_kmods_after_days=1)
    decision = solve(found.refusing(OLDER_PAIR))
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, (NEW, "2.4.4"))
    assert decision.kmods_due is None
