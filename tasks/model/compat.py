"""Which OpenZFS release builds for which kernels: the matrix, and what it says of a pair."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.versions import Kernel, Series, parse_zfs

_COLUMNS = {"released", "linux_minimum", "linux_maximum"}


class Support(StrEnum):
    """What the matrix says of an OpenZFS release and a kernel."""

    SUPPORTED = "supported"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelRange:
    """The kernels that a release's META file names, both ends included."""

    minimum: Series
    maximum: Series


@dataclass(frozen=True, kw_only=True, slots=True)
class PairSupport:
    """The matrix's verdict on a pair, with the sentence that explains it."""

    support: Support
    reason: str

    def require_supported(self, zfs: Version, kernel: Kernel | Series) -> None:
        """Stop with the reason unless the matrix supports the pair."""
        if self.support is not Support.SUPPORTED:
            hint = "wait for an OpenZFS release that supports it; `./inv build --force` builds it at your own risk"
            raise TaskError(f"OpenZFS {zfs} and kernel {kernel} are {self.support}", self.reason, hint)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Kernel ranges by OpenZFS release, as compat_matrix.toml states them."""

    ranges: Mapping[Version, KernelRange]

    @classmethod
    def parse(cls, table: Mapping[str, object], file: str) -> Self:
        """Read the TOML table; a typo is an error that names `file` and the key."""
        _only_keys(table, {"zfs"}, file, "")
        rows = _table(table.get("zfs"), file, "zfs")
        return cls({_release(name, file): _range(row, file, f"zfs.{name}") for name, row in rows.items()})

    def judge(self, zfs: Version, series: Series) -> PairSupport:
        """Say whether OpenZFS `zfs` supports kernels of `series`."""
        known = self.ranges.get(zfs)
        if known is None:
            return PairSupport(
                support=Support.UNKNOWN,
                reason=f"compat_matrix.toml does not know OpenZFS {zfs}; add its line from the release's META file",
            )
        span = f"{known.minimum} to {known.maximum}"
        if known.minimum <= series <= known.maximum:
            return PairSupport(support=Support.SUPPORTED, reason=f"OpenZFS {zfs} supports kernels {span}")
        return PairSupport(
            support=Support.UNSUPPORTED,
            reason=f"OpenZFS {zfs} supports kernels {span}, and {series} is outside",
        )


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
    return TaskError(f"{file}: {key} is wrong", why, f"correct {key} in {file}; its header says how the table is kept")
