"""Each call that publish makes hangs, or fails after it was carried out."""

from pathlib import Path

import pytest

from tests.lab.conftest import Clone
from tests.lab.crashed import assert_good_at_every_moment


@pytest.mark.full
def test_a_failure_of_any_call_harms_nobody(own_clone: Clone, tmp_path: Path) -> None:
    """Stable is never wrong, and the next run finishes."""
    assert_good_at_every_moment("fail", own_clone, tmp_path)
