"""How a YAML text indents, and values written that way."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9@=+/._ -]*(?<! )")


@dataclass(frozen=True, slots=True)
class Style:
    """The columns from a key to its mapping (`indent`) and to its list's dashes (`offset`)."""

    indent: int
    offset: int
    is_json: bool  # everything is in braces, so that keys are in quotes

    def block(self, value: Value, column: int) -> list[str]:
        """The lines of a list or mapping that begins in a column."""
        pad, lines = " " * column, list[str]()
        if isinstance(value, str):
            return [f"{pad}{scalar(value)}"]
        if isinstance(value, list):
            for item in value:
                first, *more = self.block(item, column + 2)
                lines += [f"{pad}- {first.lstrip()}", *more]
            return lines
        for key, each in value.items():
            if isinstance(each, str):
                lines.append(f"{pad}{key}: {scalar(each)}")
            else:
                deeper = column + (self.offset if isinstance(each, list) else self.indent)
                lines += [f"{pad}{key}:", *self.block(each, deeper)]
        return lines

    def flow(self, value: Value) -> str:
        """A value in one line, with brackets and braces."""
        if isinstance(value, dict):
            keys = [json.dumps(key) if self.is_json else key for key in value]
            return (
                f"{{{', '.join(f'{key}: {self.flow(each)}' for key, each in zip(keys, value.values(), strict=True))}}}"
            )
        if isinstance(value, list):
            return f"[{', '.join(map(self.flow, value))}]"
        return json.dumps(value, ensure_ascii=False)


def of(root: Node) -> Style:
    """The style of a document, as its first nested mapping and its first list show it."""
    steps = list(_steps(root))
    indent = next((columns for kind, columns in steps if kind is MappingNode), 2)
    offset = next((columns for kind, columns in steps if kind is SequenceNode), 2)
    return Style(indent, offset, is_flow(root))


def _steps(node: Node) -> Iterator[tuple[type, int]]:
    """The columns from each key to the list or mapping below it."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _steps(item)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            is_below = value.start_mark.line > key.start_mark.line and not is_flow(value)
            if isinstance(value, MappingNode | SequenceNode) and is_below:
                yield type(value), value.start_mark.column - key.start_mark.column
            yield from _steps(value)


def is_flow(node: Node) -> bool:
    """Whether a list or mapping is written in brackets or braces."""
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def scalar(text: str, *, in_flow: bool = False, quote: str = "") -> str:
    """A text as YAML: in the quotes given, else plain if that is safe, else in double quotes."""
    if quote == "'":
        return f"""'{text.replace("'", "''")}'"""
    if in_flow or quote == '"' or not _PLAIN.fullmatch(text) or not _is_text(text):
        return json.dumps(text, ensure_ascii=False)
    return text


def _is_text(text: str) -> bool:
    """Whether YAML reads this plain word as a text, and not as a number, a date, null or the like."""
    try:
        return bool(YAML(typ="safe", pure=True).load(text) == text)
    except (YAMLError, ValueError):
        return False
