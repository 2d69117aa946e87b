"""The units of a machine as a config makes them: in `systemd.units`, or as files and links in /etc/systemd/system."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from tasks.model import systemd
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged, plain

FOLDER = "/etc/systemd/system"
_WANTS = (".wants", ".requires")


@dataclass(frozen=True, slots=True)
class Text:
    """A unit's own file, whose name is empty, or a drop-in: its name, its place in the config, and its content."""

    name: str
    place: Path
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """What a config makes of a unit; the places are empty where it does nothing of the kind."""

    name: str
    texts: tuple[Text, ...]
    masked: Path
    enabled: Path
    disabled: Path

    def read(self, stock: str = "", drop_ins: Mapping[str, str] | None = None) -> systemd.Unit:
        """What systemd reads: the unit's file, then every drop-in by its name.

        `stock` is the file that the image has, and `drop_ins` are the image's: a config's own replace those.
        """
        texts = {"": stock, **(drop_ins or {}), **{text.name: text.content for text in self.texts}}
        return systemd.Unit(self.name, tuple(texts[name] for name in sorted(texts)))

    def place(self, keys: Sequence[str]) -> Path:
        """The place of the last text that says something about settings, of the last text at all if none does."""
        texts = sorted(self.texts, key=lambda text: text.name)
        saying = [text for text in texts if any(key in keys for _, key, _ in systemd.assignments(text.content))]
        return next((text.place for text in reversed(saying or texts)), ())


def units(merged: Merged) -> Mapping[str, Unit]:
    """Every unit that a config says something about, by its name."""
    texts: dict[str, list[Text]] = defaultdict(list)
    states: dict[str, dict[str, Path]] = defaultdict(dict)
    for name, said, place in _said(merged):
        if isinstance(said, Text):
            texts[name].append(said)
        else:
            states[name][said] = place
    return {
        name: Unit(
            name=name,
            texts=tuple(texts[name]),
            **{state: states[name].get(state, ()) for state in ("masked", "enabled", "disabled")},
        )
        for name in dict.fromkeys((*texts, *states))
    }


def unit_of(known: Mapping[str, Unit], name: str) -> Unit | None:
    """A unit, with the drop-ins for its type and for beginnings of its name; None if a config says nothing about it."""
    own = known.get(name) or Unit(name=name, texts=(), masked=(), enabled=(), disabled=())
    others = [known[each] for each in (name.rpartition(".")[2], *reversed(systemd.nearby(name)[1:])) if each in known]
    shared = tuple(text for unit in others for text in unit.texts if text.name)
    return replace(own, texts=(*shared, *own.texts)) if shared or name in known else None


def _said(merged: Merged) -> Iterator[tuple[str, Text | str, Path]]:
    """Every text of a unit, and whatever masks, enables or disables one, with the unit's name and the place."""
    for unit in merged.items("systemd", "units"):
        name, place = unit["name"], ("systemd", f"units[{unit['name']}]")
        if unit.get("mask"):
            yield name, "masked", place
        if unit.get("enabled") is not None:
            yield name, "enabled" if unit["enabled"] else "disabled", place
        own = [("", unit.get("contents"))]
        for text, content in (*own, *((each["name"], each.get("contents")) for each in unit.get("dropins") or [])):
            if content:
                yield name, Text(text, place, content), place
    for kind in ("files", "links"):
        for item in merged.items("storage", kind):
            path = plain(item["path"])
            if path.startswith(f"{FOLDER}/"):
                place = ("storage", f"{kind}[{item['path']}]")
                yield from _stored(merged, PurePosixPath(path), item.get("target"), place)


def _stored(
    merged: Merged, path: PurePosixPath, target: str | None, place: Path
) -> Iterator[tuple[str, Text | str, Path]]:
    """What a file or a link in systemd's folder says; an empty file masks a unit, as a link to /dev/null does."""
    content, folder = merged.read(str(path)), path.parent.name
    if str(path.parent) == FOLDER and content == "":
        yield path.name, "masked", place
    elif folder.endswith(_WANTS) and (target or content == ""):
        yield path.name, "enabled" if content != "" else "masked", place
    elif content is not None and str(path.parent) == FOLDER:
        yield path.name, Text("", place, content), place
    elif content is not None and folder.endswith(".d") and path.suffix == ".conf":
        yield folder.removesuffix(".d"), Text(path.name, place, content), place
