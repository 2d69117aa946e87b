"""A kmods image that is built here: what it is made from, and what its labels say."""

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

_OWN = "io.github.samhclark.fedora-zfs-kmods"  # the labels of the image whose place it takes
_TARBALL = f"{PREFIX}.zfs-tarball"
_MODULES = ("spl", "zfs")
_FEDORA = re.compile(r"\.fc(\d+)$", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tarball:
    """A release's source: where GitHub has it, and the digest that GitHub states for it."""

    url: str
    digest: str

    @classmethod
    def of(cls, zfs: Version, document: object) -> Self:
        """Read it from GitHub's answer for the release; form: docs.github.com/rest/releases, `assets`."""
        name, what = f"zfs-{zfs}.tar.gz", f"the source of OpenZFS {zfs} could not be found"
        assets = document.get("assets") if isinstance(document, dict) else None
        rows = [row for row in assets if isinstance(row, dict)] if isinstance(assets, list) else []
        row = next((row for row in rows if row.get("name") == name), None)
        page = f"look at github.com/openzfs/zfs/releases/tag/zfs-{zfs}"
        if row is None:
            raise TaskError(what, f"GitHub lists no {name} with the release", page)
        url, digest = given(row.get("browser_download_url")), given(row.get("digest"))
        if not url or not url.startswith("https://"):
            raise TaskError(what, f"GitHub gives no address of {name}", page)
        if not digest or not DIGEST.fullmatch(digest):
            why = f"GitHub states no sha256 of {name}, as for no file that is older than June 2025"
            raise TaskError(what, why, "take a release since then: it could not be told from another file")
        return cls(url=url, digest=digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalKmods:
    """Modules and tools of one OpenZFS release for one kernel, built here, and the digest of the source."""

    image: ImageRef
    pair: KmodsTag
    tarball: str

    @classmethod
    def from_labels(cls, image: ImageRef, labels: Mapping[str, str]) -> Self:
        """Read back what `labels` wrote; what is missing or wrong is said with the image's name."""
        zfs = zfs_from_tag(labels.get(f"{_OWN}.zfs.tag", ""))
        tarball = labels.get(_TARBALL, "")
        if zfs is None or not DIGEST.fullmatch(tarball):
            label = f"{_OWN}.zfs.tag" if zfs is None else _TARBALL
            why = f"its label {label} is {labels.get(label, '')!r}"
            raise TaskError(f"{image} is no kmods image that was built here", why, "build one: ./inv build-kmods")
        kernel = Kernel.parse(labels.get(f"{_OWN}.kernel.version"), f"{_OWN}.kernel.version of {image}")
        return cls(image=image, pair=KmodsTag(zfs, kernel), tarball=tarball)


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A kernel module: the kernel that it is built for, and its version, `2.4.4-1`."""

    kernel: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What a kmods image says and holds: labels, the file names of its packages, modules by name."""

    labels: Mapping[str, str]
    packages: tuple[str, ...]
    modules: Mapping[str, Module]

    def faults(self, pair: KmodsTag) -> list[str]:
        """Everything that names another pair, or none."""
        return [*self._label_faults(pair), *self._package_faults(pair), *self._module_faults(pair)]

    def _label_faults(self, pair: KmodsTag) -> Iterator[str]:
        for name, wanted in ((f"{_OWN}.zfs.tag", f"zfs-{pair.zfs}"), (f"{_OWN}.kernel.version", str(pair.kernel))):
            if self.labels.get(name) != wanted:
                yield f"its label {name} is {self.labels.get(name, '')!r}"

    def _package_faults(self, pair: KmodsTag) -> Iterator[str]:
        kmods = [name for name in self.packages if name.startswith("kmod-")]
        if len(kmods) != 1 or not kmods[0].startswith(f"kmod-zfs-{pair.kernel}-{pair.zfs}-"):
            yield f"its package of modules is {', '.join(kmods) or 'missing'}"
        if not any(name.startswith(f"zfs-{pair.zfs}-") for name in self.packages):
            yield f"it has no package zfs-{pair.zfs}"
        odd = [name for name in self.packages if f"-{pair.zfs}-" not in name and name not in kmods]
        if odd:
            yield f"of another version: {', '.join(odd)}"

    def _module_faults(self, pair: KmodsTag) -> Iterator[str]:
        for name in _MODULES:
            module = self.modules.get(name)
            if module is None:
                yield f"it has no module {name}"
            elif module.kernel != str(pair.kernel):
                yield f"its module {name} is built for {module.kernel or 'no kernel'}"
            elif module.version.partition("-")[0] != str(pair.zfs):
                yield f"its module {name} is of version {module.version or 'none'}"


def fedora_of(kernel: Kernel) -> str:
    """The Fedora release that a kernel was built for, `44`."""
    found = _FEDORA.search(kernel.release)
    if found is None:
        raise TaskError(
            f"{kernel} is no kernel of Fedora", "its release does not end with .fc and a number",
            "a kernel looks like 7.1.9-200.fc44.x86_64; ./inv kernel-version says the newest",
        )  # fmt: skip
    return found[1]


def labels(pair: KmodsTag, tarball: str, builder: ImageRef, containerfile: bytes) -> dict[str, str]:
    """The labels of the published image, and what this one is made from."""
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
