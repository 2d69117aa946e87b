"""The matrix as a file: a change is written, and nothing else changes."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, strategies
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.solver.matrix import Row, changed, missing, with_block, with_rows, without_block
from tasks.model.solver.ranges import KernelRange, Matrix
from tasks.model.versions import Kernel, Series

SHIPPED = (Path(__file__).parents[3] / "compat_matrix.toml").read_text()
TODAY = date(2026, 11, 23)
META = "Meta:          1\nName:          zfs\nLinux-Maximum: 7.3\nLinux-Minimum: 4.18\n"


def row(zfs: str, maximum: str = "7.3") -> Row:
    kernels = KernelRange(minimum=Series(4, 18), maximum=Series.parse(maximum))
    return Row(zfs=Version(zfs), released=TODAY, kernels=kernels)


@pytest.mark.parametrize(
    ("zfs", "above", "below"),
    [
        ("2.4.5", '"2.4.4"', ""),
        ("2.3.10", '"2.3.9"', '"2.4.0"'),
        ("2.2.12", '"2.2.11"', '"2.3.0"'),
        ("2.5.0", '"2.4.4"', ""),
    ],
)
def test_a_new_release_stands_at_its_place(zfs: str, above: str, below: str) -> None:
    """It comes after the last of its line and before the next line; a new line comes at the end."""
    after = with_rows(SHIPPED, [row(zfs)])
    lines = [line for line in after.splitlines() if line.startswith('"')]
    place = next(number for number, line in enumerate(lines) if line.startswith(f'"{zfs}"'))
    assert lines[place - 1].startswith(above)
    assert "".join(lines[place + 1 : place + 2]).startswith(below)
    new = f'"{zfs}" = {{ released = 2026-11-23, linux_minimum = "4.18", linux_maximum = "7.3" }}\n'
    assert after.replace(f"\n{new}" if zfs == "2.5.0" else new, "") == SHIPPED


def test_a_file_without_a_last_line_end_gets_one() -> None:
    """Else the new row would stand on the last row's line."""
    ends_in_a_row = (
        SHIPPED[: SHIPPED.rindex('"2.4.4"')]
        + '"2.4.4" = { released = 2026-08-21, linux_minimum = "4.18", linux_maximum = "7.2" }'
    )
    after = with_rows(ends_in_a_row, [row("2.4.5")])
    assert Version("2.4.5") in Matrix.parse(tomllib.loads(after), "x").ranges


@pytest.mark.parametrize(
    "text",
    [
        '[zfs."2.4.4"]\nreleased = 2026-08-21\nlinux_minimum = "4.18"\nlinux_maximum = "7.2"\n',
        '[zfs]\n"9.9" = { released = 2026-08-21, linux_minimum = "4.18", linux_maximum = "7.2" }\n',
    ],
)
def test_what_could_not_be_read_again_is_not_written(text: str) -> None:
    """The error is about the file that the user has, before anything is lost."""
    with pytest.raises(TaskError):
        with_rows(text, [row("2.4.5")])


def test_a_list_in_brackets_gets_no_block() -> None:
    """TOML does not allow both forms."""
    text = f"blocked = []\n{SHIPPED}"
    with pytest.raises(TaskError, match="cannot be changed"):
        with_block(text, Block(reason="x", since=TODAY, zfs="2.4.4"))


def test_every_entry_of_a_subject_goes_at_once() -> None:
    """Two hands wrote it, each in its own way; else it would stay blocked after a success."""
    twice = "".join(
        f'\n[[blocked]]\nzfs = "{zfs}"\nreason = "x"\nsince = 2026-11-23\n' for zfs in ("2.4.4", "zfs-2.4.4")
    )
    other = '\n[[blocked]]\nzfs = "2.4.3"\nreason = "x"\nsince = 2026-11-23\n'
    after = without_block(SHIPPED + twice + other, Block(reason="x", since=TODAY, zfs="2.4.4"))
    assert [block.zfs for block in Matrix.parse(tomllib.loads(after), "x").blocks] == ["2.4.3"]


def test_a_row_that_is_wrong_is_corrected_in_its_place() -> None:
    """The date stays; the kernels come from META."""
    after = with_rows(SHIPPED, [row("2.4.3", "7.1")])
    assert '"2.4.3" = { released = 2026-06-10, linux_minimum = "4.18", linux_maximum = "7.1" }' in after
    assert len(after.splitlines()) == len(SHIPPED.splitlines())


@given(strategies.sets(strategies.tuples(strategies.integers(2, 6), strategies.integers(0, 30)), max_size=8))
def test_whatever_is_written_in_reads_back(numbers: set[tuple[int, int]]) -> None:
    """Old and new rows are there once, in order within their line, with every comment."""
    rows = [row(f"2.{minor}.{patch}") for minor, patch in numbers]
    before = Matrix.parse(tomllib.loads(SHIPPED), "x")
    after = with_rows(SHIPPED, changed(rows, before.ranges))
    read = Matrix.parse(tomllib.loads(after), "x").ranges
    assert read.keys() == before.ranges.keys() | {each.zfs for each in rows}
    assert all(read[each.zfs].maximum == Series(7, 3) for each in rows)
    for line in {(version.major, version.minor) for version in read}:
        of_line = [version for version in read if (version.major, version.minor) == line]
        assert of_line == sorted(of_line)
    assert [line for line in after.splitlines() if line.startswith("#")] == [
        line for line in SHIPPED.splitlines() if line.startswith("#")
    ]
    assert changed(rows, read) == ()


