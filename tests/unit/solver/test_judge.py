"""One release: which kmods are missing, and why."""

import pytest

from tasks.model.errors import TaskError
from tasks.model.solver.judge import Lack, kmods_lack, require_kmods
from tasks.model.solver.solve import solve
from tests.builders.values import (
    BEYOND,
    KERNEL,
    NEWER,
    REPOSITORY,
    ZFS,
    candidates,
    release,
)


@pytest.mark.parametrize(
    ("pairs", "kernel", "lack"),
    [
        ("2.4.4", NEWER, None),
        (f"2.4.4 {KERNEL}", NEWER, Lack.NOT_BUILT_YET),
        (f"2.4.4 {NEWER}", str(KERNEL), Lack.REMOVED),
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
        with pytest.raises(TaskError, match="no repository has"):
            require_kmods(found)


def test_a_line_that_does_not_exist_is_named() -> None:
    """A typo in zfs_streams decides nothing."""
    with pytest.raises(TaskError, match=r"no OpenZFS release of the 9\.9 line"):
        solve(candidates("2.4.4", zfs_streams=("9.9",)))
