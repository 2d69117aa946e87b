"""One release: which kmods are missing, and why."""

from dataclasses import replace

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import KmodsTag
from tasks.model.solver.judge import Lack, kmods_lack, require_kmods
from tasks.model.solver.ranges import KernelRange
from tasks.model.solver.solve import solve
from tasks.model.versions import Series
from tests.builders.values import (
    BEYOND,
    KERNEL,
    MATRIX,
    NEWER,
    REPOSITORY,
    ZFS,
    candidates,
    published,
    release,
)


@pytest.mark.parametrize(
    ("pairs", "kernel", "lack"),
    [
        ("2.4.4", NEWER, None),
        (f"2.4.4 {KERNEL}", NEWER, Lack.NOT_BUILT_YET),
        (f"2.4.4 {NEWER}", str(KERNEL), Lack.REMOVED),
        (f"2.3.9 {KERNEL}", str(KERNEL), Lack.NOT_BUILT_YET),
        (f"2.4.4 {KERNEL}", BEYOND, Lack.UNSUPPORTED),
    ],
)
def test_missing_kmods_have_one_of_three_reasons(pairs: str, kernel: str, lack: Lack | None) -> None:
    """The kernel is out of range, or the kmods are not built yet, or were removed."""
    pair = pairs if " " in pairs else f"{pairs} {kernel}"
    found = candidates(pair, releases=(release(kernel),))
    assert kmods_lack(found, ZFS, found.newest.kernel) is lack
    if lack is None:
        repository, tag = require_kmods(found)
        assert (repository, str(tag)) == (REPOSITORY, f"zfs-2.4.4_kernel-{kernel}")
    else:
        with pytest.raises(TaskError, match="no repository has") as caught:
            require_kmods(found)
        there = pair.removeprefix("2.4.4 ") if pair.startswith("2.4.4") else "none"
        assert caught.value.next.endswith(f"the newest kmods of OpenZFS 2.4.4 are for {there}")


def test_a_line_that_does_not_exist_is_named() -> None:
    """A typo in zfs_streams decides nothing."""
    with pytest.raises(TaskError, match=r"no OpenZFS release of the 9\.9 line"):
        solve(candidates("2.4.4", zfs_streams=("9.9", "9.8")))


def test_the_newest_kmods_are_those_of_that_openzfs() -> None:
    """Kmods of another line are newer, and of no use."""
    found = candidates("2.4.4", f"2.3.9 {NEWER}", releases=(release(BEYOND),))
    with pytest.raises(TaskError) as caught:
        require_kmods(found)
    assert caught.value.next.endswith(f"the newest kmods of OpenZFS 2.4.4 are for {KERNEL}")


def test_an_older_openzfs_that_supports_the_kernel_is_not_waited_for() -> None:
    """2.4.4 is published, and pools may have its features: only a newer OpenZFS helps."""
    wide = KernelRange(minimum=Series(4, 18), maximum=Series(7, 3))
    matrix = replace(MATRIX, ranges={**MATRIX.ranges, Version("2.3.9"): wide})
    newest = solve(candidates(releases=(release(BEYOND),), stable=published(), matrix=matrix)).options[0]
    assert newest.kmods_tag == KmodsTag(ZFS, newest.release.kernel)
    assert not newest.awaits_kmods


def test_the_same_release_with_an_older_openzfs_is_refused_for_the_pools() -> None:
    """The release itself is not older."""
    decision = solve(candidates("2.3.9", stable=published()))
    assert "only has kmods of OpenZFS 2.3.9, but 2.4.4 is published: a pool" in decision.reasons[0]
