"""From what exists to what is built."""

from dataclasses import replace

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import Release
from tasks.model.solver.ranges import Matrix
from tasks.model.solver.solve import Decision, Verdict, solve
from tests.builders.values import (
    BEYOND,
    KERNEL,
    MATRIX,
    NEW,
    NEWER,
    NOW,
    candidates,
    published,
    release,
)

WAITING = (release(), release(NEWER, NEW))


def chosen(decision: Decision) -> tuple[str, str]:
    """Return the pair's release and OpenZFS."""
    assert decision.chosen is not None
    return str(decision.chosen.release.version), str(decision.chosen.zfs)


def test_the_newest_supported_openzfs_with_kmods_is_built() -> None:
    """2.4.4 has kmods for the release's kernel."""
    decision = solve(candidates("2.4.4", "2.3.9"))
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, ("44.20261110.3.0", "2.4.4"))
    assert decision.reasons == (
        "44.20261110.3.0 (kernel 7.1.9) has kmods of OpenZFS 2.4.4 and will be built; nothing is published yet",
    )


def test_the_second_line_serves_where_the_first_has_no_kmods() -> None:
    """The solver tries lines in the order of the settings."""
    assert chosen(solve(candidates("2.3.9"))) == ("44.20261110.3.0", "2.3.9")


def test_an_older_release_is_built_while_the_newest_waits() -> None:
    """It builds the newest existing pair, and says what is missing and since when."""
    decision = solve(candidates("2.4.4", releases=WAITING))
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, ("44.20261110.3.0", "2.4.4"))
    assert decision.reasons[0] == "44.20261117.3.0 (kernel 7.2.1) has waited 5 days for kmods of OpenZFS 2.4.4"


def test_what_is_published_is_held_while_the_newest_waits() -> None:
    """That is a notice, not a failure, and its sentence says both."""
    decision = solve(candidates("2.4.4", releases=WAITING, stable=published()))
    assert decision.verdict is Verdict.HOLD
    assert "; ".join(decision.reasons) == (
        "44.20261117.3.0 (kernel 7.2.1) has waited 5 days for kmods of OpenZFS 2.4.4; "
        "44.20261110.3.0 (kernel 7.1.9) with OpenZFS 2.4.4 is published"
    )
    decision.require_answer()
    with pytest.raises(TaskError, match="nothing to build"):
        decision.require_buildable()


def test_a_hold_that_grew_old_is_blocked() -> None:
    """After hold_days somebody must look."""
    releases = release(), release(NEWER, NEW, days=7.1)
    decision = solve(candidates("2.4.4", releases=releases, stable=published()))
    assert decision.verdict is Verdict.BLOCKED
    with pytest.raises(TaskError) as caught:
        decision.require_answer()
    assert "hold_days, 7" in caught.value.why


@pytest.mark.parametrize(("day", "overdue"), [("20261117", False), ("20261110", True)])
def test_a_stream_that_stays_back_is_reported_after_hold_days(day: str, overdue: bool) -> None:
    """Now is 22 November; the published release is built again until then."""
    stable = published(release(version=f"44.{day}.3.0"), days=8)
    assert stable is not None
    newer = Release(base=stable.lock.base, version=stable.lock.fcos_version, kernel=KERNEL, created=NOW)
    both = release(version="44.20261103.3.0"), newer
    back = replace(candidates("2.4.4", releases=both, stable=stable), went_back=True)
    decision = solve(back)
    said = "the stream is behind it, and it is older than hold_days" in decision.overdue
    assert (decision.verdict, said) == (Verdict.BUILD, overdue)
    wanted = solve(replace(back, policy=replace(back.policy, allow_downgrade=True)))
    assert (wanted.verdict is Verdict.BLOCKED, wanted.overdue) == (False, "")


@pytest.mark.parametrize("answered", [True, False])
def test_the_published_openzfs_stays_a_candidate_and_is_withdrawn_only_if_github_says_so(answered: bool) -> None:
    """GitHub that does not answer has withdrawn nothing."""
    without = replace(candidates("2.4.4", zfs=("2.4.3",), stable=published()), zfs_listed=answered)
    decision = solve(without.with_published_zfs())
    assert (decision.verdict, chosen(decision)) == (Verdict.SKIP, ("44.20261110.3.0", "2.4.4"))
    assert decision.withdrawn == (Version("2.4.4") if answered else None)


