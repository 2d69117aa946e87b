"""From what exists to what is built."""

import pytest
from hypothesis import given, strategies

from tasks.model.errors import TaskError
from tasks.model.solve import Lack, Verdict, kmods_lack, require_kmods, solve
from tests.unit.making import KERNEL, ZFS, candidates

NEWER = "7.2.1-200.fc44.x86_64"
BEYOND = "7.3.2-200.fc44.x86_64"


def test_the_newest_supported_openzfs_with_kmods_is_built() -> None:
    """2.4.4 has kmods for the release's kernel."""
    decision = solve(candidates("2.4.4", "2.3.9"))
    assert (decision.verdict, decision.zfs) == (Verdict.BUILD, ZFS)


def test_the_second_stream_serves_where_the_first_has_no_kmods() -> None:
    """Streams are tried in the order of the settings."""
    decision = solve(candidates("2.3.9"))
    assert (decision.verdict, str(decision.zfs)) == (Verdict.BUILD, "2.3.9")


def test_a_release_without_kmods_is_blocked_and_the_sentence_says_so() -> None:
    """Nothing conjures a missing kmods image, not even force."""
    decision = solve(candidates("2.4.4 7.1.7-200.fc44.x86_64"))
    assert decision.verdict is Verdict.BLOCKED
    with pytest.raises(TaskError) as caught:
        decision.require_buildable(force=True)
    assert f"44.20261110.3.0 (kernel {KERNEL}) has no kmods of OpenZFS 2.4.4: not built yet" in caught.value.why


def test_kmods_beyond_the_matrix_are_built_with_force_only() -> None:
    """The kernel is newer than Linux-Maximum, the kmods exist all the same."""
    decision = solve(candidates("2.4.4", kernel=BEYOND))
    with pytest.raises(TaskError, match="nothing can be built"):
        decision.require_buildable(force=False)
    decision.require_buildable(force=True)


@pytest.mark.parametrize(
    ("kmods", "kernel", "lack"),
    [
        ("2.4.4", NEWER, None),
        (f"2.4.4 {KERNEL}", NEWER, Lack.NOT_BUILT_YET),
        (f"2.4.4 {NEWER}", str(KERNEL), Lack.REMOVED),
        (f"2.4.4 {KERNEL}", BEYOND, Lack.UNSUPPORTED),
    ],
)
def test_missing_kmods_have_one_of_three_reasons(kmods: str, kernel: str, lack: Lack | None) -> None:
    """Kernel out of range, not built yet, or removed."""
    found = candidates(kmods, kernel=kernel)
    assert kmods_lack(found, ZFS, found.release.kernel) is lack
    if lack is None:
        assert str(require_kmods(found, "ghcr.io/x/y")) == f"zfs-2.4.4_kernel-{kernel}"
    else:
        with pytest.raises(TaskError, match="does not exist"):
            require_kmods(found, "ghcr.io/x/y")


KMODS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["2.3.9", "2.4.3", "2.4.4"]), strategies.sampled_from([str(KERNEL), NEWER, BEYOND])
    ),
    unique=True,
)


@given(KMODS, strategies.sampled_from([str(KERNEL), NEWER, BEYOND]), strategies.randoms())
def test_a_built_pair_has_kmods_and_support_whatever_exists(
    kmods: list[tuple[str, str]], kernel: str, random: object
) -> None:
    """Never a pair without kmods, never an unsupported one, and the order of input changes nothing."""
    pairs = [" ".join(pair) for pair in kmods]
    found = candidates(*pairs, kernel=kernel)
    decision = solve(found)
    random.shuffle(pairs)  # type: ignore[attr-defined]
    assert solve(candidates(*pairs, kernel=kernel)) == decision
    buildable = [(zfs, of) for zfs, of in kmods if of == kernel and kernel != BEYOND and (zfs, of) != ("2.4.3", of)]
    assert (decision.verdict is Verdict.BUILD) == bool(buildable)
    if buildable:
        assert (str(decision.zfs), kernel) in buildable
