"""Cautions about what a config switches off: updates, OpenZFS, or the login."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from tasks.model.commands import is_nothing
from tasks.model.contract.conditions import surely_false, unknown
from tasks.model.contract.effect import TIMES, only_looks, service_faults, timer_faults
from tasks.model.contract.updates import SERVICE, TIMER
from tasks.model.install import modules
from tasks.model.install.ignition import Caution
from tasks.model.install.merged import Merged, plain
from tasks.model.install.presets import Preset, enables, first, presets
from tasks.model.install.units import FOLDER, Unit, unit_of, units
from tasks.model.kernel_arguments import boots_elsewhere, is_short, masked_unit, words

_NO_UPDATES = "the machine would no longer update itself"
_NO_POOLS = "pools would not be imported and mounted at boot"
_NOTHING_STARTS = "neither SSH nor the switch to the image would start"
_ONLY_ROOT = "nobody but root could log in"
_NOT_LOADED = "OpenZFS would not be loaded at boot"
SSHD, SOCKET = "sshd.service", "sshd.socket"
_IMPORT, _SCAN = "zfs-import-cache.service", "zfs-import-scan.service"
_NEEDED = {
    TIMER: _NO_UPDATES,
    SERVICE: _NO_UPDATES,
    "timers.target": _NO_UPDATES,
    "zfs.target": _NO_POOLS,
    "zfs-import.target": _NO_POOLS,
    _IMPORT: _NO_POOLS,
    "zfs-mount.service": _NO_POOLS,
    "systemd-modules-load.service": _NOT_LOADED,
    "tailscaled.service": "Tailscale would not start",
    SSHD: "nobody could log in with SSH",
    "systemd-user-sessions.service": _ONLY_ROOT,
    "multi-user.target": _NOTHING_STARTS,
    "default.target": _NOTHING_STARTS,
}
_TIMED = ("[Timer]\nOnBootSec=1h\n", {"50-window.conf": "[Timer]\nOnCalendar=*-*-* 03:00:00\n"})  # bootc's, the image's
_NEEDS_TIME = "add a time below the empty one, such as OnCalendar=Sat 03:00, or leave it out"
_RUNS = "[Service]\nType=oneshot\nExecStart=/usr/bin/bootc upgrade --apply --quiet\n"
# Ignition disables what stock Fedora CoreOS has enabled, and of these that is only sshd.service.
_STAYS_ON = "{} does not switch this off, because the image starts it: use `mask: true`, or leave it out"
_NO_LOGINS = "/etc/nologin"
_LEAVE_OUT = "leave it out"


def switched_off(merged: Merged) -> Iterator[Caution]:
    """Every unit, file and kernel argument that switches something off that the machine needs."""
    known = units(merged)
    first_boot = presets(merged)
    socket = by_socket(known) or enables(first_boot, SOCKET)
    replaced = {SSHD: socket, _IMPORT: _scans(known)}
    needed = {name: why for name, why in _NEEDED.items() if not replaced.get(name)}
    for name, why in needed.items():
        if unit := unit_of(known, name):
            yield from _off(unit, why)
    yield from dict.fromkeys(_by_preset(first_boot, needed))
    yield from _arguments(merged, needed)
    yield from _files(merged)
    yield from ((place, f"{_NOT_LOADED}: {_LEAVE_OUT}") for place in modules.kept_out(merged))


def by_socket(known: Mapping[str, Unit]) -> bool:
    """Whether systemd starts sshd for every connection, so that sshd.service is not needed."""
    socket, instances = known.get(SOCKET), known.get("sshd@.service")
    return bool(socket and socket.enabled and not socket.masked) and not (instances and instances.masked)


def _off(unit: Unit, why: str) -> Iterator[Caution]:
    """Why a unit is masked or disabled, never does anything, or is a timer without a time."""
    if unit.masked:
        yield unit.masked, f"{why}: {_LEAVE_OUT}"
    elif unit.name == TIMER and unit.read(*_TIMED).last("Timer", "Unit") not in ("", SERVICE):
        yield unit.place(["Unit"]), f"{why}, because its timer starts something else: {_LEAVE_OUT}"
    elif unit.texts and (fault := _fault(unit)):
        yield unit.place((*TIMES, "ExecStart")), f"{why}: {fault}"
    elif unit.disabled:
        yield unit.disabled, f"{why}: {_LEAVE_OUT}" if unit.name == SSHD else _STAYS_ON.format("`enabled: false`")


def _by_preset(lines: Sequence[Preset], needed: Mapping[str, str]) -> Iterator[Caution]:
    """Preset files that disable a unit; like `enabled: false`, they only count on the first boot."""
    for name, why in needed.items():
        line = first(lines, name)
        if line is None or line.verb != "disable" or not line.place:
            continue
        if name == SSHD:
            yield line.place, f"{why}: {_LEAVE_OUT}"
        elif line.pattern != "*":
            yield line.place, _STAYS_ON.format(f"`disable {line.pattern}`")


def _arguments(merged: Merged, needed: Mapping[str, str]) -> Iterator[Caution]:
    for number, item in enumerate(merged.items("kernelArguments", "shouldExist")):
        place = ("kernelArguments", f"shouldExist[{number}]")
        for argument in words(str(item)):
            if (name := masked_unit(argument)) in needed:
                yield place, f"{needed[name]}: {_LEAVE_OUT}"
            if boots_elsewhere(argument):
                yield place, f"with {argument} {_NOTHING_STARTS}: {_LEAVE_OUT}"


def _files(merged: Merged) -> Iterator[Caution]:
    """A file that keeps everybody but root out, and a link that boots another target."""
    for kind in ("files", "links"):
        for item in merged.items("storage", kind):
            path, place = plain(item["path"]), ("storage", f"{kind}[{item['path']}]")
            if path == _NO_LOGINS:
                yield place, f"{_ONLY_ROOT}: {_LEAVE_OUT}"
            if path == f"{FOLDER}/default.target" and is_short(PurePosixPath(str(item.get("target"))).name):
                yield place, f"{_NOTHING_STARTS}: {_LEAVE_OUT}"


def _scans(known: Mapping[str, Unit]) -> bool:
    """Whether zfs-import-scan.service imports the pools.

    `enabled: true` does nothing for a unit that only the image has: Ignition leaves it to the first boot.
    """
    scan = known.get(_SCAN)
    has_effect = scan and scan.enabled and (scan.enabled[0] == "storage" or scan.texts)
    return bool(scan and has_effect and not scan.masked)


def _fault(unit: Unit) -> str:
    """Why a unit never does anything, or what to do about it; empty if it does something."""
    if unit.name == TIMER:
        timer = unit.read(*_TIMED)
        return next(timer_faults(timer), "") if timer.pairs("Timer", TIMES) else _NEEDS_TIME
    read = unit.read(_RUNS if unit.name.endswith(".service") else "")
    programs = read.values("Service", "ExecStart")
    if unit.name.endswith(".service") and all(map(is_nothing, programs)):
        return _LEAVE_OUT
    if unit.name != SERVICE:
        return next(surely_false(read, unknown), "")
    return next(service_faults(read), only_looks(read))
