"""The lab's small packages, made by the real rpmbuild."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.make.tool import call

MODULES_DIR = "/usr/lib/modules"


@dataclass(frozen=True, kw_only=True, slots=True)
class RpmSpec:
    """A package's name, requirements, provides and files: path → content, or a file of this machine."""

    name: str
    version: str
    release: str
    arch: str = "x86_64"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    files: Mapping[str, str | Path] = field(default_factory=dict)
    programs: Mapping[str, str | Path] = field(default_factory=dict)  # executable files
    post: str = ""  # the %post script

    def spec(self) -> str:
        """Return the spec file; %{_sourcedir} holds the files."""
        head = [
            f"Name: {self.name}", f"Version: {self.version}", f"Release: {self.release}", f"BuildArch: {self.arch}",
            "Summary: stand-in", "License: MIT", "AutoReqProv: no",
            *(f"Requires: {each}" for each in self.requires), *(f"Provides: {each}" for each in self.provides),
        ]  # fmt: skip
        listed = [*self.files, *(f"%attr(0755,root,root) {path}" for path in self.programs)]
        sections = {"description": ["stand-in"], "install": ["cp -a %{_sourcedir}/. %{buildroot}"], "files": listed}
        if self.post:
            sections["post"] = [self.post]
        return "\n".join([*head, *(f"%{name}\n" + "\n".join(lines) for name, lines in sections.items())]) + "\n"

    def build(self, target: Path) -> None:
        """Write NAME-VERSION-RELEASE.ARCH.rpm into the folder `target`."""
        with TemporaryDirectory() as top:
            sources = Path(top, "SOURCES")
            for path, content in {**self.files, **self.programs}.items():
                file = sources / path.lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read_bytes() if isinstance(content, Path) else content.encode())
            sources.mkdir(exist_ok=True)
            spec = Path(top, "package.spec")
            spec.write_text(self.spec())
            defines = {
                "_topdir": top,
                "_rpmdir": str(target),
                "_rpmfilename": "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm",
            }
            defines |= {"__strip": "/bin/true", "_build_id_links": "none", "debug_package": "%{nil}"}
            options = [word for name, value in defines.items() for word in ("--define", f"{name} {value}")]
            call(["rpmbuild", "-bb", "--quiet", "--target", self.arch, *options, str(spec)])


# Lists what `images.py` writes as an initramfs.
_LSINITRD = """#!/bin/sh
sed -n 's|^initramfs of |drwxr-xr-x 1 root root 0 Jan 1 1970 usr/lib/modules/|p' "$1"
"""
_SERVICE = "[Service]\nExecStart=/bin/true\n"
_WANTED = "WantedBy=multi-user.target"


def unit(description: str, *, install: str = _WANTED, body: str = _SERVICE, condition: str = "") -> str:
    """Return a systemd unit's text."""
    head = f"[Unit]\nDescription={description}\n{condition}\n"
    return head + body + (f"\n[Install]\n{install}\n" if install else "")


def _boot_header(version: str) -> str:
    """Return the beginning of a kernel file: Linux's boot protocol for x86 has the place of the version at 0x20e."""
    place = 0x400
    header = "\0" * 0x202 + "HdrS" + "\0" * 8 + "".join(map(chr, (place - 0x200).to_bytes(2, "little")))
    return header.ljust(place, "\0") + f"{version} (lab@stand-in) #1\0"


def kernel(version: str) -> list[RpmSpec]:
    """Return a kernel and its meta package; `version` is VERSION-RELEASE.ARCH."""
    number, _, rest = version.partition("-")
    release, _, arch = rest.rpartition(".")
    names = ("modules.order", "modules.builtin", "modules.builtin.modinfo")
    tree: dict[str, str | Path] = {f"{MODULES_DIR}/{version}/{name}": "" for name in names}
    tree[f"{MODULES_DIR}/{version}/vmlinuz"] = _boot_header(version)
    own = f"kernel-uname-r = {version}"
    package = partial(RpmSpec, version=number, release=release, arch=arch)
    return [
        package(name="kernel-core", provides=(own,), files=tree),
        package(name="kernel", requires=(own,)),
    ]


