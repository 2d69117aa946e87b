"""Stand-in images, made by the real mmdebstrap, rpmbuild, dnf and podman; kept as OCI layouts in the cache."""

import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import cache, rpms
from lab.podman import NAMESPACES, workshop
from lab.tool import call
from lab.world import Kmods, Release, World
from tasks.model.errors import TaskError

_HERE = Path(__file__).parent
SOURCES = [_HERE / name for name in ("images.py", "rpms.py", "podman.py", "bootc")]
_ROOT_PACKAGES = "dnf,rpm,kmod,systemd,zstd"
_ROOT_SETUP = """FROM scratch
ADD rootfs.tar /
COPY files/ /
RUN set -eu; \\
    ln -s sysroot/ostree /ostree; mkdir -p /sysroot/ostree /usr/share/rpm /etc/selinux/targeted/active /var/usrlocal; \\
    rm -rf /usr/local /etc/os-release /usr/lib/os-release /var/run /var/cache/* /var/log/* /usr/etc; \\
    ln -s ../var/usrlocal /usr/local; ln -s ../run /var/run; ln -s ../usr/lib/os-release /etc/os-release; \\
    touch /etc/selinux/targeted/active/policy.kern; rm -f /usr/lib/systemd/system-preset/90-systemd.preset
"""
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
    return {release.version: _base(release) for release in world.release if release.image}


def kmods(world: World) -> dict[Kmods, Path]:
    """An OCI layout for each kmods image of a world."""
    return {each: _kmods(each) for each in world.kmods}


def _rootfs() -> Path:
    return cache.entry("rootfs", [_ROOT_PACKAGES, _suite()], _make_rootfs) / "rootfs.tar"


def _suite() -> str:
    """The codename of this machine's own system, `bookworm`: its package lists are used."""
    lines = Path("/etc/os-release").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("VERSION_CODENAME="))


def _debian_sources() -> list[str]:
    """This machine's own package sources for its suite; others would not fit into the root file system."""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    named = re.compile(rf"(?<![\w-]){_suite()}(?![\w])")
    return [str(path) for path in files if path.is_file() and named.search(path.read_text())]


def _make_rootfs(target: Path) -> None:
    documents = (f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale"))
    variant = ["--mode=root", "--variant=essential", f"--include={_ROOT_PACKAGES}"]
    argv = ["mmdebstrap", *variant, '--aptopt=Apt::Install-Recommends "false"', *documents]
    with workshop(target) as here:
        call([*NAMESPACES, *argv, _suite(), str(target / "rootfs.tar"), *_debian_sources()], env=here.env)


def _root_image() -> Path:
    rootfs = _rootfs()

    def make(target: Path) -> None:
        with workshop(target) as here:
            context = here.context
            shutil.copyfile(rootfs, context / "rootfs.tar")
            for name, content in _ROOT_FILES.items():
                _write(context / "files" / name, content)
            _write(context / "Containerfile", _ROOT_SETUP)
            here.build("root", "--timestamp=0")
            here.podman("push", "--quiet", "root", f"oci:{target}:root")

    return cache.entry("root-image", [rootfs.parent.name, _ROOT_SETUP, _ROOT_FILES, *SOURCES], make)


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


def _base(release: Release) -> Path:
    root = _root_image()

    def make(target: Path) -> None:
        labels = [f"--label={name}={value}" for name, value in _labels(release).items()]
        options = [*labels, f"--timestamp={int(release.created.timestamp())}"]
        with workshop(target) as here:
            context = here.context
            _build_all(
                [*rpms.kernel(release.kernel), rpms.os_release(release.version), *rpms.host_services()],
                context / "repo",
            )
            call(["createrepo_c", "--quiet", str(context / "repo")])
            _write(context / "Containerfile", _RELEASE_SETUP.format(fedora=release.fedora))
            here.take(root, "root")
            here.build("base-amd64", *options)
            _write(context / "other", "FROM scratch\nCOPY Containerfile /not-for-this-machine\n")
            here.build("base-arm64", "--platform=linux/arm64", *options, containerfile="other")
            here.podman("manifest", "create", "base", "localhost/base-amd64", "localhost/base-arm64")
            here.podman("manifest", "push", "--quiet", "--all", "base", f"oci:{target}:base")

    name = f"base-{release.version}"
    return cache.entry(name, [root.name, release.kernel, release.stream, _RELEASE_SETUP, *SOURCES], make)


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


def _build_all(packages: Sequence[rpms.Package], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda package: package.build(target), packages))


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