@pytest.mark.parametrize(("answered", "zfs"), [(True, "2.4.5"), (False, "2.4.4")])
@pytest.mark.parametrize("pairs", [("2.4.5",), ("2.4.5", "2.4.4")])
def test_without_a_listing_nothing_newer_than_the_published_openzfs_is_built(
    answered: bool, zfs: str, pairs: tuple[str, ...]
) -> None:
    """A release with kmods that the matrix has may be withdrawn by now; only GitHub knows."""
    matrix = Matrix({**MATRIX.ranges, Version("2.4.5"): MATRIX.ranges[Version("2.4.4")]})
    found = candidates(*pairs, zfs=("2.4.5", "2.4.4"), stable=published(), matrix=matrix)
    decision = solve(replace(found, zfs_listed=answered).with_published_zfs())
    assert str(decision.options[0].zfs) == zfs
    assert (decision.verdict is Verdict.BUILD) == answered


@pytest.mark.parametrize(("answered", "why"), [(True, "the newest 100 releases"), (False, "GitHub did not list")])
def test_a_line_without_a_release_is_told_with_the_true_cause(answered: bool, why: str) -> None:
    """GitHub that did not answer has not said that there is none."""
    found = replace(candidates("2.3.9", stable=published(zfs="2.3.9"), zfs_streams=("2.4",)), zfs_listed=answered)
    found = replace(found, zfs_releases=(Version("2.3.9"),))
    with pytest.raises(TaskError, match=r"no OpenZFS release of the 2\.4 line") as caught:
        solve(found)
    assert why in caught.value.why


@pytest.mark.parametrize(("days", "overdue"), [(6.9, False), (7.1, True)])
@pytest.mark.parametrize("age", [2, 8])
def test_a_weekly_rebuild_does_not_end_a_wait(days: float, overdue: bool, age: float) -> None:
    """The published pair is built again on a Sunday, and the newest release still waits."""
    releases = release(), release(NEWER, NEW, days=days)
    decision = solve(candidates("2.4.4", releases=releases, stable=published(days=age)))
    assert ("has waited longer than hold_days, 7" in decision.overdue) == overdue
    assert (decision.verdict is Verdict.BUILD) == (age == 8)
    newer = solve(candidates("2.4.4", f"2.4.4 {NEWER}", releases=releases, stable=published(days=age)))
    assert (newer.verdict, newer.overdue) == (Verdict.BUILD, "")


@pytest.mark.parametrize("releases", [WAITING, (release(),), (release(), release(NEWER, NEW, days=20))])
def test_what_is_published_is_built_again_when_it_is_old(releases: tuple[object, ...]) -> None:
    """Package fixes never wait for a kernel, even if the hold has lasted too long."""
    decision = solve(candidates("2.4.4", releases=releases, stable=published(days=7)))  # type: ignore[arg-type]
    assert (decision.verdict, chosen(decision)) == (Verdict.BUILD, ("44.20261110.3.0", "2.4.4"))
    assert "7 days old, and package fixes are due" in decision.reasons[-1]


def test_nothing_new_is_skipped() -> None:
    """The pair and the files are the same, and the image is recent."""
    decision = solve(candidates("2.4.4", stable=published(days=6.9)))
    assert decision.verdict is Verdict.SKIP
    assert "published 6 days ago, and nothing has changed" in decision.reasons[0]
    decision.require_buildable()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"content": "sha256:other"}, "the Containerfile, overlay-root or the packages changed"),
        ({"releases": (replace(release(), base=release(version=NEW).base),)}, "the base image was rebuilt"),
        ({"published": replace(published(), kmods_digest="sha256:" + "f" * 64)}, "the kmods image was rebuilt"),
    ],
)
def test_new_content_is_built(change: dict[str, object], reason: str) -> None:
    """The same versions with other bytes are another image."""
    decision = solve(replace(candidates("2.4.4", stable=published()), **change))  # type: ignore[arg-type]
    assert decision.verdict is Verdict.BUILD
    assert reason in decision.reasons[-1]


