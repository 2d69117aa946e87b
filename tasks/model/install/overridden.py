"""Wishes of a config that what every machine gets overrides, so that they have no effect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.model.install.ignition import Caution, Entry, decode

_FILE = "every machine gets the repository's own file instead, so this one has no effect: leave it out"
_UNIT = "every machine gets the repository's own unit instead, so this has no effect: leave it out"
_SWITCHES = "`enabled: false` has no effect, every machine switches: leave it out, or type ./inv ignition --no-switch"


def overridden(own: Sequence[Entry], ours: Mapping[str, Any]) -> Iterator[Caution]:
    """The place of every file and unit of the owner's that ours replaces; `own` has no part of ours."""
    files = {f"files[{file['path']}]": file for file in ours.get("storage", {}).get("files", [])}
    units = {f"units[{unit['name']}]": unit for unit in ours.get("systemd", {}).get("units", [])}
    for entry in own:
        item = entry.path[-3] if entry.path[-2:] == ("contents", "source") else ""
        if item in files and entry.content != decode(files[item]["contents"]["source"]):
            yield entry.path[:-2], _FILE
        unit = units.get(entry.path[-2]) if len(entry.path) > 1 else None
        if unit and entry.path[-1] == "contents" and entry.content != unit["contents"]:
            yield entry.path, _UNIT
        if unit and entry.path[-1] == "enabled" and entry.content == "false":
            yield entry.path, _SWITCHES
