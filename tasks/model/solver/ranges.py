"""The matrix: which OpenZFS release supports which kernels, and the verdict on a pair."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.versions import Kernel, Series, parse_zfs

FILE = "compat_matrix.toml"
_LAST_MINOR = 21  # Linux begins a new major version at about .20
_FARTHEST = 24  # kernel releases, about four years, from the newest that is known to what a release may name
_COLUMNS = {"released", "linux_minimum", "linux_maximum"}
_META = re.compile(r"^Linux-(Minimum|Maximum):[ \t]*(\d+\.\d+)[ \t]*\r?$", re.ASCII | re.MULTILINE)


class Support(StrEnum):
    """The matrix's verdict on an OpenZFS release and a kernel."""

    SUPPORTED = "supported"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelRange:
    """The kernels that a release's META file names, both ends included; `live` if META was read just now."""

    minimum: Series
    maximum: Series
    live: bool = False

    @classmethod
    def from_meta(cls, text: str, source: str) -> Self:
        """Read a META file's lines `Linux-Minimum: 4.18` and `Linux-Maximum: 7.2`."""
        found = _META.findall(text)
        limits = dict(found)
        if sorted(name for name, _ in found) != ["Maximum", "Minimum"]:
            why = "it does not have one line each, Linux-Minimum and Linux-Maximum, with a kernel's major.minor"
            raise TaskError(f"{source} is not a META file of OpenZFS", why, "try again in a few minutes")
        minimum, maximum = Series.parse(limits["Minimum"]), Series.parse(limits["Maximum"])
        if minimum > maximum:
            why = f"its META says Linux-Minimum {minimum} and Linux-Maximum {maximum}"
            raise TaskError(f"{source} states kernels that cannot be right", why, "wait for OpenZFS to correct it")
        return cls(minimum=minimum, maximum=maximum, live=True)

    def require_plausible(self, known: Iterable["KernelRange"], zfs: Version) -> None:
        """Stop at a maximum that no kernel can have soon; OpenZFS's own CI once left 99.99 in a release."""
        newest = max((each.maximum for each in known), default=self.maximum)
        ahead = (self.maximum.major - newest.major) * (_LAST_MINOR - 1) + self.maximum.minor - newest.minor
        if self.maximum.minor > _LAST_MINOR or ahead > _FARTHEST or self.minimum.major < 1:
            why = f"its META says Linux-Minimum {self.minimum} and Linux-Maximum {self.maximum}"
            why += f"; the newest kernel that any release names is {newest}"
            hint = "wait for OpenZFS to correct it, or add a row to compat_matrix.toml by hand"
            raise TaskError(f"OpenZFS {zfs} states a kernel that cannot be right", why, hint)

    def __str__(self) -> str:
        return f"{self.minimum} to {self.maximum}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PairSupport:
    """The matrix's verdict on a pair, with the sentence that explains it."""

    support: Support
    reason: str
    live: bool = False  # from META, read just now because the matrix lacks the release

    def require_supported(self, zfs: Version, kernel: Kernel | Series) -> None:
        """Stop with the reason unless the matrix supports the pair."""
        if self.support is not Support.SUPPORTED:
            hint = "wait for an OpenZFS release that supports it; `./inv build --force` builds it at your own risk"
            raise TaskError(f"OpenZFS {zfs} and kernel {kernel} are {self.support}", self.reason, hint)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Kernel ranges by OpenZFS release, and the blocked entries, from compat_matrix.toml."""

    ranges: Mapping[Version, KernelRange]
    blocks: tuple[Block, ...] = ()

    @classmethod
    def parse(cls, table: Mapping[str, object], file: str) -> Self:
        """Read the TOML table; a typo is an error that names `file` and the key."""
        _only_keys(table, {"zfs", "blocked"}, file, "")
        rows = _table(table.get("zfs"), file, "zfs")
        ranges = {_release(name, file): _range(row, file, f"zfs.{name}") for name, row in rows.items()}
        return cls(ranges, _blocks(table.get("blocked", []), file))

    def with_live(self, ranges: Mapping[Version, KernelRange]) -> Self:
        """The matrix, with ranges just read from META files for releases without a row of their own."""
        return replace(self, ranges={**ranges, **self.ranges})

    def support(self, zfs: Version, series: Series) -> Support:
        """Whether OpenZFS `zfs` supports kernels of `series`, without a sentence."""
        known = self.ranges.get(zfs)
        if known is None:
            return Support.UNKNOWN
        return Support.SUPPORTED if known.minimum <= series <= known.maximum else Support.UNSUPPORTED

    def judge(self, zfs: Version, series: Series) -> PairSupport:
        """Say whether OpenZFS `zfs` supports kernels of `series`."""
        known, support = self.ranges.get(zfs), self.support(zfs, series)
        if known is None:
            reason = f"{FILE} does not know OpenZFS {zfs}; ./inv sync-matrix adds it from the release's META file"
            return PairSupport(support=support, reason=reason)
        outside = f", and {series} is outside" if support is Support.UNSUPPORTED else ""
        source = ", according to its META; ./inv sync-matrix adds it to the matrix" if known.live else ""
        reason = f"OpenZFS {zfs} supports kernels {known}{outside}{source}"
        return PairSupport(support=support, reason=reason, live=known.live)

    def block_of(self, zfs: Version, kernel: Kernel, fcos: Version | None = None) -> Block | None:
        """The entry that blocks a pair, if any."""
        return next((block for block in self.blocks if block.hits_pair(fcos, kernel, zfs)), None)

    def block_of_content(self, digest: str) -> Block | None:
        """The entry that blocks an image by its digest, or a build by its inputs' fingerprint, if any."""
        return next((block for block in self.blocks if digest and digest in (block.digest, block.inputs)), None)

    def require_unblocked(self, zfs: Version, kernel: Kernel, fcos: Version | None = None, inputs: str = "") -> None:
        """Stop if an entry blocks the pair or the inputs; no flag overrides it."""
        block = self.block_of(zfs, kernel, fcos) or self.block_of_content(inputs)
        if block:
            raise TaskError(
                f"{block.subject} is blocked", f"since {block.since}: {block.reason}",
                f"see [[blocked]] in {FILE}; ./inv block --unblock … removes it",
            )  # fmt: skip


