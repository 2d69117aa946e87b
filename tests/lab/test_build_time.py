"""The reason for prebuilt modules: they save most of a build."""

import pytest

from tests.lab.conftest import HOUR, Clone, on_debian_12


@on_debian_12
@pytest.mark.full
def test_prebuilt_modules_save_seventy_percent(own_clone: Clone) -> None:
    """They save that much of the time of an image with modules from source."""
    done = own_clone.inv("bench", "--only", "build-time", seconds=2 * HOUR)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert "an image from prebuilt modules" in done.stdout + done.stderr
