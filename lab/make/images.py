"""Makes the lab's images with the real mmdebstrap, rpmbuild, dnf and podman; the cache keeps them as OCI layouts."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.make import cache, debian, rpms
from lab.make.podman import workshop
from lab.make.tool import call
from lab.real import base, kernels, openzfs
from lab.world import Kmods, Release, World
from tasks.model.errors import TaskError

_HERE = Path(__file__).parent
SOURCES = [_HERE / name for name in ("images.py", "rpms.py", "podman.py", "bootc")]
_ROOT_PACKAGES = "dnf,rpm,kmod,systemd,zstd"
_PYTHON_UNNEEDED = ("asyncio", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "unittest")
# Files that dnf, rpm, systemctl and depmod do not need. Without them, every build, push and pull of a test is smaller.
_UNNEEDED = (
    "usr/bin/perl* usr/share/perl* usr/lib/*/perl* usr/lib/*/libperl* usr/lib/*/gconv usr/lib/file usr/share/zoneinfo "
    "usr/share/*-completion usr/share/lintian var/lib/dpkg var/lib/apt usr/lib/apt usr/lib/*/libapt* usr/bin/dpkg* "
    "usr/bin/gpg* usr/bin/dirmngr* usr/lib/gnupg usr/bin/pzstd usr/bin/sqlite3 usr/bin/debugedit usr/bin/localedef "
    "usr/lib/systemd/systemd-networkd usr/lib/*/security usr/lib/*/libmvec* usr/lib/*/libdb-5* usr/lib/*/libicui* "
    "usr/lib/*/libicut* " + " ".join(f"usr/lib/python3.*/{name}" for name in _PYTHON_UNNEEDED)
)
# Replace the library with Unicode's tables by an empty one: it is a sixth of the root, and libxml2 rarely reads it.
_NO_TABLES = """for data in usr/lib/*/libicudata.so.*.*; do
    [ -e "$data" ] || continue  # Debian 13's libxml2 has none
    version=${data#*.so.}; version=${version%%.*}
    echo "const char icudt${version}_dat[64] = {0};" |
        gcc -shared -x c - -o "$data" "-Wl,-soname,libicudata.so.$version"
done"""
_ROOT_HOOKS = [f'--customize-hook=set -e; cd "$1"; rm -rf {_UNNEEDED}; {_NO_TABLES}']
_ROOT_SETUP = """FROM scratch
ADD rootfs.tar /
COPY files/ /
RUN set -eu; \\
    ln -s sysroot/ostree /ostree; mkdir -p /sysroot/ostree /usr/share/rpm /etc/selinux/targeted/active /var/usrlocal; \\
    rm -rf /usr/local /etc/os-release /usr/lib/os-release /var/run /var/cache/* /var/log/* /usr/etc; \\
    ln -s ../var/usrlocal /usr/local; ln -s ../run /var/run; ln -s ../usr/lib/os-release /etc/os-release; \\
    touch /etc/selinux/targeted/active/policy.kern; rm -f /usr/lib/systemd/system-preset/90-systemd.preset
"""
_ZSTD = "--compression-format=zstd"  # unpacks in half of gzip's processor time
_ROOT_FILES = {
    "usr/lib/rpm/macros.d/macros.coreos": "%_dbpath /usr/share/rpm\n",
    "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
    "etc/containers/registries.conf": 'unqualified-search-registries = ["registry.fedoraproject.org"]\n',
    "etc/containers/policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "etc/yum.repos.d/lab.repo": "[lab]\nname=lab\nbaseurl=file:///srv/repo\ngpgcheck=0\n",
}
_RELEASE_SETUP = """FROM localhost/root
COPY repo /srv/repo
RUN dnf --releasever={fedora} -yq install kernel fedora-release-coreos zincati bootc dracut && \\
    for tree in /usr/lib/modules/*; do echo "initramfs of ${{tree##*/}}" > "$tree/initramfs.img"; done && \\
    dnf clean all && rm -rf /var/log/* /var/cache/* /var/lib/dnf
"""


def bases(world: World) -> dict[str, Path]:
    """Make an OCI layout with a manifest list for each release of a world; the keys are versions."""
    return {release.version: _base(world, release) for release in world.release if release.image}


def kmods(world: World, opener: openzfs.Opener) -> dict[Kmods, Path]:
    """Make an OCI layout for each kmods image of a world; `opener` opens the lab that compiles real ones."""
    return {each: openzfs.kmods(world, each, opener) if world.real else _kmods(each) for each in world.kmods}


def _root_image(*, real: bool = False) -> Path:
    name, packages, setup, hooks = "rootfs", _ROOT_PACKAGES, _ROOT_SETUP, _ROOT_HOOKS
    if real:
        name, packages, setup, hooks = "machine-root", base.PACKAGES, _ROOT_SETUP + base.SETUP, base.HOOKS
    rootfs = debian.root(name, packages, *hooks)

    def make(target: Path) -> None:
        with workshop(target) as shop:
            context = shop.context
            shutil.copyfile(rootfs, context / "rootfs.tar")
            for name, content in _ROOT_FILES.items():
                _write(context / "files" / name, content)
            if real:
                base.prepare(context)
            _write(context / "Containerfile", setup)
            shop.build("root", "--timestamp=0")
            shop.podman("push", "--quiet", _ZSTD, "root", f"oci:{target}:root")

    return cache.entry(f"{name}-image", [rootfs.parent.name, setup, _ROOT_FILES, *SOURCES], make)


def butane() -> Path:
    """Make an OCI layout that replaces butane's own container; its program is this machine's butane."""
    root, program = _root_image(), shutil.which("butane")
    if program is None:
        raise TaskError("the lab could not be made", "butane is not on the PATH", "run it with ./inv")

    def make(target: Path) -> None:
        with workshop(target) as shop:
            context = shop.context
            shutil.copy2(program, context / "butane")
            shop.take(root, "root")
            _write(context / "Containerfile", 'FROM localhost/root\nCOPY butane /\nENTRYPOINT ["/butane"]\n')
            shop.build("butane", "--timestamp=0")
            shop.podman("push", "--quiet", "butane", f"oci:{target}:butane")

    return cache.entry("butane", [root.name, Path(program), *SOURCES], make)


def _labels(release: Release) -> dict[str, str]:
    """Return the labels of an image since Fedora 43."""
    return {
        "com.coreos.osname": "fedora-coreos",
        "com.coreos.stream": release.stream,
        "containers.bootc": "1",
        "ostree.bootable": "1",
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.title": "Fedora CoreOS (lab stand-in)",
        "org.opencontainers.image.source": "https://github.com/coreos/fedora-coreos-config",
    }


def _base(world: World, release: Release) -> Path:
    root = _root_image(real=world.real)
    kernel_packages = [] if world.real else rpms.kernel(release.kernel)
    real_kernels = kernels.packages(world) if world.real else None

    def make(target: Path) -> None:
        labels = [f"--label={name}={value}" for name, value in _labels(release).items()]
        options = [*labels, f"--timestamp={int(release.created.timestamp())}"]
        with workshop(target) as shop:
            context = shop.context
            _build_all([*kernel_packages, rpms.os_release(release.version), *rpms.host_services()], context / "repo")
            if real_kernels:
                base.kernel(real_kernels, release.kernel, context / "repo")
            call(["createrepo_c", "--quiet", str(context / "repo")])
            _write(context / "Containerfile", _RELEASE_SETUP.format(fedora=release.fedora))
            shop.take(root, "root")
            shop.build("base-amd64", *options)
            _write(context / "other", "FROM scratch\nCOPY Containerfile /not-for-this-machine\n")
            shop.build("base-arm64", "--platform=linux/arm64", *options, containerfile="other")
            shop.podman("manifest", "create", "base", "localhost/base-amd64", "localhost/base-arm64")
            shop.podman("manifest", "push", "--quiet", "--all", _ZSTD, "base", f"oci:{target}:base")

    name = f"base-{release.version}"
    return cache.entry(
        name,
        [root.name, real_kernels and real_kernels.name, release.kernel, release.stream, _RELEASE_SETUP, *SOURCES],
        make,
    )


def _kmods(pair: Kmods) -> Path:
    def make(target: Path) -> None:
        with workshop(target) as shop:
            context, modules = shop.context, shop.context / "modules"
            modules.mkdir()
            rpms.compile_modules(pair.zfs, pair.kernel, modules)
            for name, packages in rpms.zfs(pair.zfs, pair.kernel, pair.requires or pair.kernel, modules).items():
                _build_all(packages, context / "rpms" / name)
            _write(context / "Containerfile", "FROM scratch\nCOPY rpms/ /\n")
            labels = [f"--label={name}={value}" for name, value in _kmods_labels(pair).items()]
            shop.build("kmods", "--platform=linux/amd64", "--timestamp=0", *labels)
            shop.podman("push", "--quiet", "kmods", f"oci:{target}:kmods")

    return cache.entry(f"kmods-{pair.zfs}-{pair.kernel}", [pair, *SOURCES], make)


def _kmods_labels(pair: Kmods) -> Mapping[str, str]:
    own = "io.github.samhclark.fedora-zfs-kmods"
    tag = f"zfs-{pair.zfs}"
    return {
        "org.opencontainers.image.version": tag,
        f"{own}.zfs.tag": tag,
        f"{own}.kernel.version": pair.kernel,
        f"{own}.kernel.major_minor": ".".join(pair.kernel.split(".")[:2]),
        f"{own}.fedora.version": pair.kernel.partition(".fc")[2].partition(".")[0],
    }


def _build_all(packages: Sequence[rpms.RpmSpec], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda package: package.build(target), packages))


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
