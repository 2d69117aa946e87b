"""The place in a Butane file that an Ignition path comes from, with its line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import YAMLError

from tasks.model.install.butane.butane_keys import snake
from tasks.model.install.butane.yaml_parser import parser
from tasks.model.install.butane.yaml_tabs import spaced
from tasks.model.install.ignition import NAMES, Path

_SOURCES = {"source": ("inline", "local", "source"), "contents": ("contents", "contents_local")}
_ITEM = re.compile(r"([^\[]+)(?:\[(.*)\])?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a Butane file and its line, counted from 1; the line is 0 if nothing of the path was found.

    If only a part of it was found, `ignition` is the whole path in the Ignition file.
    """

    path: str
    line: int
    ignition: str = ""

    def __str__(self) -> str:
        whole = f"Ignition's {self.ignition}" if self.ignition else "the whole config"
        if not self.line:
            return whole
        return f"{self.path}, line {self.line}{f' ({whole})' if self.ignition else ''}"


def load(butane: str) -> Any:  # noqa: ANN401  (YAML's own shapes)
    """Read a Butane file's first document, as butane does, with its lines; None if it is not YAML."""
    try:
        return next(iter(parser("rt").load_all(spaced(butane))), None)
    except (YAMLError, ValueError, RecursionError):
        return None


def local_files(butane: object) -> tuple[object, ...]:
    """The local files that a Butane document includes (`local`, `contents_local` and similar keys), as YAML reads them.

    Butane takes a number for the name that is written there, such as `0x10`, so only a text is sure.
    """
    found: dict[int, tuple[object, ...]] = {}  # by the identity of what holds them: an alias is the same object again
    waiting = [butane]
    for value in waiting:
        if id(value) not in found and isinstance(value, dict | list):
            found[id(value)] = tuple(_local(value))
            waiting += value.values() if isinstance(value, dict) else value
    return tuple(name for names in found.values() for name in names)


def _local(value: Any) -> Iterator[object]:  # noqa: ANN401  (YAML's own shapes)
    """The local files that a mapping names."""
    named = [each for key, each in value.items() if str(key).endswith("local")] if isinstance(value, dict) else []
    yield from (text for each in named for text in (each if isinstance(each, list) else [each]) if text is not None)


def find(butane: object, path: Path) -> Place:
    """The deepest key of a Butane document that an Ignition path comes from."""
    root, keys, line = butane, [], 0
    for key, item in map(_split, path):
        for name in _SOURCES.get(key, (snake(key),)):
            if isinstance(butane, dict) and name in butane:
                line = butane.lc.key(name)[0] + 1  # type: ignore[attr-defined]  # ruamel's own mapping
                keys.append(name)
                butane = butane[name]
                break
        else:
            return _sugar(root, path) or Place(".".join(keys), line, ".".join(path))
        if item is not None:
            number = _position(butane, item)
            if number is None:
                return _sugar(root, path) or Place(".".join(keys), line, ".".join(path))
            keys[-1] += f"[{item}]"
            line, butane = butane.lc.item(number)[0] + 1, butane[number]  # type: ignore[attr-defined, index]
    return Place(".".join(keys), line)


def _sugar(butane: Any, path: Path) -> Place | None:  # noqa: ANN401  (YAML's own shapes)
    """The place of what butane makes of `storage.trees` and `boot_device`; None if it comes from neither."""
    if not isinstance(butane, dict) or path[:1] != ("storage",) or len(path) == 1:
        return None
    kind, item = _split(path[1])
    storage: Any = butane.get("storage") or {}
    if kind in ("files", "links") and item and (found := _tree(storage.get("trees"), item)):
        return found
    device: Any = butane.get("boot_device") or {}
    for name in ("luks", "mirror"):
        if name in device and kind in ("luks", "filesystems", "disks", "raid"):
            return Place(f"boot_device.{name}", device.lc.key(name)[0] + 1)
    return None


def _tree(trees: Any, item: str) -> Place | None:  # noqa: ANN401  (YAML's own shapes)
    """The place of the tree that holds a path; of several, the one that begins nearest to it."""
    tops = {
        number: str(tree.get("path") or "/").rstrip("/")
        for number, tree in enumerate(trees or [])
        if isinstance(tree, dict) and tree.get("local")
    }
    holding = [number for number, top in tops.items() if item.startswith(f"{top}/")]
    if not holding:
        return None
    number = max(holding, key=lambda number: len(tops[number]))
    file = f"{str(trees[number]['local']).rstrip('/')}{item.removeprefix(tops[number])}"
    return Place(f"storage.trees[{tops[number] or '/'}] ({file})", trees.lc.item(number)[0] + 1)


def _split(part: str) -> tuple[str, str | None]:
    matched = _ITEM.fullmatch(part)
    return (matched[1], matched[2]) if matched else (part, None)


def _position(items: object, item: str) -> int | None:
    if not isinstance(items, Sequence) or isinstance(items, str):
        return None
    for number, each in enumerate(items):
        names = [each.get(key) for key in NAMES] if isinstance(each, dict) else []
        if item in names:
            return number
    return int(item) if item.isdigit() and int(item) < len(items) else None
