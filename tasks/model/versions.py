"""Versions as the outside world writes them: OpenZFS, Fedora CoreOS and kernels."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError

_ZFS_TAG = re.compile(r"zfs-(\d+\.\d+\.\d+)", re.ASCII)
_FCOS = re.compile(r"\d+\.\d{8}\.\d+\.\d+", re.ASCII)
_KERNEL = re.compile(
    r"(?P<version>\d+\.\d+\.\d+)-(?P<release>[0-9A-Za-z.~^_+]+)\.(?P<arch>x86_64|aarch64|ppc64le|s390x)",
    re.ASCII,
)
_SERIES = re.compile(r"\d+\.\d+", re.ASCII)
_DEVELOPMENT_PATCH = 99  # X.Y.99 marks OpenZFS's development branch; it is not a release
_NO_VALUE = ("", "null", "<no value>", "none", "(none)", "nil", "undefined", "unknown")


def given(value: object) -> str | None:
    """A label's or field's text without quotes; None if it is missing, empty, or a word for a missing value."""
    text = value.strip().strip("\"'").strip() if isinstance(value, str) else ""
    return None if text.lower() in _NO_VALUE else text


@dataclass(frozen=True, order=True, slots=True)
class Series:
    """A kernel's `major.minor`, which OpenZFS uses to state its support."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `7.1`."""
        if not _SERIES.fullmatch(text):
            raise TaskError(
                f"{text!r} is not a kernel series", "it must look like 7.1", "give major.minor, such as 7.1"
            )
        major, minor = text.split(".")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel as `uname -r` names it on Fedora: `7.1.9-200.fc44.x86_64`."""

    version: str
    release: str
    arch: str

    @classmethod
    def parse(cls, text: object, source: str = "the command line") -> Self:
        """Read `VERSION-RELEASE.ARCH`; an error names `source`."""
        matched = _KERNEL.fullmatch(text) if isinstance(text, str) else None
        if matched is None:
            raise TaskError(
                f"{source} gives no kernel version",
                f"{text!r} does not have the form VERSION-RELEASE.ARCH",
                "a kernel looks like 7.1.9-200.fc44.x86_64",
            )
        return cls(matched["version"], matched["release"], matched["arch"])

    @property
    def series(self) -> Series:
        """The kernel's `major.minor`."""
        major, minor, _ = self.version.split(".")
        return Series(int(major), int(minor))

    @property
    def order(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """A key that sorts kernels by age: the numbers of the version, then those of the release."""
        return _numbers(self.version), _numbers(self.release)

    def __str__(self) -> str:
        return f"{self.version}-{self.release}.{self.arch}"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", text))


def kernel_series(text: str) -> Series:
    """The major.minor of `7.1.9-200.fc44.x86_64` or `7.1`."""
    return Series.parse(text) if _SERIES.fullmatch(text) else Kernel.parse(text, "--kernel").series


def parse_zfs(text: str) -> Version:
    """Read `2.4.4` or the tag `zfs-2.4.4`."""
    version = zfs_from_tag(text if text.startswith("zfs-") else f"zfs-{text}")
    if version is None:
        raise TaskError(
            f"{text!r} is not an OpenZFS release", "a release has three numbers, and X.Y.99 is not a release",
            "give a version such as 2.4.4",
        )  # fmt: skip
    return version


def zfs_from_tag(tag: str) -> Version | None:
    """The version behind `zfs-X.Y.Z`; None for release candidates, development markers and anything else."""
    matched = _ZFS_TAG.fullmatch(tag)
    version = Version(matched[1]) if matched else None
    return None if version is None or version.micro == _DEVELOPMENT_PATCH else version


def zfs_stream(version: Version) -> str:
    """The line that a release belongs to: `2.4` for 2.4.4."""
    return f"{version.major}.{version.minor}"


def zfs_releases(entries: Iterable[Mapping[str, object]]) -> dict[Version, date | None]:
    """The releases in GitHub's answer with their dates, newest first, without drafts and prereleases."""
    published = (entry for entry in entries if not entry.get("draft") and not entry.get("prerelease"))
    days = {zfs_from_tag(str(entry.get("tag_name", ""))): _day(entry.get("published_at")) for entry in published}
    return {version: days[version] for version in sorted((v for v in days if v is not None), reverse=True)}


def _day(text: object) -> date | None:
    try:
        return datetime.fromisoformat(str(text)).date()
    except ValueError:
        return None


def newest_zfs(releases: Iterable[Version], stream: str) -> Version:
    """The newest release of one line."""
    of_stream = [version for version in releases if zfs_stream(version) == stream]
    if not of_stream:
        raise TaskError(
            f"no OpenZFS release of the {stream} line was found",
            "the newest 100 releases on GitHub contain none",
            "check zfs_streams in invoke.yaml, or give another line with --zfs-stream",
        )
    return max(of_stream)


def parse_fcos(text: object, source: str) -> Version:
    """Read a Fedora CoreOS version such as `44.20261110.3.0`; an error names `source`."""
    hint = "look at it with: skopeo inspect --no-tags docker://quay.io/fedora/fedora-coreos:stable"
    if not isinstance(text, str) or not _FCOS.fullmatch(text):
        why = f"{text!r} does not have the form 44.20261110.3.0"
        raise TaskError(f"{source} gives no Fedora CoreOS version", why, hint)
    day = text.split(".")[1]
    if not _is_day(day):
        why = f"{text} names the day {day}, which does not exist"
        raise TaskError(f"{source} gives no Fedora CoreOS version", why, hint)
    return Version(text)


def _is_day(digits: str) -> bool:
    try:
        return bool(date.fromisoformat(digits))
    except ValueError:
        return False


def fcos_in(text: str) -> str:
    """The Fedora CoreOS version at the start of a text such as `44.20261110.3.0 (CoreOS)`; empty without one."""
    first = text.partition(" ")[0]
    return first if _FCOS.fullmatch(first) else ""
