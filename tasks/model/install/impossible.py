"""What Fedora CoreOS cannot do on its first boot, which then stops, though the config is valid."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install import mounts, stock
from tasks.model.install.merged import Finding, Merged
from tasks.model.install.paths import lost, unwritable

_BOOT_DISK = "/dev/disk/by-id/coreos-boot-disk"


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every place at which the first boot stops, or which is lost after it."""
    files = {str(PurePosixPath(file["path"])) for file in merged.items("storage", "files")}
    for kind, item, path in _made(merged):
        above = [*map(str, PurePosixPath(path).parents), *([path] if kind != "files" else [])]
        for file in sorted(files.intersection(above)):
            yield Finding(("storage", f"files[{file}]"), f"{path} cannot be made where this file is: leave one out")
        if why := unwritable(path) or lost(path) or _taken(kind, item, path):
            yield Finding(("storage", f"{kind}[{item['path']}]"), why)
    yield from mounts.impossible(merged)
    yield from _wiped(merged)


def _made(merged: Merged) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Every directory, file and link of a config, with its kind and its path."""
    for kind in ("directories", "files", "links"):
        for item in merged.items("storage", kind):
            yield kind, item, str(PurePosixPath(item["path"]))


def _taken(kind: str, item: Mapping[str, Any], path: str) -> str:
    """Why an item cannot replace what Fedora CoreOS ships; empty if it can."""
    if path not in stock.FILES or not _replaces(kind, item):
        return ""
    return "Fedora CoreOS ships this file, and Ignition stops at it: add `overwrite: true`" + (
        ", or use `append` instead of `contents`" if kind == "files" else ""
    )


def _replaces(kind: str, item: Mapping[str, Any]) -> bool:
    """Whether Ignition makes an item only where nothing is.

    A file without contents is only appended to, or gets another mode or owner.
    """
    changes = kind != "files" or (item.get("contents") or {}).get("source") is not None
    return changes and not item.get("overwrite")


def _wiped(merged: Merged) -> Iterator[Finding]:
    """A boot disk that loses its partitions, if nothing makes file systems for /boot and / again, as a mirror does."""
    labels = {system.get("label") for system in merged.items("storage", "filesystems")}
    for disk in merged.items("storage", "disks"):
        if disk["device"] == _BOOT_DISK and disk.get("wipeTable") and not {"boot", "root"} <= labels:
            why = "this erases the Fedora CoreOS that is booting, so the first boot fails: leave `wipe_table` out"
            yield Finding(("storage", f"disks[{disk['device']}]", "wipeTable"), why)