def kernel_devel(version: str) -> RpmSpec:
    """Return the package that modules are built against; it contains nothing of a kernel."""
    number, _, rest = version.partition("-")
    release, _, arch = rest.rpartition(".")
    files: Mapping[str, str | Path] = {f"/usr/src/kernels/{version}/Makefile": ""}
    return RpmSpec(name="kernel-devel", version=number, release=release, arch=arch, files=files)


def os_release(version: str) -> RpmSpec:
    """Return the package that names the Fedora CoreOS release for dnf; it also provides Debian's shell."""
    fedora = version.partition(".")[0]
    text = (
        f"NAME='Fedora Linux'\nID=fedora\nVERSION_ID={fedora}\nVERSION='{version} (CoreOS)'\nVARIANT_ID=coreos\n"
        f"PRETTY_NAME='Fedora CoreOS {version} (lab stand-in)'\nOSTREE_VERSION='{version}'\n"
    )
    provides = (f"system-release = {fedora}", f"system-release(releasever) = {fedora}", "/bin/sh")
    return RpmSpec(
        name="fedora-release-coreos",
        version=fedora,
        release="1",
        provides=provides,
        files={"/usr/lib/os-release": text},
    )


def host_services() -> list[RpmSpec]:
    """Return the packages of a Fedora CoreOS host, and those that only wait in the repository."""
    units = "/usr/lib/systemd/system"
    booted = "ConditionPathExists=/run/ostree-booted\n"
    timer = "[Timer]\nOnBootSec=1h\nOnUnitInactiveSec=8h\nRandomizedDelaySec=2h\n"
    service = "[Service]\nType=oneshot\nExecStart=/usr/bin/bootc upgrade --apply --quiet\n"
    update = partial(unit, "Apply bootc updates", condition=booted)
    name = "bootc-fetch-apply-updates"
    bootc = {
        f"{units}/{name}.timer": update(body=timer, install="WantedBy=timers.target"),
        f"{units}/{name}.service": update(body=service, install=""),
    }
    zincati = {
        f"{units}/zincati.service": unit("Zincati Update Agent"),
        "/usr/lib/systemd/system-preset/40-zincati.preset": "enable zincati.service\n",
    }
    tailscale = {f"{units}/tailscaled.service": unit("Tailscale node agent")}
    socket = unit("Cockpit", body="[Socket]\nListenStream=9090\n", install="WantedBy=sockets.target")
    program = {"/usr/bin/bootc": Path(__file__).with_name("bootc")}
    clients = {"/usr/bin/tailscale": "#!/bin/sh\n", "/usr/sbin/tailscaled": "#!/bin/sh\n"}
    package = partial(RpmSpec, version="1.9.0", release="1")
    return [
        package(name="bootc", programs=program, files=bootc),
        package(name="zincati", files=zincati, post="systemctl preset zincati.service"),
        package(name="tailscale", files=tailscale, programs=clients),
        package(name="dracut", programs={"/usr/bin/lsinitrd": _LSINITRD}),
        package(name="htop", files={"/usr/share/htop.txt": ""}),
        package(name="cockpit", files={f"{units}/cockpit.socket": socket}),
        package(name="pcp-conf", files={"/etc/pcp.conf": ""}, post="mkdir -p /var/lib/pcp/pmdas"),
    ]


_BROKEN = ("a-package-that-does-not-exist",)
_ZFS_UNITS = {
    "zfs-import-cache.service": ("enable", "WantedBy=zfs-import.target"),
    "zfs-import-scan.service": ("disable", "WantedBy=zfs-import.target"),
    "zfs-import.target": ("enable", "WantedBy=zfs.target"),
    "zfs-mount.service": ("enable", "WantedBy=zfs.target"),
    "zfs-share.service": ("enable", "WantedBy=zfs.target"),
    "zfs-zed.service": ("enable", "WantedBy=zfs.target"),
    "zfs-volume-wait.service": ("enable", "WantedBy=zfs.target"),
    "zfs.target": ("enable", "WantedBy=multi-user.target"),
}