def test_only_what_the_matrix_lacks_is_read_or_all_of_it() -> None:
    """2.1 and older lines are left out."""
    listed = {Version(text): TODAY for text in ("2.4.5", "2.4.4", "2.1.16")}
    known = {Version("2.4.4"): row("2.4.4").kernels}
    assert missing(listed, known, every=False) == (Version("2.4.5"),)
    assert missing(listed, known, every=True) == (Version("2.4.4"), Version("2.4.5"))


def test_meta_is_read_and_a_file_that_is_none_is_refused() -> None:
    """The cases are a web page, half a file, and a line without a number."""
    assert str(KernelRange.from_meta(META, "META")) == "4.18 to 7.3"
    assert str(KernelRange.from_meta(META.replace("\n", "\r\n"), "META")) == "4.18 to 7.3"
    for text in ("", "<html>", META[:60], META.replace("7.3", "null"), f"{META}Linux-Maximum: 9.9\n"):
        with pytest.raises(TaskError, match=r"META of 2\.4\.5 is not a META file"):
            KernelRange.from_meta(text, "META of 2.4.5")
    with pytest.raises(TaskError, match=r"META of 2\.4\.5 states kernels that cannot be right"):
        KernelRange.from_meta(META.replace("4.18", "99.99"), "META of 2.4.5")


def test_a_release_without_a_date_makes_no_row() -> None:
    """GitHub's entry must be complete."""
    with pytest.raises(TaskError, match=r"OpenZFS 2\.4\.5 has no date"):
        Row.of(Version("2.4.5"), None, row("2.4.5").kernels)


def test_blocks_are_written_changed_and_taken_away() -> None:
    """Each is there once; removing the last one restores the file."""
    pair = Block(zfs="2.4.4", kernel="7.1.9-200.fc44.x86_64", reason='it "panics"', since=TODAY)
    other = Block(fcos="44.20261110.3.0", reason="bad firmware", since=TODAY)
    text = with_block(with_block(SHIPPED, pair), other)
    again = with_block(text, Block(fcos="44.20261110.3.0", reason="worse", since=TODAY))
    assert [block.reason for block in Matrix.parse(tomllib.loads(again), "x").blocks] == ['it "panics"', "worse"]
    assert without_block(without_block(again, other), pair) == SHIPPED
    with pytest.raises(TaskError, match=r"Fedora CoreOS 44\.20261110\.3\.0 is not blocked"):
        without_block(SHIPPED, other)
    assert with_rows(text, [row("2.5.0")]).count("\n[[blocked]]\n") == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[blocked]]\nzfs = "2.4.4"\nsince = 2026-11-23', "reason is missing"),
        ('[[blocked]]\nzsf = "2.4.4"\nreason = "x"\nsince = 2026-11-23', "zsf is an unknown key"),
        ('[[blocked]]\nreason = "x"\nsince = 2026-11-23', "it needs some of fcos, kernel and zfs"),
        ('[[blocked]]\nzfs = "2.4"\nreason = "x"\nsince = 2026-11-23', "three numbers"),
        ('[[blocked]]\nzfs = 2.4\nreason = "x"\nsince = 2026-11-23', "zfs must be a text"),
        ('[[blocked]]\ndigest = "sha256:12"\nreason = "x"\nsince = 2026-11-23', "64 hexadecimal digits"),
        ('[[blocked]]\nzfs = "2.4.4"\nreason = "x"\nsince = "today"', "since must be a date"),
        ('[[blocked]]\nzfs = "2.4.4"\nreason = " "\nsince = 2026-11-23', "it needs a reason"),
        (f'[[blocked]]\nzfs = "2.4.4"\ndigest = "sha256:{"a" * 64}"\nreason = "x"\nsince = 2026-11-23', "or else one"),
        ('blocked = "2.4.4"', "list of tables"),
    ],
)
def test_a_typo_in_a_block_is_named(text: str, why: str) -> None:
    """A block that blocks nothing must not look as if it did."""
    with pytest.raises(TaskError, match=r"matrix\.toml: blocked is wrong") as caught:
        Matrix.parse(
            tomllib.loads(f'{text}\n[zfs]\n"2.4.4" = {{ {"released = 2026-08-21"}, {KERNELS} }}'), "matrix.toml"
        )
    assert why in caught.value.why


KERNELS = 'linux_minimum = "4.18", linux_maximum = "7.2"'


def test_what_is_blocked_stops_a_lock_too() -> None:
    """It may be blocked by its pair or by its inputs; another pair passes."""
    kernel, inputs = Kernel.parse("7.1.9-200.fc44.x86_64"), "sha256:" + "a" * 64
    blocks = (Block(kernel="7.1", reason="x", since=TODAY), Block(inputs=inputs, reason="y", since=TODAY))
    with pytest.raises(TaskError, match=r"kernel 7\.1 is blocked"):
        Matrix({}, blocks).require_unblocked(Version("2.4.4"), kernel)
    with pytest.raises(TaskError, match=r"inputs sha256:a+ is blocked"):
        Matrix({}, blocks[1:]).require_unblocked(Version("2.4.4"), kernel, inputs=inputs)
    Matrix({}, blocks[1:]).require_unblocked(Version("2.4.4"), kernel)
