"""The contract sees what an image does, however that is written; images that do the same in another way pass."""

import pytest

from tests.lab.conftest import Clone
from tests.lab.derived import verified

pytestmark = pytest.mark.full

SYSTEM, ETC = "/usr/lib/systemd/system", "/etc/systemd/system"
UNIT = "bootc-fetch-apply-updates"
KARGS = "mkdir -p /usr/lib/bootc/kargs.d && echo"
MODPROBE = "mkdir -p /usr/lib/modprobe.d && echo"


def drop_in(kind: str, text: str, folder: str = UNIT) -> str:
    """Return a command that writes a drop-in."""
    return f"printf '{text}' | install -D -m 644 /dev/stdin {SYSTEM}/{folder}.{kind}.d/60-x.conf"


def runs(line: str) -> str:
    """Return a command that makes the update service run something else."""
    return drop_in("service", f"[Service]\\nExecStart=\\nExecStart={line}\\n")


def unit(name: str, text: str, target: str = "multi-user.target") -> str:
    """Return a command that writes a unit that a target wants."""
    wants = f"{ETC}/{target}.wants"
    return f"printf '{text}' > {SYSTEM}/{name} && mkdir -p {wants} && ln -s {SYSTEM}/{name} {wants}/"


WRONG = {
    "mkdir -p /etc/pki/cosign && echo '-----BEGIN PRIVATE KEY-----' > '/etc/pki/cosign/my signing.key'": "host-policy",
    drop_in("timer", "[Timer]\\nOnCalendar=\\nOnCalendar=2020-01-01\\n"): "update-timer",
    f"printf '[Timer]\\nOnCalendar=\\n' | install -D /dev/stdin {SYSTEM}/timer.d/99.conf": "update-timer",
    runs("/usr/bin/bootc upgrade --check"): "update-service",
    unit("x.service", "[Service]\\nExecStart=/usr/libexec/x\\n")
    + " && printf '#!/bin/sh\\nrpm-ostree upgrade -r\\n' | install -D /dev/stdin /usr/libexec/x": "updaters",
    unit("crond.service", "[Service]\\nExecStart=/bin/true\\n")
    + " && mkdir -p /etc/cron.d && echo '0 3 * * * root bootc upgrade --apply' > /etc/cron.d/x": "updaters",
    f"{MODPROBE} 'options spl spl_hostid=0x00bab10c' > /usr/lib/modprobe.d/x.conf": "identity",
    f"{KARGS} 'kargs = [\"systemd.unit=rescue.target\"]' > /usr/lib/bootc/kargs.d/x.toml": "kernel-arguments",
    f"{KARGS} 'kargs = []' > /usr/lib/bootc/kargs.d/x.toml && chown 1 /usr/lib/bootc/kargs.d/x.toml": "modes",
    "echo '/dev/sdb1 /var/x ext4 defaults 0 0' > /etc/fstab": "identity",
    "for tree in /usr/lib/modules/*; do ln -sf /nowhere $tree/vmlinuz; : > $tree/initramfs.img; done": "kernel-files",
    "rm /usr/bin/bootc": "update-service",
    drop_in("timer", "[Timer]\\nUnit=foo.service\\n"): "update-service",
    drop_in("timer", "[Timer]\\nOnCalendar =\\n"): "update-timer",
    drop_in("timer", "[Unit]\\nConditionPathExists=!/usr/lib\\n"): "update-timer",
    f"rm {ETC}/timers.target.wants/{UNIT}.timer": "update-timer",
    f": > {ETC}/{UNIT}.timer": "update-timer",
    f"ln -s /dev/null {ETC}/timers.target": "boot",
    runs("-/usr/bin/true"): "update-service",
    drop_in("service", "[Service]\\nExecCondition=/bin/false\\n"): "update-service",
    unit("x.service", "[Service]\\nExecStart=/usr/bin/bootc switch ghcr.io/o/x\\n"): "updaters",
    unit("x.timer", f"[Timer]\\nOnCalendar=daily\\nUnit={UNIT}.service\\n", "timers.target"): "updaters",
    unit("x.service", "[Service]\\nExecStart=x\\n")
    + " && printf '#!/bin/sh\\nrpm-ostree upgrade -r\\n' | install -D /dev/stdin /usr/bin/x": "updaters",
    f"printf '[Unit]\\nWants={UNIT}.service\\n' | install -D /dev/stdin {ETC}/basic.target.d/a.conf": "updaters",
    f"{MODPROBE} 'install spl /bin/false' > /usr/lib/modprobe.d/x.conf": "modprobe",
    f"{KARGS} 'kargs = [\"lockdown=integrity\"]' > /usr/lib/bootc/kargs.d/x.toml": "modprobe",
    f"{KARGS} 'kargs = [\"systemd.mask={UNIT}.timer\"]' > /usr/lib/bootc/kargs.d/x.toml": "update-service",
    ": > /usr/sbin/tailscaled": "files",
    "chmod 000 /usr/sbin/tailscaled": "files",
    "printf 'disable zfs-mount.service\\n' > /usr/lib/systemd/system-preset/00-x.preset": "first-boot",
}
RIGHT = [
    runs('/bin/sh -c "sleep 1; exec bootc upgrade --apply"'),
    runs("/usr/libexec/x") + " && printf '#!/bin/sh\\nbootc upgrade --apply\\n' | install -D /dev/stdin /usr/libexec/x",
    drop_in("timer", "[Timer]\\nOnCalendar=\\nOnCalendar=Sat *-*-* 04:00\\nPersistent=true\\n"),
    drop_in("timer", "[Unit]\\nConditionPathExists=!/etc/no-updates\\n"),
    unit("x.service", "[Service]\\nExecStart=/usr/bin/rpm-ostree status -b\\n"),
    f"{KARGS} 'kargs = [\"mitigations=auto\"]' > /usr/lib/bootc/kargs.d/x.toml",
    "echo 'UUID=2e9f4241-229b-4202-8429-62d2302382e1 /var/x ext4 nofail 0 0' > /etc/fstab",
]


def test_a_promise_can_be_broken_in_many_ways(built: Clone) -> None:
    """Each check looks at what an image does; one image is made wrong for each way."""
    for (spoil, check), faults in zip(WRONG.items(), verified(built, list(WRONG)), strict=True):
        assert check in faults, spoil


def test_an_image_that_does_the_same_in_another_way_passes(built: Clone) -> None:
    """A right image is never refused."""
    assert verified(built, RIGHT) == [{}] * len(RIGHT)
