"""Values that many tests start from."""

from packaging.version import Version

from tasks.model.compat import KernelRange, Matrix
from tasks.model.image import ImageRef, KmodsTag, Release
from tasks.model.lock import Lock
from tasks.model.solve import Candidates
from tasks.model.versions import Kernel, Series

DIGEST = "sha256:" + "a" * 64
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


def release(kernel: str = str(KERNEL), version: str = "44.20261110.3.0") -> Release:
    base = ImageRef("quay.io/fedora/fedora-coreos", DIGEST)
    return Release(base=base, version=Version(version), kernel=Kernel.parse(kernel))


def candidates(
    *kmods: str,
    kernel: str = str(KERNEL),
    zfs: tuple[str, ...] = ("2.4.4", "2.4.3", "2.3.9"),
    streams: tuple[str, ...] = ("2.4", "2.3"),
) -> Candidates:
    """Candidates where `kmods` are `ZFS KERNEL` pairs, or `ZFS` for the release's own kernel."""
    pairs = [pair.split() if " " in pair else [pair, kernel] for pair in kmods]
    return Candidates(
        release=release(kernel),
        zfs_releases=tuple(Version(version) for version in zfs),
        zfs_streams=streams,
        kmods=tuple(KmodsTag(Version(version), Kernel.parse(of)) for version, of in pairs),
        matrix=MATRIX,
    )


def lock() -> Lock:
    return Lock(
        base=ImageRef("quay.io/fedora/fedora-coreos", DIGEST),
        fcos_version=Version("44.20261110.3.0"),
        kernel=KERNEL,
        zfs_version=ZFS,
        kmods=ImageRef("ghcr.io/samhclark/fedora-zfs-kmods", KMODS_DIGEST),
        packages=("tailscale",),
        revision="0" * 40,
        inputs="sha256:" + "c" * 64,
    )
