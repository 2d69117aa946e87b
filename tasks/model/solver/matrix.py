"""The matrix as a file: add rows and blocks, and keep comments, order and everything else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import tomlkit
from packaging.version import Version
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Table

from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.solver.ranges import FILE, KernelRange, Matrix
from tasks.model.versions import parse_zfs, zfs_stream

OLDEST = (2, 2)  # the oldest line that is kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of the matrix: a release, the day of its tag, and the kernels in its META."""

    zfs: Version
    released: date
    kernels: KernelRange

    @classmethod
    def of(cls, zfs: Version, released: date | None, kernels: KernelRange) -> Self:
        """The row of a release; stops if GitHub gives no date."""
        if released is None:
            raise TaskError(f"OpenZFS {zfs} has no date", "GitHub's entry lacks it", "try again in a few minutes")
        return cls(zfs=zfs, released=released, kernels=kernels)


def missing(
    releases: Mapping[Version, date | None], known: Mapping[Version, KernelRange], *, every: bool
) -> tuple[Version, ...]:
    """The releases whose META must be read: those that the matrix lacks, or `every` one since 2.2; oldest first."""
    kept = sorted(version for version in releases if (version.major, version.minor) >= OLDEST)
    return tuple(version for version in kept if every or version not in known)


def changed(rows: Iterable[Row], known: Mapping[Version, KernelRange]) -> tuple[Row, ...]:
    """The rows that the matrix lacks or has with other kernels; oldest first."""

    def ends(kernels: KernelRange | None) -> object:
        return kernels and (kernels.minimum, kernels.maximum)

    return tuple(row for row in sorted(rows, key=lambda row: row.zfs) if ends(row.kernels) != ends(known.get(row.zfs)))


def with_rows(text: str, rows: Iterable[Row]) -> str:
    """The file with the rows added, each at its place within its line; an existing row is corrected.

    Stops if the file is written in a way that a row cannot be added to.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    for row in rows:
        document = tomlkit.parse(text)
        table = _table(document)
        if str(row.zfs) in table:
            table[str(row.zfs)].update(_kernels(row))
        else:
            _insert(table, row)
        text = tomlkit.dumps(document)
    try:
        Matrix.parse(tomlkit.parse(text).unwrap(), FILE)
    except (TaskError, TOMLKitError) as error:
        why = f"with the new rows it could not be read again: {getattr(error, 'why', error)}"
        hint = 'write each row on one line, as in: "2.4.4" = { released = 2026-08-21, … }'
        raise TaskError(f"{FILE} cannot be changed", why, hint) from error
    return text


def _table(document: tomlkit.TOMLDocument) -> Table:
    table = document["zfs"]
    if not isinstance(table, Table):
        raise TaskError("the matrix cannot be written", "[zfs] is not a table of its own", "write it as [zfs]")
    return table


def _insert(table: Table, row: Row) -> None:
    """Put a row after the last older one of its line, or before the first; a new line is added at the end."""
    body = table.value.body
    places = {parse_zfs(key.key): place for place, (key, _) in enumerate(body) if key is not None}
    line = [version for version in places if zfs_stream(version) == zfs_stream(row.zfs)]
    older = [version for version in line if version < row.zfs]
    if older:
        place = places[max(older)] + 1
    elif line:
        place = places[min(line)]
    else:
        place = max(places.values()) + 1
        body.insert(place, (None, tomlkit.nl()))
        place += 1
    body.insert(place, (tomlkit.key(str(row.zfs)), _cells(row)))


def _kernels(row: Row) -> dict[str, str]:
    return {"linux_minimum": str(row.kernels.minimum), "linux_maximum": str(row.kernels.maximum)}


def _cells(row: Row) -> InlineTable:
    kernels = ", ".join(f'{key} = "{value}"' for key, value in _kernels(row).items())
    cells = tomlkit.parse(f"row = {{ released = {row.released}, {kernels} }}\n")["row"]
    if not isinstance(cells, InlineTable):
        raise TypeError("a row is an inline table")
    return cells


def with_block(text: str, block: Block) -> str:
    """The file with one more [[blocked]]; an entry with the same subject gets the new reason and date."""
    document = tomlkit.parse(text)
    entries = document.get("blocked")
    if entries is not None and not isinstance(entries, AoT):
        why = "blocked is a list in brackets, to which no [[blocked]] can be added"
        raise TaskError(f"{FILE} cannot be changed", why, "write each entry of it as a [[blocked]] table")
    if entries is None:
        entries = tomlkit.aot()
        document.append("blocked", entries)
    same = next((entry for entry in entries if Block.parse(entry.unwrap()).same_subject(block)), None)
    if same is not None:
        same.update(block.row)
        return tomlkit.dumps(document)
    entry = tomlkit.table()
    entry.trivia.indent = "\n"
    entry.update(block.row)
    entries.append(entry)
    return tomlkit.dumps(document)


def without_block(text: str, block: Block) -> str:
    """The file without every [[blocked]] entry of the same subject."""
    document = tomlkit.parse(text)
    entries = document.get("blocked", [])
    numbers = [n for n, entry in enumerate(entries) if Block.parse(entry.unwrap()).same_subject(block)]
    if not numbers:
        subjects = "; ".join(Block.parse(entry.unwrap()).subject for entry in entries) or "nothing"
        raise TaskError(f"{block.subject} is not blocked", f"blocked: {subjects}", "name it exactly as it was blocked")
    for number in reversed(numbers):
        del entries[number]
    if not entries:
        del document["blocked"]
    return tomlkit.dumps(document).rstrip("\n") + "\n"
