"""What must hold so that an image boots as far as its services, on every machine."""

import re
from collections.abc import Iterator

from tasks.model.commands import reboots
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.kargs import argument_fault, kernel_arguments
from tasks.model.contract.report import Check
from tasks.model.contract.running import Running
from tasks.model.kernel_arguments import of_one_machine
from tasks.model.systemd import Unit

_REACHED = ("multi-user.target", "timers.target")
_NEEDED = (
    *_REACHED, "basic.target", "sysinit.target", "local-fs.target", "network.target", "NetworkManager.service",
    "zfs.target", "zfs-import.target", "zfs-mount.service", "zfs-import-cache.service",
)  # fmt: skip
_OWN_DISK = re.compile(
    r"(PART)?UUID=.+|/dev/disk/by-(id|uuid|partuuid|path|diskseq)/.+|"
    r"/dev/((sd|vd|xvd|hd)[a-z]+\d*|nvme\d+n\d+\S*|mmcblk\d+\S*)",
    re.IGNORECASE,
)
_MAY_BE_MISSING = re.compile(r"(?:^|,)(nofail|noauto|x-systemd\.automount)(?:,|$)")
_TABLES = {"/etc/fstab": 0, "/etc/crypttab": 1}  # the place of the device in a line; the options are the fourth word


def boot_promises(image: ImageFacts, running: Running) -> Iterator[Check]:
    """Every promise about the way to the services."""
    promise = "bootc can read its kernel arguments, and they boot it"
    yield Check(name="kernel-arguments", promise=promise, fault=argument_fault(image, _NEEDED))
    yield Check(name="boot", promise="it boots to multi-user.target, with timers", fault="; ".join(_boot(running)))


def of_one(image: ImageFacts) -> Iterator[str]:
    """What of the boot belongs to one machine: a disk, or a number that must differ."""
    for table, place in _TABLES.items():
        for row in map(str.split, image.tree.text(table).splitlines()):
            device = "".join(row[place : place + 1])
            own = not "".join(row).startswith("#") and _OWN_DISK.fullmatch(device)
            if own and not any(map(_MAY_BE_MISSING.search, row[3:4])):
                yield f"{device} in {table}"
    yield from filter(of_one_machine, kernel_arguments(image))


def _boot(running: Running) -> Iterator[str]:
    """A machine starts one target and what it wants; something masked or missing there ends the boot early."""
    if why := running.lacks(running.root):
        yield f"{running.root} is {why}"
    elif unreached := [unit for unit in _REACHED if unit not in running.boot]:
        yield f"{running.root} does not start {', '.join(unreached)}"
    for name in running.boot:
        unit = running.unit(name)
        if unit and _reboots_always(unit, running):
            yield f"{name} reboots the machine at every boot"


def _reboots_always(unit: Unit, running: Running) -> bool:
    """Whether one of its own lines does; a script may have a reason, and so may a unit with a condition."""
    lines = [line for key in ("ExecStartPre", "ExecStart") for line in unit.values("Service", key)]
    direct = reboots(running.programs.get(unit.name, ())[:1]) and len(lines) == 1
    return direct and not unit.pairs("Unit", ("Condition", "Assert")) and not unit.values("Service", "ExecCondition")
