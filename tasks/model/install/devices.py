"""Disks, partitions and LUKS volumes that stop the first boot, or that erase what boots."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model.install import stock
from tasks.model.install.ignition import Path, identity
from tasks.model.install.merged import Finding, Merged

_BOOT_DISK = "/dev/disk/by-id/coreos-boot-disk"
_ROOTS = ("/dev/disk/by-partlabel/root", "/dev/disk/by-label/root")
_ERASES = "this erases the Fedora CoreOS that is booting, so the first boot fails"
_MADE = {"luks": "/dev/mapper/", "raid": "/dev/md/"}  # by the key of storage that makes it
_THUMBPRINT = re.compile(r"(?=.*[a-z])(?=.*[A-Z])[\w-]+", re.ASCII)
_LENGTHS = (27, 38, 43, 64, 86)  # of SHA-1 and SHA-2 in base64
_LAYOUTS = {  # of the partitions that only the firmware of other machines reads
    "8da63339-0007-60c0-c436-083ac8230908": "aarch64",
    "9e1a2d38-c612-4316-aa26-8b49521e5a8b": "ppc64le",
}


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every disk, partition and volume at which the first boot stops."""
    labels = {system.get("label") for system in merged.items("storage", "filesystems")}
    for disk in merged.items("storage", "disks"):
        place = ("storage", f"disks[{disk['device']}]")
        if disk["device"] != _BOOT_DISK:
            continue
        if not disk.get("wipeTable"):
            yield from (Finding((*place, part), why) for part, why in _partitions(disk))
        elif not {"boot", "root"} <= labels:  # a mirror makes both again
            yield Finding((*place, "wipeTable"), f"{_ERASES}: leave `wipe_table` out")
    yield from _root(merged)


def cautions(merged: Merged) -> Iterator[tuple[Path, str]]:
    """Devices that nothing makes, keys of servers that are none, and disks for other machines."""
    yield from _missing(merged)
    for disk in merged.items("storage", "luks"):
        for number, server in enumerate((disk.get("clevis") or {}).get("tang") or []):
            thumbprint = server.get("thumbprint") or ""
            if len(thumbprint) not in _LENGTHS or not _THUMBPRINT.fullmatch(thumbprint):
                place = ("storage", f"luks[{disk['name']}]", "clevis", f"tang[{number}]", "thumbprint")
                why = "this is no thumbprint of a Tang server, so the first boot stops"
                yield place, f"{why}: type what `tang-show-keys` prints there"
    foreign = [(disk["device"], layout) for disk in merged.items("storage", "disks") if (layout := _layout(disk))]
    for device, layout in foreign[:1]:
        why = f"this partitions the disk for {layout}, but the image is built for x86_64 only: use `layout: x86_64`"
        yield ("storage", f"disks[{device}]"), why


def _root(merged: Merged) -> Iterator[Finding]:
    """An encrypted root in the partition that Fedora CoreOS boots from.

    It copies itself only into a file system that is labelled root and wiped (ignition-ostree-transposefs).
    """
    systems = merged.items("storage", "filesystems")
    copied = any(system.get("label") == "root" and system.get("wipeFilesystem") for system in systems)
    fresh = any(
        disk.get("wipeTable") or any(part.get("wipePartitionEntry") for part in disk.get("partitions") or [])
        for disk in merged.items("storage", "disks")
    )
    for disk in merged.items("storage", "luks"):
        place = ("storage", f"luks[{disk['name']}]")
        if disk.get("device") not in _ROOTS or fresh:
            continue
        if not disk.get("wipeVolume"):
            yield Finding(place, "Ignition stops at the file system in this partition: add `wipe_volume: true`")
        elif not copied:
            made = f"/dev/mapper/{disk['name']}"
            yield Finding(place, f"{_ERASES}: give {made} a file system with `label: root` and `wipe_filesystem: true`")


def _partitions(disk: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The partitions of the boot disk that differ from those of Fedora CoreOS, each with what to do."""
    for number, each in enumerate(disk.get("partitions") or []):
        name, label = stock.PARTITIONS.get(each.get("number") or 0), each.get("label")
        if name is None or each.get("wipePartitionEntry") or each.get("shouldExist") is False:
            continue
        part = f"partitions[{identity(each, number)}]"
        if label not in (None, name):
            yield part, f"partition {each['number']} of Fedora CoreOS is `{name}`, so the first boot stops: leave it"
        elif name == "root" and each.get("sizeMiB") is not None and not each.get("resize"):
            yield part, "Ignition stops, because the partition has another size: add `resize: true`"


def _missing(merged: Merged) -> Iterator[tuple[Path, str]]:
    """Devices of LUKS and RAID that the config uses but does not make; those of disks may be multipath's."""
    disks = tuple(disk["device"] for disk in merged.items("storage", "disks"))
    for place, device in _used(merged):
        for key, folder in _MADE.items():
            made = [f"{folder}{item['name']}" for item in merged.items("storage", key)]
            if device.startswith(folder) and device not in made and not device.startswith(disks):
                why = f"nothing makes {device}, so the first boot waits and stops, unless the machine has it already"
                yield place, f"{why}: {key} makes {', '.join(made)}" if made else f"{why}: add it to storage.{key}"


def _used(merged: Merged) -> Iterator[tuple[Path, str]]:
    """Every device of a file system, a LUKS volume and an array, with its place."""
    for kind in ("filesystems", "luks"):
        for number, item in enumerate(merged.items("storage", kind)):
            yield ("storage", f"{kind}[{identity(item, number)}]", "device"), item.get("device") or ""
    for array in merged.items("storage", "raid"):
        for number, device in enumerate(array.get("devices") or []):
            yield ("storage", f"raid[{array['name']}]", f"devices[{number}]"), device


def _layout(disk: Mapping[str, Any]) -> str:
    kinds = [str(part.get("typeGuid") or "").lower() for part in disk.get("partitions") or []]
    return next((_LAYOUTS[kind] for kind in kinds if kind in _LAYOUTS), "")
