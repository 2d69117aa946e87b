"""Cautions about what a config switches off: updates, OpenZFS, or the login."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tasks.model.commands import is_nothing
from tasks.model.contract.conditions import surely_false, unknown
from tasks.model.contract.effect import TIMES, only_looks, service_faults, timer_faults
from tasks.model.contract.updates import SERVICE, TIMER
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged
from tasks.model.install.units import FOLDER, Unit, unit_of, units
from tasks.model.kernel_arguments import boots_elsewhere, masked_unit, words

_NO_UPDATES = "the machine would no longer update itself"
_NO_POOLS = "pools would not be imported and mounted at boot"
_NOTHING_STARTS = "neither SSH nor the switch to the image would start"
SSHD, SOCKET = "sshd.service", "sshd.socket"
_NEEDED = {
    TIMER: _NO_UPDATES,
    SERVICE: _NO_UPDATES,
    "zfs.target": _NO_POOLS,
    "zfs-import.target": _NO_POOLS,
    "zfs-mount.service": _NO_POOLS,
    "systemd-modules-load.service": "OpenZFS would not be loaded at boot",
    SSHD: "nobody could log in with SSH",
    "multi-user.target": _NOTHING_STARTS,
    "default.target": _NOTHING_STARTS,
    "timers.target": _NO_UPDATES,
}
_TIMED = ("[Timer]\nOnBootSec=1h\n", {"50-window.conf": "[Timer]\nOnCalendar=*-*-* 03:00:00\n"})  # bootc's, the image's
_NEEDS_TIME = "add a time below the empty one, such as OnCalendar=Sat 03:00, or leave it out"
_RUNS = "[Service]\nType=oneshot\nExecStart=/usr/bin/bootc upgrade --apply --quiet\n"
# Ignition disables what stock Fedora CoreOS has enabled, and of these that is only sshd.service.
_STAYS_ON = "`enabled: false` does not switch this off, because the image starts it: use `mask: true`, or leave it out"
_KEEPS_OUT = re.compile(r"^\s*(?:install\s+(?:zfs|spl)\s|blacklist\s+(?:zfs|spl)\s*$)", re.MULTILINE)
_MODULES = "/etc/modules-load.d/zfs.conf"

Caution = tuple[Path, str]  # the Ignition path of the danger; why it is one, and what to do


def switched_off(merged: Merged) -> Iterator[Caution]:
    """Every unit, file and kernel argument that switches something off that the machine needs."""
    known = units(merged)
    needed = {name: why for name, why in _NEEDED.items() if name != SSHD or not by_socket(known)}
    for name, why in needed.items():
        if unit := unit_of(known, name):
            yield from _off(unit, why)
    for number, item in enumerate(merged.items("kernelArguments", "shouldExist")):
        for argument in words(str(item)):
            lost = _NOTHING_STARTS if boots_elsewhere(argument) else needed.get(masked_unit(argument))
            if lost:
                yield ("kernelArguments", f"shouldExist[{number}]"), f"{lost}: leave it out"
    for link in merged.items("storage", "links"):
        root = f"systemd.unit={PurePosixPath(str(link.get('target'))).name}"
        if link["path"] == f"{FOLDER}/default.target" and boots_elsewhere(root):
            yield ("storage", f"links[{link['path']}]"), f"{_NOTHING_STARTS}: leave it out"
    yield from _module_files(merged)


def by_socket(known: Mapping[str, Unit]) -> bool:
    """Whether systemd starts sshd for every connection, so that sshd.service is not needed."""
    socket, instances = known.get(SOCKET), known.get("sshd@.service")
    return bool(socket and socket.enabled and not socket.masked) and not (instances and instances.masked)


def _off(unit: Unit, why: str) -> Iterator[Caution]:
    """Why a unit is masked or disabled, never does anything, or is a timer without a time."""
    if unit.masked:
        yield unit.masked, f"{why}: leave it out"
    elif unit.texts and (fault := _fault(unit)):
        yield unit.place((*TIMES, "ExecStart")), f"{why}: {fault}"
    elif unit.disabled:
        yield unit.disabled, f"{why}: leave it out" if unit.name == SSHD else _STAYS_ON


def _fault(unit: Unit) -> str:
    """Why a unit never does anything, or what to do about it; empty if it does something."""
    if unit.name == TIMER:
        timer = unit.read(*_TIMED)
        return next(timer_faults(timer), "") if timer.pairs("Timer", TIMES) else _NEEDS_TIME
    read = unit.read(_RUNS if unit.name.endswith(".service") else "")
    programs = read.values("Service", "ExecStart")
    if unit.name.endswith(".service") and all(map(is_nothing, programs)):
        return "leave it out"
    if unit.name != SERVICE:
        return next(surely_false(read, unknown), "")
    return next(service_faults(read), only_looks(read))


def _module_files(merged: Merged) -> Iterator[Caution]:
    """Files that keep OpenZFS out of the kernel."""
    for file in merged.items("storage", "files"):
        path, content = file["path"], merged.content(file["path"]) or ""
        keeps_out = re.fullmatch(r"/etc/modprobe\.d/[^/]+\.conf", path) and _KEEPS_OUT.search(content)
        if keeps_out or (path == _MODULES and "zfs" not in map(str.strip, content.splitlines())):
            yield ("storage", f"files[{path}]"), "OpenZFS would not be loaded at boot: leave it out"
