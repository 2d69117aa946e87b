"""What the probe prints in a good image, and the image's labels."""

import base64
import io
import tarfile
from collections.abc import Mapping

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.inspection import inspect
from tasks.model.contract.promises import ZFS_LIBRARIES, ZFS_PACKAGES
from tests.builders.values import KERNEL, lock

NAME = "ghcr.io/o/n"
SYSTEM, ETC = "/usr/lib/systemd/system", "/etc/systemd/system"
TIMER, SERVICE = f"{SYSTEM}/bootc-fetch-apply-updates.timer", f"{SYSTEM}/bootc-fetch-apply-updates.service"
WINDOW = f"{TIMER}.d/50-window.conf"
# A path's text; a link begins with ->, and None takes a path away.
FILES: dict[str, str | None] = {
    f"{SYSTEM}/default.target": "-> graphical.target",
    f"{ETC}/default.target": f"-> {SYSTEM}/multi-user.target",
    f"{SYSTEM}/multi-user.target": "[Unit]\nRequires=basic.target\nConflicts=rescue.service rescue.target\n",
    f"{SYSTEM}/basic.target": "[Unit]\nWants=sysinit.target timers.target paths.target sockets.target\n",
    **{f"{SYSTEM}/{name}.target": "[Unit]\n" for name in ("sysinit", "timers", "paths", "sockets", "rescue")},
    TIMER: "[Unit]\nConditionPathExists=/run/ostree-booted\n[Timer]\nOnBootSec=1h\nOnUnitInactiveSec=8h\n",
    WINDOW: "[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnCalendar=*-*-* 03:00:00\nRandomizedDelaySec=1h\n",
    SERVICE: "[Service]\nType=oneshot\nExecStart=/usr/bin/bootc upgrade --apply --quiet\n",
    f"{ETC}/timers.target.wants/bootc-fetch-apply-updates.timer": f"-> {TIMER}",
    f"{ETC}/multi-user.target.wants/tailscaled.service": f"-> {SYSTEM}/tailscaled.service",
    f"{SYSTEM}/tailscaled.service": "[Service]\nExecStart=/usr/sbin/tailscaled --port=${PORT}\n",
    "/usr/lib/bootc/kargs.d/10.toml": 'kargs = ["quiet"]\n',
    "/etc/fstab": "# none\n",
}


def packed(files: Mapping[str, str | None], modes: Mapping[str, tuple[int, int]] | None = None) -> str:
    """The fact `tree` with these files; `modes` are mode and owner by path."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path, text in files.items():
            if text is None:
                continue
            item, content = tarfile.TarInfo(path.lstrip("/")), text.encode()
            item.mode, item.uid = (modes or {}).get(path, (0o644, 0))
            if text.startswith("-> "):
                item.type, item.linkname, content = tarfile.SYMTYPE, text.removeprefix("-> "), b""
            elif path.endswith("/"):
                item.type = tarfile.DIRTYPE
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return base64.b64encode(target.getvalue()).decode()


def answer(changed: Mapping[str, str | None], *facts: str, modes: Mapping[str, tuple[int, int]] | None = None) -> str:
    """What the probe prints in a good image with some files changed and with more facts."""
    files = {**dict.fromkeys(modes or {}, ""), **FILES, **changed}
    assert packed(FILES) in GOOD
    whole = GOOD.replace(packed(FILES), packed(files, modes))
    return whole.replace("end\t", "\n".join([*facts, "end\t"]))


LABELS = lock().labels("custom-coreos", "https://github.com/o/n", "2026-11-23T00:00:00+00:00")
GOOD = "\n".join(
    [
        f"kernel-tree\t{KERNEL}",
        *(
            f"{module}-{fact}\t{value}"
            for module in ("zfs", "spl")
            for fact, value in [
                ("file", f"/usr/lib/modules/{KERNEL}/extra/zfs/{module}.ko"),
                ("vermagic", f"{KERNEL} SMP preempt mod_unload "),
                ("version", "2.4.4-1"),
                ("indexed", f"/usr/lib/modules/{KERNEL}/extra/zfs/{module}.ko"),
            ]
        ),
        f"kernel-image\t{KERNEL} (mockbuild@host) #1 SMP",
        f"initramfs\t{KERNEL}",
        f"zfs-load\tinsmod /lib/modules/{KERNEL}/extra/zfs/spl.ko.xz",
        f"zfs-load\tinsmod /lib/modules/{KERNEL}/extra/zfs/zfs.ko.xz",
        f"package\tkernel-core 7.1.9 {KERNEL}",
        f"package\tkmod-zfs-{KERNEL} 2.4.4 2.4.4-1.fc44.x86_64",
        *(f"package\t{name} 2.4.4 2.4.4-1.fc44.x86_64" for name in ZFS_PACKAGES),
        *(f"package\t{name}7 2.4.4 2.4.4-1.fc44.x86_64" for name in ZFS_LIBRARIES),
        "package\ttailscale 1.90 1.90-1.fc44.x86_64",
        "unit\ttailscaled.service enabled",
        "unit\tzincati.service disabled",
        "unit\tbootc-fetch-apply-updates.timer enabled",
        "unit\tbootc-fetch-apply-updates.service static",
        "timer-checked\tyes",
        "calendar\t*-*-* 03:00:00 => Next elapse: Sun 2026-11-29 03:00 From now: 22h left Iter. #2: Mon 2026-11-30",
        "program\t/usr/sbin/tailscaled",
        "program\t/usr/bin/bootc",
        "bootc\t/usr/bin/bootc",
        f"tree\t{packed(FILES)}",
        *(f"first-boot\t{unit} enabled" for unit in ("zfs.target", "zfs-import.target", "zfs-mount.service")),
        "first-boot\tbootc-fetch-apply-updates.timer enabled",
        "first-boot\ttailscaled.service enabled",
        "first-boot\tzincati.service disabled",
        "preset\t10-custom-coreos bootc-fetch-apply-updates.timer enable",
        "preset\t10-custom-coreos zincati.service disable",
        "preset\t10-custom-coreos-tailscale tailscaled.service enable",
        "preset\t10-custom-coreos-cockpit cockpit.socket enable",
        "preset\t50-zfs zfs.target enable",
        "unit\tzfs.target enabled",
        "unit\tzfs-import.target enabled",
        "unit\tzfs-mount.service enabled",
        "unit\tzfs-import-cache.service enabled",
        "preset\t50-zfs zfs-import-scan.service disable",
        "unit\tzfs-import-scan.service disabled",
        "modules-load\tzfs",
        *(f"folder-mode\t755 {path}" for path in ("/usr", "/etc")),
        "folder-mode\t555 /",
        "file-mode\t644 /etc/containers/policy.json",
        "os-version\t44.20261110.3.0",
        "os-version\t",
        "os-version\t44.20261110.3.0 (CoreOS)",
        "end\t",
    ]
)


def failed(answered: str) -> dict[str, str]:
    """The faults by the names of their checks."""
    return {check.name: check.fault for check in inspect(ImageFacts.parse(answered, LABELS), NAME, []).failed}
