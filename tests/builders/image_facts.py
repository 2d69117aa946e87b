"""What the probe prints in a good image, and the image's labels."""

from tasks.model.contract.promises import ZFS_LIBRARIES, ZFS_PACKAGES
from tests.builders.values import KERNEL, lock

NAME = "ghcr.io/o/n"
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
        "kernel-argument\tquiet",
        "wanted\ttimers.target bootc-fetch-apply-updates.timer",
        "wanted\tmulti-user.target tailscaled.service",
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
        "timer-line\tOnBootSec=1h",
        "timer-line\tOnBootSec=",
        "timer-line\tOnCalendar=*-*-* 03:00:00",
        "service-line\tExecStart=/usr/bin/bootc upgrade --apply --quiet",
        "bootc\t/usr/bin/bootc",
        "updates\tbootc-fetch-apply-updates.service",
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
