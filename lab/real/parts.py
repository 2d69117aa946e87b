"""What a machine is started from: a disk as an installer leaves it, and an initramfs with the real Ignition."""

import json
import shutil
from pathlib import Path

from lab.make import cache, debian
from lab.make.podman import workshop
from lab.make.tool import call

_HERE = Path(__file__).parent
_MODULE = "github.com/coreos/ignition/v2"
_PACKAGES = (
    "systemd,systemd-sysv,udev,dmsetup,kmod,passwd,clevis,clevis-luks,clevis-tpm2,clevis-systemd,tpm2-tools,cryptsetup-bin,"
    "btrfs-progs,e2fsprogs,dosfstools,gdisk,fdisk,jq,cpio,zstd"
)
_SETUP = """FROM scratch
ADD root.tar /
COPY initramfs/ /
COPY ignition/ /tmp/ignition/
COPY disk.sh initramfs.sh /tmp/
RUN /tmp/disk.sh /out/disk && /tmp/initramfs.sh /tmp/ignition /out/initramfs
"""


def made() -> Path:
    """A folder with `disk`, sparse, and `initramfs`."""
    root, ignition = debian.root("initramfs-root", _PACKAGES), _ignition()

    def make(target: Path) -> None:
        with workshop(target) as here:
            shutil.copyfile(root, here.context / "root.tar")
            shutil.copytree(ignition, here.context / "ignition")
            shutil.copytree(_HERE / "initramfs", here.context / "initramfs")
            for name in ("disk.sh", "initramfs.sh"):
                shutil.copy2(_HERE / name, here.context)
            (here.context / "Containerfile").write_text(_SETUP)
            here.build("parts", f"--volume={target}:/out")

    files = sorted(path for path in (_HERE / "initramfs").rglob("*") if path.is_file())
    material = [root.parent.name, ignition.name, _SETUP, _HERE / "disk.sh", _HERE / "initramfs.sh", *files]
    return cache.entry("parts", material, make)


def _ignition() -> Path:
    """A folder with Ignition's program and its dracut module, both of the release that go.mod pins."""
    pins = _HERE / "ignition"

    def make(target: Path) -> None:
        with workshop(target) as here:
            caches = {"GOMODCACHE": str(here.context / "modules"), "GOCACHE": str(here.context / "build")}
            env = caches | {"GOFLAGS": "-mod=readonly -buildvcs=false -modcacherw", "CGO_ENABLED": "1"}
            module = json.loads(call(["go", "mod", "download", "-json", _MODULE], env=env, cwd=str(pins)))
            settings = {"version.Raw": module["Version"].removeprefix("v"), "distro.selinuxRelabel": "false"}
            ldflags = " ".join(f"-X {_MODULE}/internal/{name}={value}" for name, value in settings.items())
            argv = ["go", "build", "-trimpath", "-ldflags", f"-s -w {ldflags}", "-o", str(target / "ignition")]
            call([*argv, f"{_MODULE}/internal"], env=env, cwd=str(pins))
            shutil.copytree(Path(module["Dir"]) / "dracut/30ignition", target / "30ignition")

    return cache.entry("ignition", [pins / "go.sum", pins / "go.mod"], make)
