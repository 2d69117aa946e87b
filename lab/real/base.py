"""Adds what a base needs to boot: a host's programs from Debian, and settings that replace Fedora CoreOS's."""

import shutil
from pathlib import Path

from lab.real import kernels

_HERE = Path(__file__).parent
_FILES = _HERE / "machine"
SOURCES = [_HERE / "base.py", kernels.SUPPLIES, *sorted(path for path in _FILES.rglob("*") if path.is_file())]
PACKAGES = (
    "dnf,rpm,kmod,systemd,zstd,systemd-sysv,udev,dbus,passwd,sudo,openssh-server,iproute2,cryptsetup-bin,btrfs-progs,"
    "clevis,clevis-luks,clevis-tpm2,tpm2-tools,jq,procps,gawk,grep,python3-cffi,libffi8,libtirpc3,libunwind8,libcurl4,openssl,"
    "libnss-myhostname"
)
HOOKS = ['--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"']  # mmdebstrap copies this machine's files
_SUPPLIED = (
    "openssl sysstat pcp-conf dracut grep python3 python3-cffi libffi kmod util-linux systemd "
    "/bin/sh /bin/bash /usr/bin/env /sbin/ldconfig"
)
SETUP = f"""COPY machine/ /
COPY supplies.sh /
RUN set -eu; /supplies.sh {_SUPPLIED}; rm /supplies.sh; groupadd --system wheel; groupadd --system --force sudo; \\
    : > /etc/fstab; rm -f /etc/machine-id /etc/ssh/ssh_host_*; \\
    systemctl enable ssh systemd-networkd systemd-networkd-wait-online; systemctl mask systemd-firstboot
"""


def prepare(context: Path) -> None:
    """Copy the files that `SETUP` needs into a build's context."""
    shutil.copytree(_FILES, context / "machine")
    shutil.copy2(kernels.SUPPLIES, context)


def kernel(packages: Path, version: str, target: Path) -> None:
    """Copy the packages of one kernel into a repository."""
    for name in ("kernel", "kernel-core"):
        shutil.copy2(packages / f"{name}-{version}.rpm", target)
