"""Cautions about what a config switches off: updates, OpenZFS, or the login."""

import re
from collections.abc import Iterator, Mapping

from tasks.model.contract.updates import SERVICE, TIMER, TIMES
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged
from tasks.model.install.units import FOLDER, Unit, units
from tasks.model.kernel_arguments import masked_unit

_NO_UPDATES = "the machine would no longer update itself"
_NO_POOLS = "pools would not be imported and mounted at boot"
_NOTHING_STARTS = "neither SSH nor the switch to the image would start"
_RESCUE = ("emergency.target", "rescue.target")
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
}
_TIMED = ("OnBootSec=1h", {"50-window.conf": "OnCalendar=*-*-* 03:00:00"})  # bootc's timer, and the image's drop-in
_NEEDS_TIME = "add a time below the empty one, such as OnCalendar=Sat 03:00, or leave it out"
_RUNS = "ExecStart=the image's program"
_NOTHING = re.compile(r"[-@:+!|]*(?:/\S*/)?true")
# Ignition disables what stock Fedora CoreOS has enabled, and of these that is only sshd.service.
_STAYS_ON = "`enabled: false` does not switch this off, because the image starts it: use `mask: true`, or leave it out"
_KEEPS_OUT = re.compile(r"^\s*(?:install\s+(?:zfs|spl)\s|blacklist\s+(?:zfs|spl)\s*$)", re.MULTILINE)
_MODULES = "/etc/modules-load.d/zfs.conf"

Caution = tuple[Path, str]  # the Ignition path of the danger; why it is one, and what to do


def switched_off(merged: Merged) -> Iterator[Caution]:
    """Every unit, file and kernel argument that switches something off that the machine needs."""
    known = units(merged)
    needed = {name: why for name, why in _NEEDED.items() if name != SSHD or not by_socket(known)}
    for name in filter(needed.__contains__, known):
        yield from _off(known[name], needed[name])
    for number, item in enumerate(merged.items("kernelArguments", "shouldExist")):
        for name in map(masked_unit, str(item).split()):
            if name in needed:
                yield ("kernelArguments", f"shouldExist[{number}]"), f"{needed[name]}: leave it out"
    for link in merged.items("storage", "links"):
        if link["path"] == f"{FOLDER}/default.target" and str(link.get("target")).endswith(_RESCUE):
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
    elif unit.name == TIMER and not unit.values(TIMES, *_TIMED):
        yield (
            unit.place(TIMES),
            f"{why}: {_NEEDS_TIME}",
        )
    elif unit.name.endswith(".service") and all(map(_NOTHING.fullmatch, unit.values(["ExecStart"], _RUNS))):
        yield unit.place(["ExecStart"]), f"{why}: leave it out"
    elif unit.disabled:
        yield unit.disabled, f"{why}: leave it out" if unit.name == SSHD else _STAYS_ON


def _module_files(merged: Merged) -> Iterator[Caution]:
    """Files that keep OpenZFS out of the kernel."""
    for file in merged.items("storage", "files"):
        path, content = file["path"], merged.content(file["path"]) or ""
        keeps_out = re.fullmatch(r"/etc/modprobe\.d/[^/]+\.conf", path) and _KEEPS_OUT.search(content)
        if keeps_out or (path == _MODULES and "zfs" not in map(str.strip, content.splitlines())):
            yield ("storage", f"files[{path}]"), "OpenZFS would not be loaded at boot: leave it out"
