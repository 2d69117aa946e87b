"""What a config switches off that the machine needs."""

from typing import Any

import pytest

from tasks.model.install.merged import Merged
from tasks.model.install.switched_off import switched_off

TIMER, SERVICE = "bootc-fetch-apply-updates.timer", "bootc-fetch-apply-updates.service"


def unit(name: str, drop_in: str = "", **more: object) -> dict[str, Any]:
    drop_ins = [{"name": "a.conf", "contents": drop_in}] if drop_in else []
    return {"systemd": {"units": [{"name": name, "dropins": drop_ins, **more}]}}


def file(path: str, text: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{text}"}}]}}


def arguments(*items: str) -> dict[str, Any]:
    return {"kernelArguments": {"shouldExist": list(items)}}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (unit(TIMER, mask=True), "update itself"),
        (unit(TIMER, enabled=False), "update itself"),
        (unit(TIMER, "[Timer]\nOnCalendar=\n"), "update itself"),
        (unit(SERVICE, "[Service]\nExecStart=\nExecStart=/bin/true\n"), "update itself"),
        (unit("zfs-mount.service", mask=True), "pools"),
        (unit("sshd.service", mask=True), "SSH"),
        (arguments(f"quiet systemd.mask={TIMER}"), "update itself"),
        (arguments("systemd.mask=systemd-modules-load.service"), "OpenZFS"),
        (file("/etc/modprobe.d/z.conf", "install zfs /bin/false%0A"), "OpenZFS"),
        (file("/etc/modprobe.d/z.conf", "# x%0Ablacklist spl%0A"), "OpenZFS"),
        (file("/etc/modules-load.d/zfs.conf", "br_netfilter%0A"), "OpenZFS"),
    ],
)
def test_what_is_switched_off_is_named_with_its_consequence(config: dict[str, Any], words: str) -> None:
    """Each is valid, and the machine boots."""
    ((_, why),) = switched_off(Merged(config, (), (), ()))
    assert words in why


@pytest.mark.parametrize(
    "config",
    [
        unit(TIMER, "[Timer]\nOnCalendar=\nOnCalendar=Sat 03:00\n"),
        unit(TIMER, enabled=True),
        unit("debug-shell.service", mask=True),
        arguments("systemd.mask=debug-shell.service", "quiet"),
        file("/etc/modprobe.d/zfs.conf", "options zfs zfs_arc_max=1%0A"),
        file("/etc/modprobe.d/z.conf", "blacklist nouveau%0A"),
        file("/etc/modules-load.d/zfs.conf", "zfs%0A"),
    ],
)
def test_other_hours_units_and_modules_pass(config: dict[str, Any]) -> None:
    """The owner decides when a machine updates."""
    assert list(switched_off(Merged(config, (), (), ()))) == []
