"""Images by digest, and the labels and tags of Fedora CoreOS and kmods images."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.versions import Kernel, given, parse_fcos, zfs_from_tag

PUBLIC_TAG = "stable"  # the tag that hosts follow
CANDIDATE_TAG = "candidate"  # the image that was pushed last, and may become stable
DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_NAME = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+", re.ASCII)
_ARCHITECTURE, _MACHINE = "amd64", "x86_64"  # the same machines, as Go and as Linux name them
_STREAMS = {1: "next", 2: "testing", 3: "stable"}  # by the third number of a version
_AHEAD = timedelta(days=30)  # the day in a version is never that much later than its image's creation
_EPOCHS_END = datetime(2000, 1, 1, tzinfo=UTC)  # reproducible images have a date before it, which means nothing
_KMODS_TAG = re.compile(r"(zfs-[\d.]+)_kernel-(.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A reference to an image that cannot change: `name@sha256:…`."""

    name: str
    digest: str

    def __post_init__(self) -> None:
        """Refuse anything but a name and a digest."""
        if not _NAME.fullmatch(self.name) or not DIGEST.fullmatch(self.digest):
            raise TaskError(
                f"{self.name}@{self.digest} is not an image by digest",
                "it must be a lower-case name with its registry, @sha256: and 64 hexadecimal digits",
                "copy name and digest from `./inv history`, or from `./inv versions --json`",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name@sha256:…`."""
        name, _, digest = text.partition("@")
        return cls(name, digest)

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseImage:
    """An image as its registry describes it: digest, labels and creation time; nothing is pulled."""

    name: str
    digest: str
    labels: Mapping[str, str]
    created: datetime | None = None
    architecture: str = ""  # as Go names it; empty if the registry does not say

    @property
    def source(self) -> str:
        """The name of the image in messages."""
        return f"{self.name}@{self.digest[:19]}"

    @property
    def version(self) -> Version | None:
        """The Fedora CoreOS version, from the OCI version label; None without a usable one: os-release has it too."""
        try:
            return parse_fcos(given(self.labels.get("org.opencontainers.image.version")), self.source)
        except TaskError:
            return None

    def require(self, stream: str) -> None:
        """Stop unless the image is of this stream, and for the machines that are built here."""
        stated = given(self.labels.get("com.coreos.stream"))
        fault = f"its label says stream {stated}" if stated and stated != stream else ""
        if self.architecture not in ("", _ARCHITECTURE):
            fault = f"it is for {self.architecture}"
        self._stop_at(fault, stream)

    def require_release(self, version: Version, stream: str) -> None:
        """Stop if the version cannot be one of this stream, or names a day long after the image was made."""
        other = _STREAMS.get(version.micro, stream)
        fault = f"its version {version} is one of {other}" if other != stream and stream in _STREAMS.values() else ""
        if self.created and self.created > _EPOCHS_END and made_at(version, None) > self.created + _AHEAD:
            fault = f"its version is {version}, and it was made on {self.created:%Y-%m-%d}"
        self._stop_at(fault, stream)

    def require_same(self, release: "Release") -> None:
        """Stop if the labels name another release or another kernel than the one that was looked for."""
        version, kernel = self.version or release.version, self.kernel or release.kernel
        fault = f"its labels say {version} with kernel {kernel}, and {release.version} has {release.kernel}"
        self._stop_at("" if (version, kernel) == (release.version, release.kernel) else fault, str(release.version))

    def _stop_at(self, fault: str, wanted: str) -> None:
        if fault:
            hint = "look at it with skopeo inspect, and try again tomorrow"
            raise TaskError(f"{self.source} is not Fedora CoreOS {wanted} for {_ARCHITECTURE}", fault, hint)

    @property
    def kernel(self) -> Kernel | None:
        """The kernel, from the label that images before Fedora 43 carry; None without a usable label."""
        text = given(self.labels.get("ostree.linux"))
        return _kernel(text, f"label ostree.linux of {self.source}") if text else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A Fedora CoreOS release: its image by digest (None: missing in the registry, or not read yet) and its kernel."""

    base: ImageRef | None
    version: Version
    kernel: Kernel
    created: datetime

    @property
    def fedora(self) -> int:
        """The Fedora release, such as 44."""
        return self.version.major

    def __str__(self) -> str:
        return f"{self.version} (kernel {self.kernel.version})"


def made_at(version: Version, created: datetime | None) -> datetime:
    """The creation time of a release's image; if the image has none, the day in the version."""
    if created is not None and created > _EPOCHS_END:
        return created
    return datetime.strptime(str(version).split(".")[1], "%Y%m%d").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KmodsTag:
    """The tag of a prebuilt kernel-module image: one OpenZFS release for one kernel."""

    zfs: Version
    kernel: Kernel

    @classmethod
    def parse(cls, tag: str) -> Self | None:
        """Read `zfs-2.4.4_kernel-7.1.9-200.fc44.x86_64`; None for any other tag."""
        matched = _KMODS_TAG.fullmatch(tag)
        zfs = zfs_from_tag(matched[1]) if matched else None
        if matched is None or zfs is None:
            return None
        try:
            return cls(zfs, Kernel.parse(matched[2]))
        except TaskError:
            return None

    def __str__(self) -> str:
        return f"zfs-{self.zfs}_kernel-{self.kernel}"


def kmods_tags(tags: Iterable[str]) -> tuple[KmodsTag, ...]:
    """The tags of a listing that name kernel modules; ignores other tags."""
    parsed = (KmodsTag.parse(tag) for tag in tags)
    return tuple(tag for tag in parsed if tag is not None)


def release_versions(document: object, source: str) -> tuple[tuple[Version, ...], tuple[str, ...]]:
    """The versions in a stream's releases.json, newest first, and sentences about entries without one."""
    rows = document.get("releases") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        why = "it must be a JSON object with a list of releases"
        raise TaskError(f"{source} has an unexpected form", why, "try again in a few minutes")
    versions, faults = set(), []
    for row in rows:
        try:
            versions.add(parse_fcos(row.get("version"), f"an entry of {source}"))
        except TaskError as error:
            faults.append(f"{error.what}: {error.why}")
    return tuple(sorted(versions, reverse=True)), tuple(faults)


def _kernel(text: str, source: str) -> Kernel:
    """Read a kernel, which must be one for the machines that are built here."""
    kernel = Kernel.parse(text, source)
    if kernel.arch != _MACHINE:
        hint = "look at it with skopeo inspect, and try again tomorrow"
        raise TaskError(f"{source} names no kernel for {_MACHINE}", f"it is {kernel}", hint)
    return kernel


def kernel_from_commitmeta(document: object, source: str) -> Kernel | None:
    """The kernel in a build's commitmeta.json; None if neither of its two places names one."""
    if not isinstance(document, dict):
        raise TaskError(
            f"{source} has an unexpected form",
            "commitmeta.json must be a JSON object",
            "try again in a few minutes",
        )
    text = given(document.get("ostree.linux"))
    if text:
        return _kernel(text, source)
    packages = document.get("rpmostree.rpmdb.pkglist")
    rows = packages if isinstance(packages, list) else []
    row = next((row for row in rows if isinstance(row, list) and row[:1] == ["kernel"]), None)
    if row is None:
        return None
    if len(row) != 5:  # noqa: PLR2004  (name, epoch, version, release, architecture)
        raise TaskError(f"{source} has an unexpected form", f"its kernel row is {row}", "try again in a few minutes")
    return _kernel(f"{row[2]}-{row[3]}.{row[4]}", source)
