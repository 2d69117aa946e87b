"""Values of the wrong kind in a Butane text, such as a list where a text belongs, in plain words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.model.install.butane.butane_keys import FLAG, KEYS, NUMBER, TEXT, Kind
from tasks.model.install.butane.yaml_nodes import root
from tasks.model.install.ignition import NAMES

_GO = re.compile(r"cannot unmarshal !!(\w+)(?: `.*`)? into (.+)")
_FOUND = {
    "seq": "a list",
    "map": "a mapping",
    "str": "a text",
    "int": "a number",
    "float": "a number",
}
_WANTED = {"string": TEXT, "int": NUMBER, "bool": FLAG}
_YES_OR_NO = re.compile(r"true|false|yes|no|on|off|y|n", re.IGNORECASE)
_LIST, _MAPPING = "a list, with `- ` before each item", "a mapping of keys"


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of the wrong kind: where it is, its node, and what belongs there."""

    path: str
    node: Node
    kind: Kind

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1


@dataclass(frozen=True, slots=True)
class Wrong:
    """The values of the wrong kind in a text; each explains one message of Go."""

    text: str
    places: list[_Place]

    @classmethod
    def of(cls, text: str) -> "Wrong":
        """Read a text; one that our parser cannot read has no places."""
        top = root(text)
        return cls(text, list(_misplaced(top, KEYS, "")) if top is not None else [])

    def sentence(self, line: int, words: str) -> str:
        """Say what is wrong in a line that Go's words are about, and keep its words."""
        place = next((each for each in self.places if each.line == line), None)
        if place is None:
            return f"line {line}: {_plainly(words)}"
        self.places.remove(place)
        where = f"{place.path}, line {line}" if place.path else f"line {line}"
        return f"{where}: {self._why(place)} ({words})"

    def _why(self, place: _Place) -> str:
        if isinstance(place.node, MappingNode) and self.text.startswith("{{", place.node.start_mark.index):
            return "a template such as {{ … }} is not filled in here: write the value itself"
        return f"it must be {_wanted(place)}, and is {_found(place.node)}"


def _wanted(place: _Place) -> str:
    """What belongs at a place, in words."""
    kind = place.kind
    if isinstance(kind, list):
        return _LIST
    if isinstance(kind, dict):
        return f"{_MAPPING} such as {', '.join(list(kind)[:3])}"
    quoted = isinstance(place.node, ScalarNode) and place.node.style in ("'", '"')
    octal = " such as 0644" if place.path.endswith("mode") else ""
    return f"{kind}{octal}{' without quotes' if quoted else ''}"


def _found(node: Node) -> str:
    if isinstance(node, ScalarNode):
        value = str(node.value)
        return f"{value[:20]!r}{'…' if len(value) > len(value[:20]) else ''}" if value else "an empty text"
    return _FOUND["seq" if isinstance(node, SequenceNode) else "map"]


def _plainly(words: str) -> str:
    """Go's words, with a plain sentence before them where their form is known."""
    matched = _GO.fullmatch(words)
    if matched is None:
        return words
    wanted = _WANTED.get(matched[2]) or (_LIST if matched[2].startswith("[]") else _MAPPING)
    return f"it must be {wanted}, and is {_FOUND.get(matched[1], matched[1])} ({words})"


def _misplaced(node: Node, kind: Kind, path: str) -> Iterator[_Place]:
    """Every value below a node that is of the wrong kind."""
    if not _fits(node, kind):
        yield _Place(path, node, kind)
    elif isinstance(kind, list) and isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            yield from _misplaced(item, kind[0], f"{path}[{_name(item) or number}]")
    elif isinstance(kind, dict) and isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value in kind:
                yield from _misplaced(value, kind[key.value], f"{path}.{key.value}".lstrip("."))


def _fits(node: Node, kind: Kind) -> bool:
    tag = str(node.tag).rpartition(":")[2]
    if tag == "null":
        return True
    if isinstance(kind, list):
        return isinstance(node, SequenceNode)
    if isinstance(kind, dict):
        return isinstance(node, MappingNode)
    if not isinstance(node, ScalarNode):
        return False
    is_flag = not node.style and _YES_OR_NO.fullmatch(node.value) is not None
    return {TEXT: True, NUMBER: tag == "int", FLAG: is_flag}[kind]


def _name(item: Node) -> str:
    """The name of a list's item, empty if it has none."""
    pairs = item.value if isinstance(item, MappingNode) else []
    names = {key.value: value.value for key, value in pairs if isinstance(value, ScalarNode)}
    return str(next((names[key] for key in NAMES if names.get(key)), ""))
