"""What kernel arguments do to a machine."""

import pytest

from tasks.model.kernel_arguments import boots_elsewhere, keeps_openzfs_out, masked_unit, of_one_machine, words


@pytest.mark.parametrize(
    ("line", "found"),
    {
        "quiet ro": ["quiet", "ro"],
        '"module_blacklist=nouveau,zfs" quiet': ["module_blacklist=nouveau,zfs", "quiet"],
        'a="b c" d': ["a=b c", "d"],
        "  ": [],
        'a="open': ["a=open"],
    }.items(),
)
def test_a_line_is_split_as_the_kernel_splits_it(line: str, found: list[str]) -> None:
    """Quotes hold an argument together."""
    assert words(line) == found


@pytest.mark.parametrize(
    ("argument", "out"),
    {
        "module_blacklist=nouveau, zfs": True, "modprobe.blacklist=spl,x": False, "modprobe.blacklist=x,zfs": True,
        "modprobe.blacklist=zfsx": False,
        "sysctl.kernel.modules_disabled=1": True, "sysctl.kernel.modules_disabled=0": False,
        "module.sig_enforce": True, "lockdown=none": False, "zfs.zfs_arc_max=1": False,
    }.items(),
)  # fmt: skip
def test_an_argument_that_keeps_openzfs_out_is_known(argument: str, out: bool) -> None:
    """Whatever else is in its list."""
    assert keeps_openzfs_out(argument) == out


@pytest.mark.parametrize(
    ("argument", "unit"),
    {
        "systemd.mask=a.timer": "a.timer", "systemd.mask=zfs-mount": "zfs-mount.service", "rd.systemd.mask=a.timer": "",
        "systemd.mask=": "", "systemd.wants=a.timer": "", "systemd.mask=a@b.service": "a@b.service",
    }.items(),
)  # fmt: skip
def test_a_masked_unit_is_named_as_systemd_names_it(argument: str, unit: str) -> None:
    """A name without a suffix is a service; `rd.` concerns only the initramfs."""
    assert masked_unit(argument) == unit


@pytest.mark.parametrize(
    ("argument", "elsewhere"),
    {
        "systemd.unit=rescue.target": True, "systemd.unit=emergency.target": True, "systemd.unit=kiosk.target": False,
        "systemd.unit=multi-user.target": False, "systemd.unit=graphical.target": False, "rdinit=/bin/sh": True,
        "rd.systemd.unit=emergency.target": True, "init=/bin/bash": True, "init=/sbin/init": False, "rw": False,
        "init=/usr/lib/systemd/systemd": False, "rd.break": True, "rd.break=pre-mount": True, "single": True,
        "S": True, "1": True, "emergency": True, "3": False, "systemd.run=/bin/x": True, "ro": False, "quiet": False,
        "rd.shell": False, "mitigations=auto": False,
    }.items(),
)  # fmt: skip
def test_an_argument_that_boots_something_else_is_known(argument: str, elsewhere: bool) -> None:
    """A rescue shell answers no update."""
    assert boots_elsewhere(argument) == elsewhere


@pytest.mark.parametrize(
    ("argument", "one"),
    {
        "spl.spl_hostid=1": True, "root=UUID=2e9f4241-229b-4202-8429-62d2302382e1": True, "root=LABEL=root": False,
        "rd.luks.name=2e9f4241-229b-4202-8429-62d2302382e1=root": True, "rd.luks.options=discard": False,
        "console=ttyS0,115200n8": False,
    }.items(),
)  # fmt: skip
def test_an_argument_of_one_machine_is_known(argument: str, one: bool) -> None:
    """Other machines do not have that disk, or would share its number."""
    assert of_one_machine(argument) == one
