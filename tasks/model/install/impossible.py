"""What Fedora CoreOS cannot do on its first boot, which then stops, though the config is valid."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model.install import devices, mounts, resources, stock
from tasks.model.install.ignition import Path
from tasks.model.install.login import users
from tasks.model.install.merged import Finding, Merged, plain
from tasks.model.install.paths import above, lost, unwritable

_OVERWRITE = "Ignition stops at it: add `overwrite: true`"


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every place at which the first boot stops, or which is lost after it."""
    files = {plain(file["path"]) for file in merged.items("storage", "files")}
    for kind, item, path in _made(merged):
        there = {path} if kind != "files" else set()
        for file in sorted(files & (there | above(path))):
            yield Finding(("storage", f"files[{file}]"), f"{path} cannot be made where this file is: leave one out")
        if why := unwritable(path) or lost(path) or _taken(kind, item, path):
            yield Finding(("storage", f"{kind}[{item['path']}]"), why)
    yield from users.impossible(merged)
    yield from devices.impossible(merged)
    yield from mounts.impossible(merged)
    yield from resources.impossible(merged)


def doubtful(merged: Merged) -> Iterator[tuple[Path, str]]:
    """The places of files that Fedora CoreOS may ship, and what to do."""
    for kind, item, path in _made(merged):
        if path in stock.DOUBTFUL_FILES and _replaces(kind, item):
            place = ("storage", f"{kind}[{item['path']}]")
            yield place, f"Fedora CoreOS probably ships this file, and {_OVERWRITE}"


def _made(merged: Merged) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Every directory, file and link of a config, with its kind and its path."""
    for kind in ("directories", "files", "links"):
        for item in merged.items("storage", kind):
            yield kind, item, plain(item["path"])


def _taken(kind: str, item: Mapping[str, Any], path: str) -> str:
    """Why an item cannot replace what Fedora CoreOS ships; empty if it can."""
    if path not in stock.FILES or not _replaces(kind, item):
        return ""
    return f"Fedora CoreOS ships this file, and {_OVERWRITE}" + (
        ", or use `append` instead of `contents`" if kind == "files" else ""
    )


def _replaces(kind: str, item: Mapping[str, Any]) -> bool:
    """Whether Ignition makes an item only where nothing is.

    A file without contents is only appended to, or gets another mode or owner.
    """
    changes = kind != "files" or (item.get("contents") or {}).get("source") is not None
    return changes and not item.get("overwrite")
