"""What another config may not put over, above or below what protects a machine and switches it to the image."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install.firstboot import UNIT, is_harmless
from tasks.model.install.merged import NO_SWITCH, Finding, Merged, given_away, plain
from tasks.model.install.mounts import mount_points
from tasks.model.install.presets import first, presets
from tasks.model.signing import KEYS, PERSONAL, POLICY, REDIRECTS, REGISTRIES

_UNITS = "/etc/systemd/system"
_PROTECTING = tuple(PurePosixPath(f"/{path}") for path in (POLICY, REGISTRIES, KEYS, *PERSONAL, *REDIRECTS))
_SWITCHING = (
    *map(PurePosixPath, (f"{_UNITS}/{UNIT}", f"{_UNITS}/{UNIT}.d", "/etc/custom-coreos-switch")),
    PurePosixPath("/var/lib/custom-coreos-switch"),
)
_OVERRIDES = (f"{_UNITS}.control/{UNIT}", "/var/lib/custom-coreos-switch/")
_DROP_INS = tuple(f"{folder}/{UNIT}.d/" for folder in (_UNITS, f"{_UNITS}.attached", "/usr/local/lib/systemd/system"))
_SHARED = ("service", "custom-.service", "custom-coreos-.service")  # drop-ins for these change our unit too
_FOR_ALL = tuple(f"{_UNITS}/{name}.d/" for name in _SHARED)
_CHANGES = re.compile(
    r"^\s*((ExecStart\w*|ExecCondition|Condition\w+|Assert\w+|EnvironmentFile|UnsetEnvironment|User|DynamicUser|"
    r"Root\w+|ProtectSystem|ReadOnlyPaths|InaccessiblePaths|PrivateNetwork)\s*=|Environment\s*=([ \t]*$|.*\bIMAGE=))",
    re.MULTILINE,
)
_OPEN = "whoever may write here decides what the machine boots"
_PROTECTS = "the keys and the policy that protect the machine would not be where they are looked for: leave it out"


def guarded(merged: Merged, ours: Mapping[str, Any]) -> Iterator[Finding]:
    """Links, folders, mounts, files and arguments of another config that undo our part without changing it."""
    if not ours:
        return
    switches = bool(ours.get("systemd"))
    for place, path in _over(merged):
        for guarded_path in (*_PROTECTING, *(_SWITCHING if switches else ())):
            if _concerns(path, (guarded_path,)):
                yield Finding(place, _PROTECTS if guarded_path in _PROTECTING else NO_SWITCH)
                break
    yield from _open_to_others(merged, (*_PROTECTING, *(_SWITCHING if switches else ())), ours)
    if switches:
        yield from (Finding(place, NO_SWITCH) for place in _disabling(merged))


def _open_to_others(merged: Merged, protected: tuple[PurePosixPath, ...], ours: Mapping[str, Any]) -> Iterator[Finding]:
    """Folders and files of what is protected, and folders above, into which others than root may write."""
    own = {file["path"] for file in ours.get("storage", {}).get("files", [])}
    for kind in ("directories", "files"):
        for item in merged.items("storage", kind):
            changed = "its user" if given_away(item, "user") else "its mode" if (item.get("mode") or 0) & 0o022 else ""
            if changed and item["path"] not in own and _concerns(PurePosixPath(item["path"]), protected):
                yield Finding(("storage", f"{kind}[{item['path']}]"), f"{_OPEN}: leave out {changed}")


def _concerns(path: PurePosixPath, protected: tuple[PurePosixPath, ...]) -> bool:
    return any(path == each or path in each.parents or each in path.parents for each in protected)


def _over(merged: Merged) -> Iterator[tuple[tuple[str, ...], PurePosixPath]]:
    """What takes the place of a path with all that is below it: links, replaced folders and mounts."""
    for link in merged.items("storage", "links"):
        yield ("storage", f"links[{link['path']}]"), PurePosixPath(link["path"])
    for folder in merged.items("storage", "directories"):
        if folder.get("overwrite"):
            yield ("storage", f"directories[{folder['path']}]"), PurePosixPath(folder["path"])
    for system in merged.items("storage", "filesystems"):
        if _hides(path := system.get("path") or ""):
            yield ("storage", f"filesystems[{system['device']}]"), PurePosixPath(path)
    for place, path in mount_points(merged):
        if _hides(path):
            yield place, PurePosixPath(path)


def _hides(path: str) -> bool:
    """Whether a mount hides files of ours; /var and what is in it are often a disk of their own."""
    return path not in ("", "/") and not f"{path}/".startswith("/var/")


def _disabling(merged: Merged) -> Iterator[tuple[str, ...]]:
    """Files and kernel arguments that switch our unit off or change it."""
    for file in merged.items("storage", "files"):
        path, content = plain(file["path"]), merged.content(file["path"]) or ""
        if (
            path.startswith(_OVERRIDES)
            or (path.startswith(_DROP_INS) and not is_harmless(content))
            or (path.startswith(_FOR_ALL) and _CHANGES.search(content))
        ):
            yield "storage", f"files[{file['path']}]"
    for unit in merged.items("systemd", "units"):
        texts = [each.get("contents") or "" for each in unit.get("dropins") or []]
        if unit["name"] in _SHARED and any(map(_CHANGES.search, texts)):
            yield "systemd", f"units[{unit['name']}]"
    line = first(presets(merged), UNIT)
    if line and line.verb == "disable" and line.place:
        yield line.place
    for number, argument in enumerate(merged.items("kernelArguments", "shouldExist")):
        if f"systemd.mask={UNIT}" in str(argument).split():
            yield "kernelArguments", f"shouldExist[{number}]"
