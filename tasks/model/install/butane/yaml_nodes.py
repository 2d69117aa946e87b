"""The nodes of a YAML document, and where one is."""

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.model.install.butane.yaml_parser import parser
from tasks.model.install.butane.yaml_style import Value
from tasks.model.install.butane.yaml_tabs import spaced

Path = tuple[str | int, ...]  # keys of mappings and numbers of items; a list's length names a new item


@dataclass(frozen=True, slots=True)
class Place:
    """A value with its key (None in a list), and the list or mapping that holds it."""

    node: Node
    key: Node | None
    above: Node
    step: str | int
    in_flow: bool  # within brackets or braces


def roots(text: str) -> Iterator[Node]:
    """The root of each document, whose marks are positions in the text; none from where it is no YAML."""
    try:
        yield from parser().compose_all(spaced(text))
    except (YAMLError, ValueError, RecursionError):
        return


def root(text: str) -> Node | None:
    """The root of the first document; None if the text is empty, or no YAML."""
    return next(roots(text), None)


def child(node: Node | None, step: str | int) -> "tuple[Node | None, Node] | None":
    """The key and the value at a step; None if there is none. An item of a list has no key."""
    if isinstance(step, int):
        return (None, node.value[step]) if isinstance(node, SequenceNode) and step < len(node.value) else None
    pairs = node.value if isinstance(node, MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == step), None)


def is_empty(node: Node) -> bool:
    """Whether a value is null, or a list or mapping without items."""
    return str(node.tag).endswith(":null") if isinstance(node, ScalarNode) else not node.value


def nested(path: Path, value: Value) -> Value:
    """The structure that has a value at a path."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value
