"""What Fedora CoreOS cannot do on its first boot, which then stops, though the config is valid."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install import stock
from tasks.model.install.merged import Finding, Merged

_READ_ONLY = ("/usr/", *(f"{path}/" for path in stock.LINKS_TO_USR))
_WRITABLE = "/usr/local/"  # a link to /var/usrlocal
_BOOT_DISK = "/dev/disk/by-id/coreos-boot-disk"


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every place at which the first boot stops, or which is lost after it."""
    files = {str(PurePosixPath(file["path"])) for file in merged.items("storage", "files")}
    for kind in ("directories", "files", "links"):
        for item in merged.items("storage", kind):
            path, place = str(PurePosixPath(item["path"])), ("storage", f"{kind}[{item['path']}]")
            above = [*map(str, PurePosixPath(path).parents), *([path] if kind != "files" else [])]
            for file in sorted(files.intersection(above)):
                yield Finding(("storage", f"files[{file}]"), f"{path} cannot be made where this file is: leave one out")
            if why := _unwritable(path) or _lost(path) or _taken(kind, item, path):
                yield Finding(place, why)
    yield from _mounts(merged)
    yield from _wiped(merged)


def _unwritable(path: str) -> str:
    """Why nothing can be made at a path; empty if it can."""
    if f"{path}/".startswith(_READ_ONLY) and not f"{path}/".startswith(_WRITABLE):
        return "/usr is read-only, so the first boot fails: use /etc, or /usr/local for programs"
    if path.split("/")[1] not in stock.TOP | stock.LOST:
        return "nothing can be made in / on Fedora CoreOS, so the first boot fails: use /var"
    return ""


def _lost(path: str) -> str:
    """Why what is made at a path is gone after the first boot; empty if it stays."""
    top = path.split("/")[1]
    why = f"/{top} holds nothing that stays, so this is lost or stops the first boot: use /var"
    return why if top in stock.LOST else ""


def _taken(kind: str, item: Mapping[str, Any], path: str) -> str:
    """Why an item cannot replace what Fedora CoreOS ships; empty if it can.

    A file without contents is only appended to, or gets another mode or owner.
    """
    changes = kind != "files" or (item.get("contents") or {}).get("source") is not None
    if path not in stock.FILES or item.get("overwrite") or not changes:
        return ""
    return "Fedora CoreOS ships this file, and Ignition stops at it: add `overwrite: true`" + (
        ", or use `append` instead of `contents`" if kind == "files" else ""
    )


def _mounts(merged: Merged) -> Iterator[Finding]:
    """File systems whose mount point can only be made in /, or in /usr."""
    for system in merged.items("storage", "filesystems"):
        path = str(PurePosixPath(system.get("path") or "/"))
        if path != "/" and (why := _unwritable(path)):
            yield Finding(("storage", f"filesystems[{system['device']}]", "path"), why)


def _wiped(merged: Merged) -> Iterator[Finding]:
    """A boot disk that loses its partitions, if nothing makes file systems for /boot and / again, as a mirror does."""
    labels = {system.get("label") for system in merged.items("storage", "filesystems")}
    for disk in merged.items("storage", "disks"):
        if disk["device"] == _BOOT_DISK and disk.get("wipeTable") and not {"boot", "root"} <= labels:
            why = "this erases the Fedora CoreOS that is booting, so the first boot fails: leave `wipe_table` out"
            yield Finding(("storage", f"disks[{disk['device']}]", "wipeTable"), why)
