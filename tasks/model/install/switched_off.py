"""Cautions about what a config switches off: updates, OpenZFS, or the login."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged
from tasks.model.kernel_arguments import masked_unit

_NO_UPDATES = "the machine would no longer update itself"
_NO_POOLS = "pools would not be imported and mounted at boot"
_NEEDED = {
    "bootc-fetch-apply-updates.timer": _NO_UPDATES,
    "bootc-fetch-apply-updates.service": _NO_UPDATES,
    "zfs.target": _NO_POOLS,
    "zfs-import.target": _NO_POOLS,
    "zfs-mount.service": _NO_POOLS,
    "systemd-modules-load.service": "OpenZFS would not be loaded at boot",
    "sshd.service": "nobody could log in with SSH",
}
_NOTHING = re.compile(r"^\s*ExecStart\s*=\s*(?:/\S*/)?true\s*$", re.MULTILINE)
_KEEPS_OUT = re.compile(r"^\s*(?:install\s+(?:zfs|spl)\s|blacklist\s+(?:zfs|spl)\s*$)", re.MULTILINE)
_MODULES = "/etc/modules-load.d/zfs.conf"

Caution = tuple[Path, str]  # the Ignition path of the danger; why it is one, and what to do


def switched_off(merged: Merged) -> Iterator[Caution]:
    """Every unit, file and kernel argument that switches something off that the machine needs."""
    for unit in merged.items("systemd", "units"):
        if unit["name"] in _NEEDED and _is_off(unit):
            yield ("systemd", f"units[{unit['name']}]"), f"{_NEEDED[unit['name']]}: leave it out"
    for number, item in enumerate(merged.items("kernelArguments", "shouldExist")):
        for name in map(masked_unit, str(item).split()):
            if name in _NEEDED:
                yield ("kernelArguments", f"shouldExist[{number}]"), f"{_NEEDED[name]}: leave it out"
    yield from _module_files(merged)


def _module_files(merged: Merged) -> Iterator[Caution]:
    """Files that keep OpenZFS out of the kernel."""
    for file in merged.items("storage", "files"):
        path, content = file["path"], merged.content(file["path"]) or ""
        keeps_out = re.fullmatch(r"/etc/modprobe\.d/[^/]+\.conf", path) and _KEEPS_OUT.search(content)
        if keeps_out or (path == _MODULES and "zfs" not in map(str.strip, content.splitlines())):
            yield ("storage", f"files[{path}]"), "OpenZFS would not be loaded at boot: leave it out"


def _is_off(unit: Mapping[str, Any]) -> bool:
    """Whether a unit is masked or disabled, never does anything, or is a timer without a time."""
    texts = [unit.get("contents") or "", *(each.get("contents") or "" for each in unit.get("dropins") or [])]
    text = "\n".join(texts)
    times = re.findall(r"^\s*OnCalendar\s*=(.*)$", text, re.MULTILINE)
    has_no_time = bool(times) and not times[-1].strip()
    return bool(unit.get("mask")) or unit.get("enabled") is False or has_no_time or bool(_NOTHING.search(text))
