"""Stand-in images, made by the real mmdebstrap, rpmbuild, dnf and podman; kept as OCI layouts in the cache."""

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
# What dnf, rpm, systemctl and depmod do without: each build, push and pull of a test carries the rest.
_UNNEEDED = (
    "usr/bin/perl* usr/share/perl* usr/lib/*/perl* usr/lib/*/libperl* usr/lib/*/gconv usr/lib/file usr/share/zoneinfo "
    "usr/share/*-completion usr/share/lintian var/lib/dpkg var/lib/apt usr/lib/apt usr/lib/*/libapt* usr/bin/dpkg* "
    "usr/bin/gpg* usr/bin/dirmngr* usr/lib/gnupg usr/bin/pzstd usr/bin/sqlite3 usr/bin/debugedit usr/bin/localedef "
    "usr/lib/systemd/systemd-networkd usr/lib/*/security usr/lib/*/libmvec* usr/lib/*/libdb-5* usr/lib/*/libicui* "
    "usr/lib/*/libicut* " + " ".join(f"usr/lib/python3.*/{name}" for name in _PYTHON_UNNEEDED)
)
# Unicode's tables are a sixth of the whole, and libxml2 reads them for rare encodings only: a library without them.
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
_ZSTD = "--compression-format=zstd"  # unpacking takes half the processor time of gzip
_ROOT_FILES = {
    "usr/lib/rpm/macros.d/macros.coreos": "%_dbpath /usr/share/rpm\n",
    "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
    "etc/containers/policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "etc/yum.repos.d/lab.repo": "[lab]\nname=lab\nbaseurl=file:///srv/repo\ngpgcheck=0\n",
}
_RELEASE_SETUP = """FROM localhost/root
COPY repo /srv/repo
RUN dnf --releasever={fedora} -yq install kernel fedora-release-coreos zincati bootc && \\
    dnf clean all && rm -rf /var/log/* /var/cache/* /var/lib/dnf
"""


def bases(world: World) -> dict[str, Path]:
    """An OCI layout with a manifest list for each release of a world, by version."""
    return {release.version: _base(world, release) for release in world.release if release.image}


def kmods(world: World, opener: openzfs.Opener) -> dict[Kmods, Path]:
    """An OCI layout for each kmods image of a world; `opener` opens the lab in which real ones are compiled."""
    return {each: openzfs.kmods(world, each, opener) if world.real else _kmods(each) for each in world.kmods}


def _root_image(*, real: bool = False) -> Path:
    name, packages, setup, hooks = "rootfs", _ROOT_PACKAGES, _ROOT_SETUP, _ROOT_HOOKS
    if real:
        name, packages, setup, hooks = "machine-root", base.PACKAGES, _ROOT_SETUP + base.SETUP, base.HOOKS
    rootfs = debian.root(name, packages, *hooks)

    def make(target: Path) -> None:
        with workshop(target) as here:
            context = here.context
            shutil.copyfile(rootfs, context / "rootfs.tar")
            for name, content in _ROOT_FILES.items():
                _write(context / "files" / name, content)
            if real:
                base.prepare(context)
            _write(context / "Containerfile", setup)
            here.build("root", "--timestamp=0")
            here.podman("push", "--quiet", _ZSTD, "root", f"oci:{target}:root")

    return cache.entry(f"{name}-image", [rootfs.parent.name, setup, _ROOT_FILES, *SOURCES], make)


def butane() -> Path:
    """An OCI layout with this machine's butane as its program, in the place of butane's own container."""
    root, program = _root_image(), shutil.which("butane")
    if program is None:
        raise TaskError("the lab could not be made", "butane is not on the PATH", "call it through ./inv")

    def make(target: Path) -> None:
        with workshop(target) as here:
            context = here.context
            shutil.copy2(program, context / "butane")
            here.take(root, "root")
            _write(context / "Containerfile", 'FROM localhost/root\nCOPY butane /\nENTRYPOINT ["/butane"]\n')
            here.build("butane", "--timestamp=0")
            here.podman("push", "--quiet", "butane", f"oci:{target}:butane")

    return cache.entry("butane", [root.name, Path(program), *SOURCES], make)


def _labels(release: Release) -> dict[str, str]:
    """The labels of an image since Fedora 43."""
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
    made = [] if world.real else rpms.kernel(release.kernel)
    taken = kernels.packages(world) if world.real else None

    def make(target: Path) -> None:
        labels = [f"--label={name}={value}" for name, value in _labels(release).items()]
        options = [*labels, f"--timestamp={int(release.created.timestamp())}"]
        with workshop(target) as here:
            context = here.context
            _build_all([*made, rpms.os_release(release.version), *rpms.host_services()], context / "repo")
            if taken:
                base.kernel(taken, release.kernel, context / "repo")
            call(["createrepo_c", "--quiet", str(context / "repo")])
            _write(context / "Containerfile", _RELEASE_SETUP.format(fedora=release.fedora))
            here.take(root, "root")
            here.build("base-amd64", *options)
            _write(context / "other", "FROM scratch\nCOPY Containerfile /not-for-this-machine\n")
            here.build("base-arm64", "--platform=linux/arm64", *options, containerfile="other")
            here.podman("manifest", "create", "base", "localhost/base-amd64", "localhost/base-arm64")
            here.podman("manifest", "push", "--quiet", "--all", _ZSTD, "base", f"oci:{target}:base")

    name = f"base-{release.version}"
    return cache.entry(
        name, [root.name, taken and taken.name, release.kernel, release.stream, _RELEASE_SETUP, *SOURCES], make
    )


def _kmods(pair: Kmods) -> Path:
    def make(target: Path) -> None:
        with workshop(target) as here:
            context, modules = here.context, here.context / "modules"
            modules.mkdir()
            rpms.compile_modules(pair.zfs, pair.kernel, modules)
            for name, packages in rpms.zfs(pair.zfs, pair.kernel, pair.requires or pair.kernel, modules).items():
                _build_all(packages, context / "rpms" / name)
            _write(context / "Containerfile", "FROM scratch\nCOPY rpms/ /\n")
            labels = [f"--label={name}={value}" for name, value in _kmods_labels(pair).items()]
            here.build("kmods", "--platform=linux/amd64", "--timestamp=0", *labels)
            here.podman("push", "--quiet", "kmods", f"oci:{target}:kmods")

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
