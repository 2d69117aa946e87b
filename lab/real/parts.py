"""Makes what a machine starts from: a disk as an installer leaves it, and an initramfs with the real Ignition."""

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
    """Return a folder with `disk`, which is sparse, and `initramfs`."""
    root, ignition = debian.root("initramfs-root", _PACKAGES), _ignition()

    def make(target: Path) -> None:
        with workshop(target) as shop:
            shutil.copyfile(root, shop.context / "root.tar")
            shutil.copytree(ignition, shop.context / "ignition")
            shutil.copytree(_HERE / "initramfs", shop.context / "initramfs")
            for name in ("disk.sh", "initramfs.sh"):
                shutil.copy2(_HERE / name, shop.context)
            (shop.context / "Containerfile").write_text(_SETUP)
            shop.build("parts", f"--volume={target}:/out")

    files = sorted(path for path in (_HERE / "initramfs").rglob("*") if path.is_file())
    material = [root.parent.name, ignition.name, _SETUP, _HERE / "disk.sh", _HERE / "initramfs.sh", *files]
    return cache.entry("parts", material, make)


def _ignition() -> Path:
    """Return a folder with Ignition's program and dracut module, both of the release that go.mod pins."""
    pins = _HERE / "ignition"

    def make(target: Path) -> None:
        with workshop(target) as shop:
            caches = {"GOMODCACHE": str(shop.context / "modules"), "GOCACHE": str(shop.context / "build")}
            env = caches | {"GOFLAGS": "-mod=readonly -buildvcs=false -modcacherw", "CGO_ENABLED": "1"}
            module = json.loads(call(["go", "mod", "download", "-json", _MODULE], env=env, cwd=str(pins)))
            settings = {"version.Raw": module["Version"].removeprefix("v"), "distro.selinuxRelabel": "false"}
            ldflags = " ".join(f"-X {_MODULE}/internal/{name}={value}" for name, value in settings.items())
            argv = ["go", "build", "-trimpath", "-ldflags", f"-s -w {ldflags}", "-o", str(target / "ignition")]
            call([*argv, f"{_MODULE}/internal"], env=env, cwd=str(pins))
            shutil.copytree(Path(module["Dir"]) / "dracut/30ignition", target / "30ignition")

    return cache.entry("ignition", [pins / "go.sum", pins / "go.mod"], make)
