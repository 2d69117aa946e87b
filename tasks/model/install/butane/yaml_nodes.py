"""The nodes of a YAML document, and where one is."""

from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.model.install.butane.yaml_style import Value

Path = tuple[str | int, ...]  # keys of mappings and numbers of items; a list's length names a new item


@dataclass(frozen=True, slots=True)
class Place:
    """A value with its key (None in a list), and the list or mapping that holds it."""

    node: Node
    key: Node | None
    above: Node
    step: str | int
    in_flow: bool  # within brackets or braces


def child(node: Node, step: str | int) -> "tuple[Node | None, Node] | None":
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
