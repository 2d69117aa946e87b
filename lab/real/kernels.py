"""Builds the kernels that the lab's machines boot, and the image that compiles them and OpenZFS."""

import shlex
import shutil
from pathlib import Path

from lab.make import cache, debian
from lab.make.podman import workshop
from lab.world import World

_HERE = Path(__file__).parent
SUPPLIES = _HERE / "supplies.sh"
MACROS = _HERE / "fedora.macros"
_SERIES = "6.12"
_SOURCES = [_HERE / name for name in ("kernel.config", "kernel.sh", "kernel.spec")]
# Fedora's names for what kmods/Containerfile installs and OpenZFS's packaging requires, then Debian's packages for it.
FEDORA = (
    "fedora-repos-archive autoconf automake elfutils-libelf-devel gawk gcc libaio-devel libattr-devel libblkid-devel "
    "libcurl-devel libffi-devel libtirpc-devel libtool libuuid-devel libunwind-devel make ncompress openssl-devel "
    "python3-cffi python3-devel python3-packaging python3-setuptools rpm-build systemd "
    "systemd-devel libudev-devel zlib-devel"
)
_DEBIAN = (
    "build-essential,flex,bison,bc,libelf-dev,libssl-dev,kmod,cpio,rsync,xz-utils,zstd,gzip,autoconf,automake,libtool,gawk,"
    "pkg-config,libblkid-dev,uuid-dev,libudev-dev,libaio-dev,libattr1-dev,libtirpc-dev,libunwind-dev,zlib1g-dev,"
    "libcurl4-openssl-dev,libffi-dev,python3,python3-setuptools,python3-dev,python3-cffi,python3-packaging,rpm,dnf,createrepo-c"
)
_REPO = "[lab]\nname=lab\nbaseurl=file:///srv/repo\ngpgcheck=0\n"
_ROOT = "FROM scratch\nADD root.tar /\n"
_KERNELS = _ROOT + "COPY . /work/\nWORKDIR /work\nRUN rm root.tar; ./kernel.sh /out {kernels}\n"
_FEDORA_IMAGE = f"""{_ROOT}COPY lab.repo /etc/yum.repos.d/
COPY fedora.macros /usr/lib/rpm/macros.d/macros.fedora
COPY repo /srv/repo
COPY supplies.sh /
RUN createrepo_c --quiet /srv/repo && /supplies.sh {FEDORA} && rm /supplies.sh
"""


def packages(world: World) -> Path:
    """Build kernel, kernel-core and kernel-devel of each kernel of a world from Debian's source, in one folder."""
    kernels, root = sorted({release.kernel for release in world.release}), _root()

    def make(target: Path) -> None:
        source = debian.linux_source(_SERIES)
        with workshop(target) as shop:
            for each in _SOURCES:
                shutil.copy2(each, shop.context)
            shutil.copyfile(source, shop.context / "linux.tar.xz")
            shutil.copyfile(root, shop.context / "root.tar")
            (shop.context / "Containerfile").write_text(_KERNELS.format(kernels=shlex.join(kernels)))
            out = shop.context.with_name("out")
            out.mkdir()
            shop.build("kernels", f"--volume={out}:/out")
            for package in out.rglob("*.rpm"):
                package.rename(target / package.name)

    return cache.entry("kernels", [root.parent.name, kernels, _KERNELS, *_SOURCES], make)


def fedora(world: World) -> Path:
    """Make an OCI layout that replaces Fedora's own image: Debian's toolchain, the kernels' headers in a repository."""
    kernels, root = packages(world), _root()

    def make(target: Path) -> None:
        with workshop(target) as shop:
            (shop.context / "repo").mkdir()
            for package in kernels.glob("kernel-devel-*.rpm"):
                shutil.copy2(package, shop.context / "repo")
            shutil.copyfile(root, shop.context / "root.tar")
            shutil.copy2(SUPPLIES, shop.context)
            shutil.copy2(MACROS, shop.context)
            (shop.context / "lab.repo").write_text(_REPO)
            (shop.context / "Containerfile").write_text(_FEDORA_IMAGE)
            shop.build("fedora", "--timestamp=0")
            shop.podman("push", "--quiet", "fedora", f"oci:{target}:fedora")

    return cache.entry("fedora", [kernels.name, _FEDORA_IMAGE, _REPO, MACROS, SUPPLIES], make)


def _root() -> Path:
    return debian.root("toolchain-root", _DEBIAN)
