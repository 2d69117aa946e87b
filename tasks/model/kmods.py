"""A kmods image that is built here: its sources and its labels."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import DIGEST, ImageRef, KmodsTag
from tasks.model.lock import PREFIX
from tasks.model.versions import Kernel, given, zfs_from_tag

_OWN = "io.github.samhclark.fedora-zfs-kmods"  # the labels of the image that it replaces
_TARBALL = f"{PREFIX}.zfs-tarball"
_MODULES = ("spl", "zfs")
_FEDORA = re.compile(r"\.fc(\d+)$", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tarball:
    """A release's source: its address on GitHub, and the digest that GitHub reports for it."""

    url: str
    digest: str

    @classmethod
    def of(cls, zfs: Version, document: object) -> Self:
        """Read it from GitHub's answer for the release; format: docs.github.com/rest/releases, `assets`."""
        name, what = f"zfs-{zfs}.tar.gz", f"the source of OpenZFS {zfs} could not be found"
        assets = document.get("assets") if isinstance(document, dict) else None
        rows = [row for row in assets if isinstance(row, dict)] if isinstance(assets, list) else []
        row = next((row for row in rows if row.get("name") == name), None)
        page = f"look at github.com/openzfs/zfs/releases/tag/zfs-{zfs}"
        if row is None:
            raise TaskError(what, f"GitHub lists no {name} with the release", page)
        url, digest = given(row.get("browser_download_url")), given(row.get("digest"))
        if not url or not url.startswith("https://"):
            raise TaskError(what, f"GitHub reports no address for {name}", page)
        if not digest or not DIGEST.fullmatch(digest):
            why = f"GitHub reports no sha256 for {name}; files older than June 2025 have none"
            raise TaskError(what, why, "use a newer release: without a digest, the file cannot be verified")
        return cls(url=url, digest=digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalKmods:
    """Modules and tools of one OpenZFS release for one kernel, built here, and the digest of their source."""

    image: ImageRef
    pair: KmodsTag
    tarball: str

    @classmethod
    def from_labels(cls, image: ImageRef, labels: Mapping[str, str]) -> Self:
        """Read the labels that `labels` wrote; an error names the image and the label."""
        zfs = zfs_from_tag(labels.get(f"{_OWN}.zfs.tag", ""))
        tarball = labels.get(_TARBALL, "")
        if zfs is None or not DIGEST.fullmatch(tarball):
            label = f"{_OWN}.zfs.tag" if zfs is None else _TARBALL
            why = f"its label {label} is {labels.get(label, '')!r}"
            raise TaskError(f"{image} is not a kmods image that was built here", why, "build one: ./inv build-kmods")
        kernel = Kernel.parse(labels.get(f"{_OWN}.kernel.version"), f"{_OWN}.kernel.version of {image}")
        return cls(image=image, pair=KmodsTag(zfs, kernel), tarball=tarball)


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A kernel module: the kernel that it is built for, and its version, such as `2.4.4-1`."""

    kernel: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """The contents of a kmods image: labels, the file names of its packages, and modules by name."""

    labels: Mapping[str, str]
    packages: tuple[str, ...]
    modules: Mapping[str, Module]

    def faults(self, pair: KmodsTag) -> list[str]:
        """Everything that does not match the pair; empty if all matches."""
        return [*self._label_faults(pair), *self._package_faults(pair), *self._module_faults(pair)]

    def _label_faults(self, pair: KmodsTag) -> Iterator[str]:
        for name, expected in ((f"{_OWN}.zfs.tag", f"zfs-{pair.zfs}"), (f"{_OWN}.kernel.version", str(pair.kernel))):
            if self.labels.get(name) != expected:
                yield f"its label {name} is {self.labels.get(name, '')!r}"

    def _package_faults(self, pair: KmodsTag) -> Iterator[str]:
        kmods = [name for name in self.packages if name.startswith("kmod-")]
        if len(kmods) != 1 or not kmods[0].startswith(f"kmod-zfs-{pair.kernel}-{pair.zfs}-"):
            yield f"its module package is {', '.join(kmods) or 'missing'}"
        if not any(name.startswith(f"zfs-{pair.zfs}-") for name in self.packages):
            yield f"it has no package zfs-{pair.zfs}"
        odd = [name for name in self.packages if f"-{pair.zfs}-" not in name and name not in kmods]
        if odd:
            yield f"packages of another version: {', '.join(odd)}"

    def _module_faults(self, pair: KmodsTag) -> Iterator[str]:
        for name in _MODULES:
            module = self.modules.get(name)
            if module is None:
                yield f"it has no module {name}"
            elif module.kernel != str(pair.kernel):
                yield f"its module {name} is built for {module.kernel or 'no kernel'}"
            elif module.version.partition("-")[0] != str(pair.zfs):
                yield f"its module {name} has version {module.version or 'none'}"


def fedora_of(kernel: Kernel) -> str:
    """The Fedora release that a kernel was built for, such as `44`."""
    matched = _FEDORA.search(kernel.release)
    if matched is None:
        raise TaskError(
            f"{kernel} is not a kernel of Fedora", "its release does not end with .fc and a number",
            "a kernel looks like 7.1.9-200.fc44.x86_64; ./inv kernel-version shows the newest",
        )  # fmt: skip
    return matched[1]


def labels(pair: KmodsTag, tarball: str, builder: ImageRef, containerfile: bytes) -> dict[str, str]:
    """The labels that the published image has, and the sources of this one."""
    tag = f"zfs-{pair.zfs}"
    return {
        "org.opencontainers.image.version": tag,
        f"{_OWN}.zfs.tag": tag,
        f"{_OWN}.kernel.version": str(pair.kernel),
        f"{_OWN}.kernel.major_minor": str(pair.kernel.series),
        f"{_OWN}.fedora.version": fedora_of(pair.kernel),
        _TARBALL: tarball,
        f"{PREFIX}.builder": str(builder),
        f"{PREFIX}.containerfile": f"sha256:{hashlib.sha256(containerfile).hexdigest()}",
    }
