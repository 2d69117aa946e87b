"""What another config may not put over, above or below what protects a machine and switches it to the image."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install.firstboot import UNIT, is_harmless
from tasks.model.install.merged import NO_SWITCH, Finding, Merged, given_away, plain
from tasks.model.install.mounts import mount_points
from tasks.model.install.presets import first, presets
from tasks.model.install.units import FOLDER, units
from tasks.model.kernel_arguments import masked_unit, words
from tasks.model.signing import KEYS, PERSONAL, POLICY, REDIRECTS, REGISTRIES
from tasks.model.systemd import assignments

_PROTECTING = tuple(PurePosixPath(f"/{path}") for path in (POLICY, REGISTRIES, KEYS, *PERSONAL, *REDIRECTS))
_SWITCHING = (
    *map(PurePosixPath, (f"{FOLDER}/{UNIT}", f"{FOLDER}/{UNIT}.d", "/etc/custom-coreos-switch")),
    PurePosixPath("/var/lib/custom-coreos-switch"),
)
_OVERRIDES = (f"{FOLDER}.control/{UNIT}", "/var/lib/custom-coreos-switch/")
_DROP_INS = tuple(f"{folder}/{UNIT}.d/" for folder in (FOLDER, f"{FOLDER}.attached", "/usr/local/lib/systemd/system"))
_SHARED = ("service", "custom-.service", "custom-coreos-.service")  # drop-ins for these change our unit too
_CHANGES = re.compile(
    r"ExecStart\w*|ExecCondition|Condition\w+|Assert\w+|EnvironmentFile|UnsetEnvironment|User|DynamicUser|Root\w+|"
    r"ProtectSystem|ReadOnlyPaths|InaccessiblePaths|PrivateNetwork"
)
_IMAGE = re.compile(r"|.*\bIMAGE=.*", re.DOTALL)  # what Environment= takes back or sets
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
        if path.startswith(_OVERRIDES) or (path.startswith(_DROP_INS) and not is_harmless(content)):
            yield "storage", f"files[{file['path']}]"
    known = units(merged)
    shared = [text for name in _SHARED if name in known for text in known[name].texts]
    yield from dict.fromkeys(text.place for text in shared if _changes(text.content))
    line = first(presets(merged), UNIT)
    if line and line.verb == "disable" and line.place:
        yield line.place
    for number, argument in enumerate(merged.items("kernelArguments", "shouldExist")):
        if UNIT in map(masked_unit, words(str(argument))):
            yield "kernelArguments", f"shouldExist[{number}]"


def _changes(drop_in: str) -> bool:
    """Whether a drop-in changes what our unit does, or on which image."""
    said = assignments(drop_in)
    return any(_CHANGES.fullmatch(key) or (key == "Environment" and _IMAGE.fullmatch(value)) for _, key, value in said)
