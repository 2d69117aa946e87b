"""Blocks, and the decision at its limits."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.solver.ranges import Matrix
from tasks.model.solver.solve import Decision, Verdict, solve
from tests.builders.values import BEYOND, KERNEL, MATRIX, NEW, NEWER, NOW, candidates, published, release


def chosen(decision: Decision) -> tuple[str, str]:
    """Return the pair's release and OpenZFS."""
    assert decision.chosen is not None
    return str(decision.chosen.release.version), str(decision.chosen.zfs)


def blocking(**subject: str) -> Matrix:
    return replace(MATRIX, blocks=(Block(reason="it panics", since=date(2026, 11, 20), **subject),))


@pytest.mark.parametrize(
    ("subject", "idle"),
    [
        ({"kernel": "7.1"}, False), ({"zfs": "2.4.4"}, False), ({"fcos": "44.20261110.3.0"}, False),
        ({"kernel": "7.11"}, True), ({"zfs": "2.4.14"}, True), ({"fcos": "44.20261111.3.0"}, True),
        ({"kernel": "7.1", "zfs": "2.2.9"}, True), ({"digest": "sha256:" + "0" * 64}, False),
    ],
)  # fmt: skip
def test_a_block_that_matches_nothing_is_reported(subject: dict[str, str], idle: bool) -> None:
    """A typo in it would block nothing, in silence."""
    notes = solve(candidates("2.4.4", matrix=blocking(**subject))).notes
    assert any("matches nothing that is known today" in note for note in notes) == idle


@pytest.mark.parametrize(
    "subject",
    [{"fcos": "44.20261110.3.0"}, {"kernel": str(KERNEL)}, {"kernel": "7.1"}, {"zfs": "2.4.4", "kernel": str(KERNEL)}],
)
def test_a_blocked_pair_is_never_built(subject: dict[str, str]) -> None:
    """Not even force builds it; the reason is the one in the file."""
    decision = solve(candidates("2.4.4", matrix=blocking(**subject), force=True))
    assert decision.verdict is Verdict.BLOCKED
    assert "it panics" in decision.reasons[0]


def test_a_block_of_another_pair_changes_nothing() -> None:
    """Every key of an entry must match."""
    found = candidates("2.4.4", matrix=blocking(zfs="2.4.4", kernel=NEWER))
    assert solve(found).verdict is Verdict.BUILD
    assert chosen(solve(candidates("2.4.4", "2.3.9", matrix=blocking(zfs="2.4.4"))))[1] == "2.3.9"


def test_what_is_published_and_blocked_is_no_hold() -> None:
    """A machine follows it, so somebody must act."""
    found = candidates("2.4.4", stable=published(), matrix=blocking(kernel=str(KERNEL)))
    assert solve(found).verdict is Verdict.BLOCKED


def test_blocked_inputs_are_not_built_again_and_a_blocked_image_is() -> None:
    """A bad overlay is blocked by its fingerprint, an image by its digest."""
    stable = published()
    inputs = solve(candidates("2.4.4", stable=stable, matrix=blocking(inputs=stable.lock.inputs)))
    assert inputs.verdict is Verdict.BLOCKED
    image = solve(candidates("2.4.4", stable=stable, matrix=blocking(digest=stable.image.digest)))
    assert image.verdict is Verdict.BUILD


def test_a_blocked_release_does_not_block_the_published_one() -> None:
    """The newest release is blocked, and the published one has lost its kmods: nothing has to be done today."""
    releases = release(), release(NEWER, NEW)
    found = candidates(f"2.4.4 {NEWER}", releases=releases, stable=published(), matrix=blocking(fcos=NEW))
    assert solve(found).verdict is Verdict.HOLD


@pytest.mark.parametrize(("more", "verdict"), [(0, Verdict.HOLD), (1, Verdict.BLOCKED)])
def test_a_hold_lasts_for_the_whole_of_hold_days(more: int, verdict: Verdict) -> None:
    """The limit is exact to the second."""
    waiting = replace(release(NEWER, NEW), created=NOW - timedelta(days=7, seconds=more))
    assert solve(candidates("2.4.4", releases=(release(), waiting), stable=published())).verdict is verdict


@pytest.mark.parametrize(("more", "overdue"), [(0, False), (1, True)])
def test_a_stream_may_stay_back_for_the_whole_of_hold_days(more: int, overdue: bool) -> None:
    """Its release counts from the day in its version."""
    stable = published(release(version="44.20261115.3.0"))
    now = NOW.replace(hour=0) + timedelta(seconds=more)
    found = candidates("2.4.4", releases=(release(version="44.20261103.3.0"),), stable=stable)
    assert bool(solve(replace(found, now=now, went_back=True)).overdue) == overdue


def test_an_older_release_that_is_built_does_not_end_the_wait_of_the_newest() -> None:
    """The watchdog would say for a day that all is well."""
    releases = release(), release("7.1.10-200.fc44.x86_64", "44.20261113.3.0"), release(BEYOND, NEW, days=20)
    decision = solve(candidates("2.4.4", "2.4.4 7.1.10-200.fc44.x86_64", releases=releases, stable=published()))
    assert decision.verdict is Verdict.BUILD
    assert "the newest release has waited longer than hold_days" in decision.overdue


def test_the_published_release_itself_never_waits_too_long() -> None:
    """It cannot be built again, because its kmods are gone, and no newer one exists."""
    old = release(days=30)
    decision = solve(candidates("2.4.4 7.1.7-200.fc44.x86_64", releases=(old,), stable=published(old)))
    assert (decision.verdict, decision.overdue) == (Verdict.HOLD, "")


def test_no_release_is_judged_beyond_the_first_that_can_be_built() -> None:
    """Older ones are of no interest."""
    releases = release(version="44.20261103.3.0"), release(), release(NEWER, NEW)
    decision = solve(candidates("2.4.4", releases=releases))
    assert [str(option.release.version) for option in decision.options] == [NEW, "44.20261110.3.0"]
    assert decision.options[-1] is decision.chosen


def test_the_error_names_the_newest_release() -> None:
    """It is the one that a user waits for."""
    decision = solve(candidates(releases=(release(), release(NEWER, NEW))))
    with pytest.raises(TaskError, match=f"nothing can be built from Fedora CoreOS {NEW}"):
        decision.require_answer()


def test_the_first_image_may_be_built() -> None:
    """Nothing is published yet, and a pair fits."""
    decision = solve(candidates("2.4.4"))
    decision.require_buildable()
    assert decision.support.reason


def test_without_a_choice_no_support_is_known() -> None:
    """Whoever asks for it has forgotten to ask for an answer first."""
    with pytest.raises(ValueError, match="nothing was chosen"):
        _ = solve(candidates()).support