def zfs(version: str, kernel_version: str, requires: str, modules: Path) -> dict[str, list[RpmSpec]]:
    """Return OpenZFS's packages by folder of the kmods image; those in debug, devel and src cannot be installed."""
    package = partial(RpmSpec, version=version, release=f"1.{kernel_version.rpartition('.')[0].rpartition('.')[2]}")
    libraries = ("libzfs6", "libzpool6", "libnvpair3", "libuutil3")
    preset = "".join(f"{state} {name}\n" for name, (state, _) in _ZFS_UNITS.items())
    files: dict[str, str | Path] = {
        f"/usr/lib/systemd/system/{name}": unit(name, install=install, body=_SERVICE if "service" in name else "")
        for name, (_, install) in _ZFS_UNITS.items()
    }
    files |= {"/usr/lib/modules-load.d/zfs.conf": "#zfs\n", "/usr/lib/systemd/system-preset/50-zfs.preset": preset}
    tools: dict[str, str | Path] = {f"/usr/sbin/{name}": "#!/bin/sh\n" for name in ("zfs", "zpool")}
    tree = f"{MODULES_DIR}/{kernel_version}/extra/zfs"
    kmod_files: dict[str, str | Path] = {f"{tree}/{name}.ko": modules / f"{name}.ko" for name in ("zfs", "spl")}
    dracut = {"/usr/lib/dracut/modules.d/90zfs/module-setup.sh": ""}
    requires_of_zfs = (*(f"{library} = {version}" for library in libraries), "pcp-conf")
    return {
        "": [
            package(name="zfs", requires=requires_of_zfs, files=files, programs=tools),
            *(package(name=library, files={f"/usr/lib64/{library}.so": ""}) for library in libraries),
            package(name=f"kmod-zfs-{kernel_version}", requires=(f"kernel-uname-r = {requires}",), files=kmod_files),
            package(name="python3-pyzfs", arch="noarch", files={"/usr/lib/python3/pyzfs.py": ""}),
        ],
        "other": [
            package(name="zfs-dracut", arch="noarch", files=dracut),
            package(name="zfs-test", requires=_BROKEN),
        ],
        "debug": [package(name="zfs-debuginfo", requires=_BROKEN)],
        "devel": [package(name="libzfs6-devel", requires=_BROKEN)],
        "src": [package(name="zfs-kmod-src", requires=_BROKEN)],
    }


def module_sources(version: str, kernel_version: str) -> dict[str, str]:
    """Return C sources of spl and zfs: the modinfo that depmod, modinfo and a kernel read, and a symbol of spl's."""
    exported = 'static const char symbol[] __attribute__((section("__ksymtab_strings"), used)) = "spl_symbol";'
    needing = "extern int spl_symbol; int *needed = &spl_symbol;"  # from which depmod knows that zfs needs spl
    sources = {}
    for name, depends, symbol in (("spl", "", exported), ("zfs", "spl", needing)):
        tags = {"version": f"{version}-1", "license": "CDDL", "depends": depends, "name": name}
        tags |= {"vermagic": f"{kernel_version} SMP preempt mod_unload "}
        lines = (
            f'static const char i{n}[] __attribute__((section(".modinfo"), used, aligned(1))) = "{key}={value}";'
            for n, (key, value) in enumerate(tags.items())
        )
        sources[name] = "\n".join([*lines, symbol])
    return sources


def compile_modules(version: str, kernel_version: str, target: Path) -> None:
    """Write spl.ko and zfs.ko into `target`."""
    for name, source in module_sources(version, kernel_version).items():
        argv = ["gcc", "-x", "c", "-c", "-o", str(target / f"{name}.ko"), "-"]
        subprocess.run(argv, input=source, text=True, check=True)
