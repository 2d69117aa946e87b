"""Files that decide about a machine's images and that only the machine fetches, so that nobody can check them here."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model.certificates import CERTIFICATES
from tasks.model.contract.updates import SERVICE, TIMER
from tasks.model.install.ignition import Caution, is_remote
from tasks.model.install.merged import Merged, parts, plain
from tasks.model.install.units import FOLDER
from tasks.model.signing import KEYS, PERSONAL, POLICY, REDIRECTS, REGISTRIES
from tasks.model.systemd import nearby

_UPDATES = tuple(
    f"{FOLDER[1:]}/{name}"
    for unit in (TIMER, SERVICE)
    for name in (unit, *(f"{each}.d/" for each in (unit.rpartition(".")[2], *nearby(unit))))
)
_DECIDING = {
    (POLICY, f"{REGISTRIES}/", f"{KEYS}/", *PERSONAL): "which images the machine accepts",
    (*REDIRECTS, *CERTIFICATES): "whether the machine finds its updates",
    _UPDATES: "whether the machine updates itself",
}
_OPEN = ("http:", "tftp:")  # without TLS
_INSTEAD = "write its content here"


def unchecked(merged: Merged) -> Iterator[Caution]:
    """The place of every such file, and who then decides."""
    for file in merged.items("storage", "files"):
        path = plain(file["path"]).removeprefix("/")
        what = next((what for places, what in _DECIDING.items() if path.startswith(places)), "")
        fetched = [part for part in parts(file) if is_remote(part["source"])] if what else []
        if fetched:
            yield ("storage", f"files[{file['path']}]"), f"unchecked: {_who(max(fetched, key=_danger), what)}"


def _danger(part: Mapping[str, Any]) -> int:
    """How many can change what is fetched: 0 if nobody can, 2 if everybody on the way can."""
    if (part.get("verification") or {}).get("hash"):
        return 0
    return 2 if part["source"].lower().startswith(_OPEN) else 1


def _who(part: Mapping[str, Any], what: str) -> str:
    address, danger = part["source"], _danger(part)
    if not danger:
        return f"this is fetched from {address}, so nobody knows here {what}: {_INSTEAD}"
    who = f"whoever holds {address}" if danger == 1 else f"anyone on the way to {address}"
    return f"{who} decides {what}: {_INSTEAD}, or add its hash"
