"""Publish is killed around every call that it makes."""

from pathlib import Path

import pytest

from tests.lab.conftest import Clone
from tests.lab.crashed import assert_good_at_every_moment


@pytest.mark.full
def test_a_kill_at_any_moment_harms_nobody(own_clone: Clone, tmp_path: Path) -> None:
    """Stable is never wrong, and the next run finishes."""
    assert_good_at_every_moment("kill", own_clone, tmp_path)
