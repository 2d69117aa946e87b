"""Differences between two images."""

import pytest

from tasks.model.registry.diff import Change


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("1.0-1.fc44", "1.0-2.fc44", "upgraded"),
        ("1.9-1", "1.10-1", "upgraded"),
        ("1.0~rc1-1", "1.0-1", "upgraded"),
        ("2.0-1", "1.9-5", "downgraded"),
        ("1:1.0-1", "2:0.5-1", "upgraded"),
        ("9.9-1.x86_64", "1:0.5-1.x86_64", "upgraded"),
        ("1.0^20240101-1.fc44", "1.0-1.fc44", "downgraded"),
        ("1.0.1-1.fc44", "1.0-2.fc44", "downgraded"),
        ("1.0-1.fc44.x86_64", "1.0-1.fc44.noarch", "changed"),
        ("1.0-1.i686 1.0-1.x86_64", "1.0-2.i686 1.0-2.x86_64", "upgraded"),
        ("", "1.0", "added"),
        ("1.0", "", "removed"),
    ],
)
def test_a_package_change_is_named(before: str, after: str, change: str) -> None:
    """Versions compare as in rpm."""
    assert Change.of("package", "x", before, after).change == change
