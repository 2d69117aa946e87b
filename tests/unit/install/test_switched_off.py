"""What a config switches off that the machine needs."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.contract.updates import SERVICE, TIMER
from tasks.model.install.merged import Merged
from tasks.model.install.switched_off import switched_off

SYSTEM = "/etc/systemd/system"
EMPTY = "[Timer]\nOnCalendar=\n"


def unit(name: str, drop_in: str = "", **more: object) -> dict[str, Any]:
    drop_ins = [{"name": "a.conf", "contents": drop_in}] if drop_in else []
    return {"systemd": {"units": [{"name": name, "dropins": drop_ins, **more}]}}


def file(path: str, text: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{quote(text)}"}}]}}


def link(path: str, target: str) -> dict[str, Any]:
    return {"storage": {"links": [{"path": path, "target": target}]}}


def arguments(*items: str) -> dict[str, Any]:
    return {"kernelArguments": {"shouldExist": list(items)}}


def units(*names: str, **fields: object) -> dict[str, Any]:
    return {"systemd": {"units": [{"name": name, **fields} for name in names]}}


SOCKET = {"name": "sshd.socket", "enabled": True}
SOCKET_LINK = link(f"{SYSTEM}/sockets.target.wants/sshd.socket", "/usr/lib/systemd/system/sshd.socket")


SCAN = {"name": "zfs-import-scan.service", "enabled": True}  # only the image has it: the first boot enables nothing
SHORT = (
    "systemd.unit=rescue.target", "systemd.unit=emergency.target", "rd.systemd.unit=emergency.target", "single", "1",
    "s", "S", "emergency", "rescue", "init=/bin/bash", "rd.break", "rd.break=pre-mount", "systemd.run=/bin/x", "-b",
)  # fmt: skip


def scan_link(target: str = "/usr/lib/systemd/system/zfs-import-scan.service") -> dict[str, Any]:
    return link(f"{SYSTEM}/zfs-import.target.wants/zfs-import-scan.service", target)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (unit(TIMER, mask=True), "update itself"),
        (unit(TIMER, enabled=False), "does not switch this off, because the image starts it: use `mask: true`"),
        (unit("zfs-mount.service", enabled=False), "use `mask: true`"),
        (unit(TIMER, EMPTY), "update itself: add a time below"),
        (unit(TIMER, contents="[Timer]\nUnit=a.service\n", dropins=[{"name": "50-window.conf", "contents": EMPTY}]),
         "update itself"),
        (unit(TIMER, "[Timer]\nOnBootSec=\n# OnBootSec=1h\n"), "update itself"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=/bin/true\n"), "update itself"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=-/usr/bin/true\n"), "update itself"),
        (unit(SERVICE, "[Service]\nExecStart=\n"), "update itself"),
        (unit(TIMER, "[Timer]\nOnCalendar=\nOnUnitInactiveSec=8h\n"), "nothing starts its unit for the first time"),
        (unit(TIMER, "[Timer]\nRandomizedDelaySec=1y\n"), "delays it by weeks"),
        (unit(TIMER, "[Unit]\nConditionPathExists=!/run/ostree-booted\n"), "is never true"),
        (unit(TIMER, "[Timer]\nOnCalendar = \n"), "update itself: add a time below"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=/usr/bin/bootc upgrade --check\n"), "takes no update"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=/bin/echo bootc upgrade --apply\n"), "update itself"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=/bin/sh -c 'exit 0'\n"), "update itself"),
        (unit(SERVICE, "[Service]\nUser=nobody\n"), "only root may update"),
        (unit(SERVICE, "[Service]\nTimeoutStartSec=1\n"), "stops it before an update is there"),
        (unit(SERVICE, "[Service]\nExecCondition=/bin/false\n"), "always fails"),
        (unit("zfs-mount.service", "[Unit]\nConditionPathExists=/nonexistent\n"), "pools"),
        (unit("timers.target", mask=True), "update itself"),
        (unit("default.target", mask=True), "neither SSH nor the switch"),
        (arguments("systemd.mask=zfs-mount"), "pools"),
        (arguments("quiet systemd.unit=rescue.target"), "neither SSH nor the switch"),
        (arguments('"init=/bin/bash" quiet'), "neither SSH nor the switch"),
        (link(f"{SYSTEM}/default.target", "../../../usr/lib/systemd/system/poweroff.target"), "neither SSH"),
        (unit("zfs-mount.service", mask=True), "pools"),
        (unit("sshd.service", mask=True), "SSH"),
        (unit("sshd.service", enabled=False), "SSH"),
        (units("sshd.service", "sshd@.service", mask=True) | SOCKET_LINK, "SSH"),
        (units("sshd.service", "sshd.socket", mask=True), "SSH"),
        (link(f"{SYSTEM}/{TIMER}", "/dev/null"), "update itself"),
        (link(f"{SYSTEM}//{TIMER}", "../../../dev/null"), "update itself"),
        (link(f"{SYSTEM}/sshd.service", "/dev/null"), "SSH"),
        (unit("multi-user.target", mask=True), "neither SSH nor the switch"),
        (link(f"{SYSTEM}/default.target", "/usr/lib/systemd/system/rescue.target"), "neither SSH nor the switch"),
        (file(f"{SYSTEM}/{TIMER}", ""), "update itself"),
        (file(f"{SYSTEM}/{TIMER}.d/99.conf", EMPTY), "update itself: add a time"),
        (file(f"{SYSTEM}/timer.d/99.conf", EMPTY), "update itself: add a time"),
        (file(f"{SYSTEM}/bootc-fetch-.timer.d/99.conf", EMPTY), "update itself: add a time"),
        (unit("bootc-.service", "[Service]\nExecStart=\nExecStart=/bin/true\n"), "update itself"),
        (file(f"{SYSTEM}/{SERVICE}.d/a.conf", "[Service]\nExecStart=\nExecStart=/bin/true\n"), "update itself"),
        (file(f"{SYSTEM}/{SERVICE}", "[Service]\nExecStart=/bin/true\n"), "update itself"),
        ({"storage": file("/etc/z", EMPTY)["storage"] | link(f"{SYSTEM}/{TIMER}.d/z.conf", "../../../z")["storage"]},
         "update itself"),
        (arguments(f"quiet systemd.mask={TIMER}"), "update itself"),
        (arguments("systemd.mask=systemd-modules-load.service"), "OpenZFS"),
        (file("/etc/modprobe.d/z.conf", "install zfs /bin/false\n"), "OpenZFS"),
        (file("/etc/modules-load.d/zfs.conf", "br_netfilter\n"), "OpenZFS"),
        (unit(TIMER, "[Timer]\nUnit=other.service\n"), "its timer starts something else"),
        (link(f"{SYSTEM}/timers.target.wants/{TIMER}", "/dev/null"), "update itself"),
        (unit("zfs-import-cache.service", mask=True), "pools would not be imported"),
        (units("zfs-import-cache.service", mask=True) | scan_link("/dev/null"), "pools would not be imported"),
        ({"systemd": {"units": [{"name": "zfs-import-cache.service", "mask": True}, SCAN]}}, "pools would not be imp"),
        (unit("zfs-import-cache.service", enabled=False), "does not switch this off"),
        (unit("tailscaled.service", mask=True), "Tailscale would not start"),
        (unit("systemd-user-sessions.service", mask=True), "nobody but root could log in"),
        (file("/etc/nologin", "later"), "nobody but root could log in: leave it out"),
        (link("/etc//nologin", "/etc/motd"), "nobody but root"),
        (link(f"{SYSTEM}/default.target", "/dev/null"), "neither SSH nor the switch"),
        (file(f"{SYSTEM}/default.target", ""), "neither SSH nor the switch"),
        (link(f"{SYSTEM}/default.target", "poweroff.target"), "neither SSH nor the switch"),
        (file("/etc/systemd/system-preset/00-a.preset", f"disable {TIMER}\n"), f"`disable {TIMER}` does not"),
        (file("/etc/systemd/system-preset/00-a.preset", "disable zfs*\n"), "`disable zfs*` does not switch this off"),
        (file("/etc/systemd/system-preset/00-a.preset", "disable *\n"), "nobody could log in with SSH"),
        (file("/etc/systemd/system-preset/90-default.preset", "disable sshd.service\n"), "with SSH"),
        *((arguments(f"quiet {each}"), f"with {each} neither SSH nor the switch") for each in SHORT),
    ],
)  # fmt: skip
def test_what_is_switched_off_is_named_with_its_consequence(config: dict[str, Any], words: str) -> None:
    """Each is valid, and the machine boots; a file or a link counts like `systemd.units`."""
    ((place, why),) = switched_off(Merged(config, (), (), ()))
    assert words in why
    assert place


@pytest.mark.parametrize(
    "config",
    [
        unit(TIMER, "[Timer]\nOnCalendar=\nOnCalendar=Sat 03:00\n"),
        unit(TIMER, "[Timer]\nOnCalendar=\nOnBootSec=1h\nOnUnitInactiveSec=8h\n"),
        unit(TIMER, dropins=[{"name": "10-a.conf", "contents": EMPTY}]),  # the image's 50-window.conf comes later
        unit(TIMER, contents="[Timer]\nOnBootSec=1h\n"),
        unit(TIMER, "[Timer]\nPersistent=true\n"),
        unit(TIMER, enabled=True),
        unit(SERVICE, "[Service]\nExecStart=\nExecStart=/usr/bin/bootc upgrade --quiet\n"),
        unit(SERVICE, "[Service]\nExecStartPost=/usr/bin/true\n"),
        unit(SERVICE, "[Service]\nExecStart=\nExecStart=/bin/sh -c 'sleep 9; bootc upgrade --apply'\n"),
        unit(SERVICE, "[Service]\nExecStart=\nExecStart=/usr/local/bin/mine\n"),
        unit(SERVICE, "[Unit]\nConditionPathExists=/etc/updates\n[Service]\nTimeoutStartSec=1h\n"),
        unit(TIMER, "[Service]\nOnCalendar=\n[Unit]\nConditionPathExists=/usr/lib/x\n"),
        arguments("rd.systemd.mask=a.service", "systemd.unit=graphical.target", "1024", "ro"),
        unit("debug-shell.service", mask=True),
        file(f"{SYSTEM}/service.d/a.conf", "[Unit]\nConditionPathExists=/etc/x\n"),
        file(f"{SYSTEM}/timer.d/10.conf", EMPTY),
        link(f"{SYSTEM}/debug-shell.service", "/dev/null"),
        link(f"{SYSTEM}/timers.target.wants/{TIMER}", f"/usr/lib/systemd/system/{TIMER}"),
        link(f"{SYSTEM}/{TIMER}", f"/usr/lib/systemd/system/{TIMER}"),
        link("/etc/mine/sshd.service", "/dev/null"),
        link(f"{SYSTEM}/default.target", "/usr/lib/systemd/system/graphical.target"),
        {"systemd": {"units": [{"name": "sshd.service", "enabled": False}, SOCKET]}},
        {"systemd": {"units": [{"name": "sshd.service", "mask": True}, SOCKET]}},
        unit("sshd.service", enabled=False) | SOCKET_LINK,
        SOCKET_LINK | arguments("systemd.mask=sshd.service"),
        {"storage": {"files": [{"path": f"{SYSTEM}/{TIMER}", "contents": {"source": "https://a/b"}}]}},
        arguments("systemd.mask=debug-shell.service", "quiet"),
        file("/etc/modprobe.d/zfs.conf", "options zfs zfs_arc_max=1\n"),
        arguments("rd.systemd.mask=systemd-modules-load.service"),  # only in the initramfs
        arguments("systemd.unit=multi-user.target", "3", "init=/sbin/init", "init=/usr/lib/systemd/systemd", "quiet"),
        arguments("console=ttyS0,115200n8", "mitigations=auto,nosmt", "rd.luks.options=discard", "single.x=1"),
        units("zfs-import-cache.service", mask=True) | scan_link(),
        {
            "systemd": {
                "units": [
                    {"name": "zfs-import-cache.service", "mask": True},
                    {**SCAN, "contents": "[Install]\nWantedBy=zfs-import.target\n"},
                ]
            }
        },
        unit(TIMER, f"[Timer]\nUnit={SERVICE}\n"),
        unit("zfs-import-scan.service", mask=True),
        unit("fstrim.timer", mask=True),
        unit("tailscaled.service", enabled=True),
        file("/etc/nologin.txt", ""),
        file("/run/nologin", ""),
        file("/etc/systemd/system-preset/95-a.preset", "disable *\n"),
        file("/etc/systemd/system-preset/00-a.preset", "enable sshd.*\ndisable *\n"),
        file("/etc/systemd/system-preset/00-a.preset", "enable sshd.socket\ndisable sshd.service\n"),
        file("/etc/systemd/system-preset/00-a.preset", "disable zincati.service\n# disable sshd.service\n"),
        file("/etc/systemd/system-preset/30-a.preset", "disable sshd.service\n") | units("sshd.service", enabled=True),
    ],
)
def test_other_hours_units_and_modules_pass(config: dict[str, Any]) -> None:
    """The owner decides when a machine updates, and whether systemd starts sshd for each connection."""
    assert list(switched_off(Merged(config, (), (), ()))) == []
