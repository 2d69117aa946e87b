"""The matrix says what it knows, and a typo in it cannot pass."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.solver.ranges import KernelRange, Matrix, Support
from tasks.model.versions import Series, kernel_series

ROW = 'released = 2026-08-21, linux_minimum = "4.18", linux_maximum = "7.2"'
SHIPPED = Path(__file__).parents[3] / "compat_matrix.toml"


def matrix(row: str = ROW) -> Matrix:
    return Matrix.parse(tomllib.loads(f'[zfs]\n"2.4.4" = {{ {row} }}'), "matrix.toml")


@pytest.mark.parametrize(
    ("kernel", "support"),
    [("4.18.0", "supported"), ("7.2.99", "supported"), ("7.3.0", "unsupported"), ("4.17.9", "unsupported")],
)
def test_both_ends_of_the_range_are_included(kernel: str, support: str) -> None:
    """A kernel fits if its major.minor is within both ends."""
    judged = matrix().judge(Version("2.4.4"), kernel_series(f"{kernel}-200.fc44.x86_64"))
    assert judged.support == support


def test_a_release_that_the_matrix_lacks_is_unknown() -> None:
    """Unknown means neither yes nor no."""
    judged = matrix().judge(Version("2.4.5"), kernel_series("7.1"))
    assert judged.support is Support.UNKNOWN
    with pytest.raises(TaskError, match="unknown"):
        judged.require_supported(Version("2.4.5"), kernel_series("7.1"))


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (ROW.replace("linux_maximum", "linux_maximun"), "zfs.2.4.4.linux_maximun"),
        (ROW.replace('"7.2"', "7.2"), "zfs.2.4.4.linux_maximum"),
        (ROW.replace('"7.2"', '"7"'), "zfs.2.4.4.linux_maximum"),
        (ROW.replace('"4.18"', '"7.3"'), "zfs.2.4.4.linux_minimum"),
        (ROW.replace("2026-08-21", '"soon"'), "zfs.2.4.4.released"),
        (ROW.partition(", linux_maximum")[0], "zfs.2.4.4.linux_maximum"),
    ],
)
def test_a_mistake_is_an_error_naming_file_and_key(row: str, key: str) -> None:
    """The cases: a typo, a wrong type, a missing cell, a minimum above its maximum."""
    with pytest.raises(TaskError) as caught:
        matrix(row)
    assert caught.value.what == f"matrix.toml: {key} is wrong"


@pytest.mark.parametrize(
    "text", ["", "[zsf]\n", "[zfs]\n", '[zfs]\n"2.4.99" = {}', '[zfs]\n"2.4.4" = 7', "[zfs]\n[x]\n"]
)
def test_a_matrix_of_another_shape_is_refused(text: str) -> None:
    """It has unknown tables, or entries that are not releases."""
    with pytest.raises(TaskError, match=r"matrix\.toml: "):
        Matrix.parse(tomllib.loads(text), "matrix.toml")


def test_the_shipped_matrix_has_every_known_release() -> None:
    """It has all releases of 2.2, 2.3 and 2.4 up to 2026-08-21."""
    shipped = Matrix.parse(tomllib.loads(SHIPPED.read_text()), SHIPPED.name)
    lines = {
        stream: [v.micro for v in shipped.ranges if f"{v.major}.{v.minor}" == stream]
        for stream in ("2.2", "2.3", "2.4")
    }
    assert lines == {"2.2": list(range(12)), "2.3": list(range(10)), "2.4": list(range(5))}


KEYS = strategies.sampled_from(["zfs", "2.4.4", "released", "linux_minimum"])
ATOMS = strategies.none() | strategies.booleans() | strategies.integers() | strategies.text()


@given(strategies.recursive(ATOMS, lambda inner: strategies.dictionaries(KEYS, inner)))
def test_no_table_at_all_makes_the_matrix_fail_other_than_clearly(table: object) -> None:
    """Whatever TOML contains, reading it gives a matrix or a clear error."""
    try:
        Matrix.parse(table if isinstance(table, dict) else {"zfs": table}, "matrix.toml")
    except TaskError as error:
        assert error.what.startswith("matrix.toml: ")  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize(
    ("maximum", "plausible"),
    [
        *((maximum, False) for maximum in ("99.99", "7.99", "7.40", "7.39", "7.22", "8.9", "0.0", "0.9", "9.0")),
        *((maximum, True) for maximum in ("7.3", "7.20", "8.0", "8.3")),
    ],
)
def test_a_kernel_that_cannot_be_near_is_not_believed(maximum: str, plausible: bool) -> None:
    """OpenZFS's own CI once left 99.99 in a release, and every kernel was supported."""
    minimum = min(Series(4, 18), Series.parse(maximum))
    stated = KernelRange.from_meta(f"Linux-Minimum: {minimum}\nLinux-Maximum: {maximum}\n", "META")
    known = [KernelRange(minimum=Series(4, 18), maximum=Series(7, 2))]
    if plausible:
        stated.require_plausible(known, Version("2.4.5"))
        return
    with pytest.raises(TaskError, match="cannot be right") as caught:
        stated.require_plausible(known, Version("2.4.5"))
    assert f"Linux-Maximum {maximum}" in caught.value.why