def _blocks(rows: object, file: str) -> tuple[Block, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _matrix_error(file, "blocked", "it must be a list of tables, [[blocked]]")
    try:
        return tuple(Block.parse(row) for row in rows)
    except TaskError as error:
        raise _matrix_error(file, "blocked", error.why) from error


def _release(name: str, file: str) -> Version:
    try:
        return parse_zfs(name)
    except TaskError as error:
        raise _matrix_error(file, f"zfs.{name}", error.why) from error


def _range(row: object, file: str, key: str) -> KernelRange:
    cells = _table(row, file, key)
    _only_keys(cells, _COLUMNS, file, f"{key}.")
    if not isinstance(cells.get("released"), date):
        raise _matrix_error(file, f"{key}.released", "it must be a date such as 2026-08-21")
    minimum, maximum = (_series(cells, file, key, column) for column in ("linux_minimum", "linux_maximum"))
    if minimum > maximum:
        raise _matrix_error(file, f"{key}.linux_minimum", f"{minimum} is above linux_maximum {maximum}")
    return KernelRange(minimum=minimum, maximum=maximum)


def _series(cells: Mapping[str, object], file: str, key: str, column: str) -> Series:
    text = cells.get(column)
    if not isinstance(text, str):
        raise _matrix_error(file, f"{key}.{column}", f"it must be a text such as '7.1', not {text!r}")
    try:
        return Series.parse(text)
    except TaskError as error:
        raise _matrix_error(file, f"{key}.{column}", f"{error.what}; {error.why}") from error


def _table(value: object, file: str, key: str) -> Mapping[str, object]:
    if not isinstance(value, dict) or not value:
        raise _matrix_error(file, key, "it must be a table with entries")
    return value


def _only_keys(table: Mapping[str, object], allowed: set[str], file: str, prefix: str) -> None:
    for key in table:
        if key not in allowed:
            raise _matrix_error(file, f"{prefix}{key}", f"unknown key; known are {', '.join(sorted(allowed))}")


def _matrix_error(file: str, key: str, why: str) -> TaskError:
    return TaskError(f"{file}: {key} is wrong", why, f"correct {key} in {file}; its header explains the table")
