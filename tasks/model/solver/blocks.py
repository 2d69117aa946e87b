"""The `blocked` entries of the compatibility matrix: what must not be built or published although it fits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.versions import Kernel, kernel_series, parse_fcos, parse_zfs

_LEADING_ZEROS = re.compile(r"(?<![0-9a-z_])0+(?=[0-9])")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_PAIR, _CONTENT = ("fcos", "kernel", "zfs"), ("digest", "inputs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One entry: a combination of release, kernel and OpenZFS version, or one image, or the inputs of one."""

    reason: str
    since: date
    fcos: str = ""
    kernel: str = ""  # a whole kernel, or its major.minor
    zfs: str = ""
    digest: str = ""
    inputs: str = ""

    def __post_init__(self) -> None:
        """Refuse an entry that blocks nothing, mixes a pair with an image, or has a wrong version."""
        pair = [name for name in _PAIR if getattr(self, name)]
        content = [name for name in _CONTENT if getattr(self, name)]
        if bool(pair) == bool(content) or len(content) > 1:
            raise _error("it needs some of fcos, kernel and zfs, or else one of digest and inputs")
        if not self.reason.strip():
            raise _error("it needs a reason")
        self._check_forms()

    def _check_forms(self) -> None:
        """Write each version in its one form: `zfs-2.4.4` and the kernel `7.01` would match nothing."""
        if self.fcos:
            object.__setattr__(self, "fcos", str(parse_fcos(self.fcos, "the block")))
        if self.kernel:
            plain = _LEADING_ZEROS.sub("", self.kernel.lower())
            whole = Kernel.parse(plain, "the block") if "-" in plain else kernel_series(plain)
            object.__setattr__(self, "kernel", str(whole))
        if self.zfs:
            object.__setattr__(self, "zfs", str(parse_zfs(self.zfs)))
        for digest in filter(None, (self.digest, self.inputs)):
            if not _DIGEST.fullmatch(digest):
                raise _error(f"{digest!r} is not sha256: and 64 hexadecimal digits")

    @classmethod
    def parse(cls, row: Mapping[str, object]) -> Self:
        """Read a TOML table; a typo is an error that names the key."""
        known = {field.name for field in fields(cls)}
        for key, value in row.items():
            expected = date if key == "since" else str
            if key not in known:
                raise _error(f"{key} is an unknown key; known are {', '.join(sorted(known))}")
            if not isinstance(value, expected):
                raise _error(f"{key} must be a {'date such as 2026-11-23' if expected is date else 'text'}")
        if missing := {"reason", "since"} - set(row):
            raise _error(f"{', '.join(sorted(missing))} is missing")
        return cls(**row)  # type: ignore[arg-type]  # each value's type was checked above

    @property
    def row(self) -> dict[str, str | date]:
        """The entry as the matrix has it: the given fields, then reason and date."""
        given = {name: getattr(self, name) for name in (*_PAIR, *_CONTENT) if getattr(self, name)}
        return {**given, "reason": self.reason, "since": self.since}

    @property
    def subject(self) -> str:
        """What the entry blocks, in words."""
        names = {"fcos": "Fedora CoreOS", "kernel": "kernel", "zfs": "OpenZFS", "digest": "image", "inputs": "inputs"}
        return " with ".join(f"{names[key]} {value}" for key, value in self.row.items() if key in names)

    @property
    def is_pair(self) -> bool:
        """Whether it blocks by versions, and not one image or its inputs."""
        return not (self.digest or self.inputs)

    def same_subject(self, other: "Block") -> bool:
        """Whether both entries block the same thing."""
        return self.subject == other.subject

    def hits_pair(self, fcos: Version | None, kernel: Kernel, zfs: Version) -> bool:
        """Whether every given field matches this pair."""
        return self.is_pair and (
            self.fcos in ("", str(fcos))
            and self.kernel in ("", str(kernel), str(kernel.series))
            and self.zfs in ("", str(zfs))
        )

    def __str__(self) -> str:
        return f"{self.subject} has been blocked since {self.since}: {self.reason}"


def _error(why: str) -> TaskError:
    return TaskError("this block is not valid", why, "see ./inv --help block")
