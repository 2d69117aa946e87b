"""Lets `inv build-kmods` take seconds: it replaces Fedora's image, its updates archive, and OpenZFS's source.

The source has its own `configure` and `make rpm-utils rpm-kmod`. They produce the lab's small packages, made by the
real rpmbuild and gcc. Fedora's image is Debian's, with packages that provide the names of Fedora's packages.
kernel-devel is only in the archive, like that of a kernel that is no longer the newest.
"""

import gzip
import io
import shutil
import tarfile
from pathlib import Path

from lab.make import cache, debian, rpms
from lab.make.podman import workshop
from lab.make.tool import call
from lab.real.kernels import FEDORA
from lab.world import ARCHIVE, World

_HERE = Path(__file__).parent
_SOURCES = [_HERE / name for name in ("quick.py", "quick.sh", "rpms.py")]
_ARCHIVE_PACKAGE = "fedora-repos-archive"
_REPO = "[{0}]\nname={0}\nbaseurl={1}\ngpgcheck=0\nsslverify=0\n"  # the builder does not know the lab's authority
_IMAGE = "FROM scratch\nADD root.tar /\nCOPY lab.repo /etc/yum.repos.d/\nCOPY repo /srv/repo\n"
_KERNEL = "@KERNEL@.@DIST@.@ARCH@"  # quick.sh replaces these with the kernel's parts
_CONFIGURE = """#!/bin/sh
set -eu
for option; do case $option in --with-linux=*) sources=${option#*=} ;; esac; done
[ -f "$sources/Makefile" ] || { echo "configure: error: there is no kernel in $sources" >&2; exit 1; }
echo "${sources##*/}" > kernel
"""
_MAKEFILE = "rpm-utils:\n\ttrue\nrpm-kmod:\n\tsh quick.sh $$(cat kernel)\n"


def fedora() -> Path:
    """Make an OCI layout that replaces Fedora's own image."""
    root = debian.root("quick-builder-root", "dnf,rpm,file,gcc,libc6-dev,make,zstd")

    def make(target: Path) -> None:
        with workshop(target) as shop:
            context = shop.context
            shutil.copyfile(root, context / "root.tar")
            (context / "lab.repo").write_text(_REPO.format("lab", "file:///srv/repo"))
            repo = context / "repo"
            repo.mkdir()
            for package in _builders_packages():
                package.build(repo)
            call(["createrepo_c", "--quiet", str(repo)])
            (context / "Containerfile").write_text(_IMAGE)
            shop.build("fedora", "--timestamp=0")
            shop.podman("push", "--quiet", "fedora", f"oci:{target}:fedora")

    return cache.entry("quick-fedora", [root.parent.name, _IMAGE, *_SOURCES], make)


def _builders_packages() -> list[rpms.RpmSpec]:
    """Return the package that provides the names of Fedora's packages, and the one with the archive's address."""
    names = tuple(name for name in FEDORA.split() if name != _ARCHIVE_PACKAGE)
    archive = {"/etc/yum.repos.d/archive.repo": _REPO.format("updates-archive", f"https://{ARCHIVE}/updates")}
    return [
        rpms.RpmSpec(name="debian-supplies", version="1", release="1", arch="noarch", provides=names),
        rpms.RpmSpec(name=_ARCHIVE_PACKAGE, version="1", release="1", arch="noarch", files=archive),
    ]


def archive(world: World) -> Path:
    """Make a folder that replaces Fedora's updates archive: kernel-devel of every kernel of a world."""
    kernels = sorted({release.kernel for release in world.release})

    def make(target: Path) -> None:
        for kernel in kernels:
            rpms.kernel_devel(kernel).build(target)
        call(["createrepo_c", "--quiet", str(target)])

    return cache.entry("quick-archive", [kernels, *_SOURCES], make)


def source(version: str) -> bytes:
    """Return a release's tarball: the same bytes every time."""
    files = {"configure": _CONFIGURE, "Makefile": _MAKEFILE, "quick.sh": (_HERE / "quick.sh").read_text()}
    files |= {f"modules/{name}.c": text for name, text in rpms.module_sources(version, _KERNEL).items()}
    for packages in rpms.zfs(version, _KERNEL, _KERNEL, Path("modules")).values():
        for package in packages:
            top = f"packages/{package.name.partition('@')[0]}"
            files[f"{top}/package.spec"] = package.spec()
            texts = {**package.files, **package.programs}.items()
            files |= {f"{top}/tree{path}": text for path, text in texts if isinstance(text, str)}
    return _packed(f"zfs-{version}", files)


def _packed(top: str, files: dict[str, str]) -> bytes:
    tarball = io.BytesIO()
    with gzip.GzipFile(fileobj=tarball, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, text in sorted(files.items()):
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size, entry.mode = len(text.encode()), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return tarball.getvalue()
