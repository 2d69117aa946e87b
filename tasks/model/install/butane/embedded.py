"""The Ignition configs that are written into a Butane text with `inline`; butane names their lines like its own."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from tasks.model.install.butane.yaml_nodes import child, root
from tasks.model.install.ignition import item_name
from tasks.model.install.merged import Finding

_EMPTY = """'{{"ignition": {{"version": "3.0.0"}}{}}}'"""  # blanks make each different: butane refuses one twice


@dataclass(frozen=True, slots=True)
class Child:
    """A config with its place, its first line in the Butane text, and where it begins and ends there."""

    path: str
    content: str
    line: int
    begin: int
    end: int
    is_literal: bool  # each of its lines is one of the Butane text

    def place(self, line: int) -> str:
        """The place of one of its lines, counted from 1; with 0, of the whole config."""
        if line and self.is_literal:
            return f"{self.path}, line {self.line + line}"
        return f"{self.path}, line {self.line}"


def children(text: str) -> tuple[Child, ...]:
    """The configs in a text, in its order; none if it is not YAML."""
    config = _at(_at(root(text), "ignition"), "config")
    merged = _at(config, "merge")
    items = merged.value if isinstance(merged, SequenceNode) else []
    resources = {f"merge[{number}]": item for number, item in enumerate(items)}
    if replacing := _at(config, "replace"):
        resources["replace"] = replacing
    return tuple(_found(resources))


def _found(resources: dict[str, Node]) -> Iterator[Child]:
    for name, resource in resources.items():
        inline = _at(resource, "inline")
        if isinstance(inline, ScalarNode):
            begin, end = inline.start_mark, inline.end_mark
            path, is_literal = f"ignition.config.{name}.inline", inline.style == "|"
            yield Child(path, inline.value, begin.line + 1, begin.index, end.index, is_literal)


def emptied(text: str, found: tuple[Child, ...]) -> str:
    """The text with an empty config for each, so that every other line keeps its number."""
    for number, each in enumerate(sorted(found, key=lambda config: config.begin, reverse=True)):
        lines = text.count("\n", each.begin, each.end)
        text = text[: each.begin] + _EMPTY.format(" " * number) + "\n" * lines + text[each.end :]
    return text


def _at(node: Node | None, key: str) -> Node | None:
    found = child(node, key)
    return found[1] if found else None


def merging(found: tuple[Child, ...]) -> dict[str, Any]:
    """An Ignition config that merges each of these."""
    encoded = [base64.b64encode(each.content.encode()).decode() for each in found]
    sources = [{"source": f"data:;base64,{content}"} for content in encoded]
    return {"ignition": {"version": "3.0.0", "config": {"merge": sources}}}


def sentences(found: tuple[Child, ...], findings: Iterable[Finding]) -> tuple[str, ...]:
    """What is wrong in each config, with its place in the Butane text; `findings` are about what merges them.

    What only the configs together do wrong is left out: it is said once the text is valid.
    """
    each = [finding for finding in findings if finding.path[:2] == ("ignition", "config")]
    told = [f"{found[int(item_name(one.path[2]))].place(one.line)}: {one.why}" for one in each]
    return tuple(dict.fromkeys(told))
