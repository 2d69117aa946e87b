"""What preset files say about units on the first boot: systemd.preset(5)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged, plain

_FOLDER = "/etc/systemd/system-preset"
_IGNITION = "20-ignition.preset"  # Ignition writes it from `enabled:`
_STOCK = ("90-default.preset", "enable sshd.service")  # Fedora's own: what of it matters here
_VERBS = ("enable", "disable", "ignore")


@dataclass(frozen=True, slots=True)
class Preset:
    """A line: what it does with which units, and its place in the config; that is empty for a line of others."""

    verb: str
    pattern: str
    place: Path


def presets(merged: Merged) -> tuple[Preset, ...]:
    """Every line of the machine's preset files that matters here, in the order in which systemd reads them."""
    ignition = "\n".join(
        f"{'enable' if unit['enabled'] else 'disable'} {unit['name']}"
        for unit in merged.items("systemd", "units")
        if unit.get("enabled") is not None
    )
    files: dict[str, tuple[str, Path]] = {
        _STOCK[0]: (_STOCK[1], ()),
        **dict(_written(merged)),
        _IGNITION: (ignition, ()),
    }
    return tuple(
        Preset(words[0], words[1], place)
        for _, (text, place) in sorted(files.items())
        for words in map(str.split, text.splitlines())
        if len(words) > 1 and words[0] in _VERBS
    )


def first(lines: Iterable[Preset], unit: str) -> Preset | None:
    """The line that decides about a unit."""
    return next((line for line in lines if fnmatchcase(unit, line.pattern)), None)


def enables(lines: Iterable[Preset], unit: str) -> bool:
    """Whether the first boot enables a unit."""
    line = first(lines, unit)
    return line is not None and line.verb == "enable"


def _written(merged: Merged) -> Iterator[tuple[str, tuple[str, Path]]]:
    for kind in ("files", "links"):
        for item in merged.items("storage", kind):
            folder, _, name = plain(item["path"]).rpartition("/")
            if folder == _FOLDER and name.endswith(".preset"):
                yield name, (merged.read(item["path"]) or "", ("storage", f"{kind}[{item['path']}]"))
