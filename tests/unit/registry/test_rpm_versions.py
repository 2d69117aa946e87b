"""The order of RPM's versions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.registry.rpm_versions import key, order

RISING = [
    "1.0~~", "1.0~rc1", "1.0~rc1^2", "1.0~rc2", "1.0", "1.0^", "1.0^20240101~1", "1.0^20240101", "1.0^20240102",
    "1.0.a", "1.0.b", "1.0.1~1", "1.0.1", "1.0.1^1", "1.0.2", "1.0.10", "1.1", "2",
]  # fmt: skip
VERSIONS = st.text("0129abz~^._+", max_size=8)


def test_versions_rise_as_in_rpm_s_own_tests() -> None:
    """`~` is before the end, `^` after it and before anything else; numbers are above words."""
    assert all(key(older) < key(newer) for older, newer in pairwise(RISING))


@pytest.mark.parametrize(("one", "other"), [("1.0", "1_0"), ("1.0.", "1.0"), ("1.010", "1.10"), ("1a", "1.a")])
def test_separators_and_leading_zeros_do_not_count(one: str, other: str) -> None:
    """A change of them alone is neither an upgrade nor a downgrade."""
    assert key(one) == key(other)


@given(VERSIONS)
def test_a_tilde_lowers_and_a_caret_raises_any_version(version: str) -> None:
    """What follows them does not matter, and a part added to a version raises it above the caret."""
    assert key(f"{version}~9") < key(version) < key(f"{version}^9") < key(f"{version}.a") < key(f"{version}.0")


@given(st.tuples(VERSIONS, VERSIONS), st.tuples(VERSIONS, VERSIONS))
def test_the_epoch_decides_before_the_version_and_the_version_before_the_release(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    """A missing epoch is 0, and the architecture decides nothing."""
    texts = "-".join(one), "-".join(other)
    assert order(f"1:{texts[0]}") > order(texts[1])
    assert order(f"0:{texts[0]}.x86_64") == order(f"{texts[0]}.noarch")
    if key(one[0]) != key(other[0]):
        assert (order(texts[0]) < order(texts[1])) == (key(one[0]) < key(other[0]))