@pytest.mark.parametrize("flag", ["rebuild", "force"])
def test_rebuild_and_force_always_build(flag: str) -> None:
    """They build the published image again, whether it is up to date or held."""
    for releases in ((release(),), WAITING):
        found = candidates("2.4.4", releases=releases, stable=published())
        found = replace(found, policy=replace(found.policy, **{flag: True}))  # type: ignore[arg-type]
        assert chosen(solve(found)) == ("44.20261110.3.0", "2.4.4")
        assert solve(found).verdict is Verdict.BUILD


def test_no_flag_conjures_kmods() -> None:
    """Without any kmods nothing is built, whatever the flags."""
    decision = solve(candidates("2.4.4 7.1.7-200.fc44.x86_64", force=True, rebuild=True, allow_downgrade=True))
    assert decision.verdict is Verdict.BLOCKED
    with pytest.raises(TaskError) as caught:
        decision.require_buildable()
    assert f"44.20261110.3.0 (kernel {KERNEL.version}) has waited " in caught.value.why
    assert " for kmods of OpenZFS 2.4.4" in caught.value.why
    assert f"./inv build-kmods --zfs 2.4.4 --kernel {KERNEL}" in caught.value.next


def test_a_pool_is_never_gone_back_from() -> None:
    """2.4.4 is published and only 2.3.9 has kmods: the verdict is a hold, and the reason names the pool."""
    found = candidates(f"2.3.9 {NEWER}", releases=(release(NEWER, NEW),), stable=published())
    decision = solve(found)
    assert decision.verdict is Verdict.HOLD
    assert "could no longer be imported" in decision.reasons[0]
    back = solve(replace(found, policy=replace(found.policy, allow_downgrade=True)))
    assert (back.verdict, chosen(back)) == (Verdict.BUILD, (NEW, "2.3.9"))


def test_an_older_release_than_the_published_one_is_never_built() -> None:
    """Fedora moved its tag back: the published image stays, and such a hold never lasts too long."""
    stable = published(release(NEWER, NEW))
    found = candidates("2.4.4", releases=(release(days=30),), stable=stable)
    assert solve(found).verdict is Verdict.HOLD
    assert "is older than 44.20261117.3.0" in solve(found).reasons[0]
    back = solve(replace(found, policy=replace(found.policy, allow_downgrade=True)))
    assert chosen(back) == ("44.20261110.3.0", "2.4.4")


def test_a_kernel_beyond_openzfs_is_told_as_such() -> None:
    """No OpenZFS release supports it, so waiting for kmods does not help."""
    decision = solve(candidates("2.4.4", releases=(release(), release(BEYOND, NEW))))
    assert "has waited 5 days for an OpenZFS release that supports its kernel" in decision.reasons[0]
    assert chosen(decision) == ("44.20261110.3.0", "2.4.4")


@pytest.mark.parametrize(("zfs", "kernel"), [("2.4.4", BEYOND), ("2.4.5", str(KERNEL))])
def test_a_pair_outside_the_matrix_is_built_with_force_only(zfs: str, kernel: str) -> None:
    """It is unsupported or unknown, although its kmods exist; the reason says how to refresh the matrix."""
    found = candidates(f"{zfs} {kernel}", releases=(release(kernel),), zfs=("2.4.5", "2.4.4"))
    with pytest.raises(TaskError) as caught:
        solve(found).require_buildable()
    assert "./inv sync-matrix" in f"{caught.value.why} {caught.value.next}"
    forced = solve(replace(found, policy=replace(found.policy, force=True)))
    assert (forced.verdict, chosen(forced)[1]) == (Verdict.BUILD, zfs)
    assert "against the matrix" in forced.reasons[0]


def test_force_takes_a_supported_pair_where_there_is_one() -> None:
    """Force is a last resort, not a preference."""
    found = candidates("2.4.3 7.1.9-200.fc44.x86_64", "2.3.9", force=True)
    assert chosen(solve(found))[1] == "2.3.9"


def test_newer_openzfs_for_the_published_release_is_built() -> None:
    """2.4.3 is published, and 2.4.4 now has kmods."""
    decision = solve(candidates("2.4.4", "2.4.3", stable=published(zfs="2.4.3")))
    assert (decision.verdict, chosen(decision)[1]) == (Verdict.BUILD, "2.4.4")
