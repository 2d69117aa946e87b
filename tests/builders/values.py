"""Values that many tests start from."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from packaging.version import Version

from tasks.model.image import ImageRef, KmodsTag, Release
from tasks.model.lock import Lock, content_digest, fingerprint
from tasks.model.solver.candidates import Candidates, Policy, Published
from tasks.model.solver.ranges import KernelRange, Matrix
from tasks.model.versions import Kernel, Series

DIGEST = "sha256:" + "a" * 64
REPOSITORY = "ghcr.io/samhclark/fedora-zfs-kmods"
KMODS_DIGEST = "sha256:" + "b" * 64
KERNEL = Kernel.parse("7.1.9-200.fc44.x86_64")
ZFS = Version("2.4.4")
MATRIX = Matrix(
    {
        Version("2.3.9"): KernelRange(minimum=Series(4, 18), maximum=Series(7, 2)),
        Version("2.4.3"): KernelRange(minimum=Series(4, 18), maximum=Series(7, 0)),
        ZFS: KernelRange(minimum=Series(4, 18), maximum=Series(7, 2)),
    }
)


NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
CONTENT = content_digest([("Containerfile", "file", b"FROM x")])
POLICY = Policy(zfs_streams=("2.4", "2.3"), hold_days=7, rebuild_after_days=7)
NEWER, BEYOND = "7.2.1-200.fc44.x86_64", "7.3.2-200.fc44.x86_64"
OLD, NEW = "44.20261110.3.0", "44.20261117.3.0"


def release(kernel: str = str(KERNEL), version: str = OLD, days: float = 5) -> Release:
    """Return a release whose image is `days` old."""
    return Release(
        base=ImageRef("quay.io/fedora/fedora-coreos", f"sha256:{hashlib.sha256(version.encode()).hexdigest()}"),
        version=Version(version),
        kernel=Kernel.parse(kernel),
        created=NOW - timedelta(days=days),
    )


def kmods(*pairs: str) -> dict[KmodsTag, str]:
    """Return tags from `ZFS KERNEL`, or `ZFS` for the usual kernel; all in one repository."""
    split = [pair.split() if " " in pair else [pair, str(KERNEL)] for pair in pairs]
    return {KmodsTag(Version(zfs), Kernel.parse(kernel)): REPOSITORY for zfs, kernel in split}


def published(of: Release | None = None, zfs: str = "2.4.4", days: float = 2, content: str = CONTENT) -> Published:
    """Return an image that was built from a release `days` ago."""
    of = of or release()
    assert of.base is not None
    made = replace(
        lock(),
        base=of.base,
        fcos_version=of.version,
        kernel=of.kernel,
        zfs_version=Version(zfs),
        inputs=fingerprint(of.base.digest, KMODS_DIGEST, content),
    )
    image = ImageRef("ghcr.io/o/n", "sha256:" + "d" * 64)
    return Published(image=image, lock=made, created=NOW - timedelta(days=days), kmods_digest=KMODS_DIGEST)


def candidates(
    *pairs: str,
    releases: Iterable[Release] = (),
    zfs: tuple[str, ...] = ("2.4.4", "2.4.3", "2.3.9"),
    stable: Published | None = None,
    matrix: Matrix = MATRIX,
    **policy: Any,
) -> Candidates:
    """Return candidates with kmods for `pairs`: `ZFS KERNEL`, or `ZFS` for the usual kernel. Default: one release."""
    return Candidates(
        releases=tuple(releases) or (release(),),
        zfs_releases=tuple(Version(version) for version in zfs),
        kmods=kmods(*pairs),
        matrix=matrix,
        policy=replace(POLICY, **policy),
        published=stable,
        content=CONTENT,
        now=NOW,
    )


def five_thousand_pairs() -> Candidates:
    """Return 50 releases with kmods of 100 OpenZFS releases each, none of which supports their kernels."""
    kernels = [f"8.{number}.1-200.fc44.x86_64" for number in range(50)]
    zfs = (*(f"2.4.{number}" for number in range(98)), "2.3.1", "2.3.2")
    return candidates(
        *(f"{version} {kernel}" for version in zfs for kernel in kernels),
        releases=[release(kernel, f"44.20260101.3.{number}") for number, kernel in enumerate(kernels)],
        zfs=zfs,
    )


def lock() -> Lock:
    return Lock(
        base=ImageRef("quay.io/fedora/fedora-coreos", DIGEST),
        fcos_version=Version("44.20261110.3.0"),
        kernel=KERNEL,
        zfs_version=ZFS,
        kmods=ImageRef(REPOSITORY, KMODS_DIGEST),
        packages=("tailscale",),
        revision="0" * 40,
        inputs="sha256:" + "c" * 64,
    )
