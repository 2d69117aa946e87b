"""Changes of one value in a YAML text, at the places that YAML's parser gives."""

import re
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.model.install.butane import yaml_style
from tasks.model.install.butane.yaml_nodes import Path, Place, child, is_empty, nested, roots
from tasks.model.install.butane.yaml_style import Style, Value, is_flow

_COLON = re.compile(r"\s*:")
_DASH = re.compile(r"(?:&\S+|!\S+|\s|#[^\n]*)*-")
_ALIAS = re.compile(r"\s*:\s*\*\S+")
_ALIAS_WORD = re.compile(r"\s*(\*[^\s,\]}]+)")
_COMMA = re.compile(r"\s*,(?:[ \t]*(?![ \t#]))?")
_REST = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\n")  # of the line that an item within brackets ends in
_GAP = re.compile(r"[ \t]+(?=#)")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the nodes of its first document, whose marks are positions in the text."""

    text: str
    root: Node
    style: Style

    @classmethod
    def of(cls, text: str) -> "Text":
        """Read a text that is YAML."""
        root = next(roots(text))
        return cls(text, root, yaml_style.of(root))

    def put(self, path: Path, value: Value) -> str:
        """The text with a value at a path."""
        node, in_flow = self.root, is_flow(self.root)
        for depth, step in enumerate(path):
            found, new = child(node, step), nested(path[depth + 1 :], value)
            if found is None:
                return self._added(node, step, new, in_flow=in_flow)
            place = Place(found[1], found[0], node, step, in_flow)
            if is_empty(place.node) and not isinstance(new, str):
                return self._filled(place, new)
            if depth + 1 == len(path):
                return self._replaced(place, value) if isinstance(value, str) else self._exchanged(place, value)
            node, in_flow = place.node, in_flow or is_flow(place.node)
        return self.text

    def drop(self, path: Path) -> str:
        """The text without an item of a list."""
        node: Node = self.root
        for step in path[:-1]:
            found = child(node, step)
            if found is None:
                return self.text
            node = found[1]
        number, items = int(path[-1]), node.value
        if is_flow(node):
            return self._with(*self._span_in_flow(items[number - 1] if number else None, items[number]), "")
        begin = self.text.rfind("\n", 0, self._dash(node, number)) + 1
        return self._with(begin, self._next_line(self._item_end(node, number)), "")

    def is_alias(self, path: Path) -> bool:
        """Whether a value is an alias, or a list in brackets with one."""
        place = self._find(path)
        if place is None:
            return False
        if _ALIAS_WORD.match(self.text, self._before(place)):
            return True
        begin, end = place.node.start_mark.index, place.node.end_mark.index
        items = place.node.value if isinstance(place.node, SequenceNode) and is_flow(place.node) else []
        return any(not begin <= item.start_mark.index < end for item in items)

    def line(self, path: Path) -> int:
        """The line of a value's key or item, counted from 1; of the deepest that is there, and 0 if there is none."""
        places = [place for depth in range(len(path)) if (place := self._find(path[: depth + 1]))]
        marks = [(place.key or place.node).start_mark.line + 1 for place in places[-1:]]
        return int(marks[0]) if marks else 0

    def _find(self, path: Path) -> "Place | None":
        """The place at a path; None if there is none."""
        node, in_flow, place = self.root, is_flow(self.root), None
        for step in path:
            found = child(node, step)
            if found is None:
                return None
            place = Place(found[1], found[0], node, step, in_flow)
            node, in_flow = place.node, in_flow or is_flow(place.node)
        return place

    def _span_in_flow(self, before: Node | None, item: Node) -> tuple[int, int]:
        """Where an item within brackets begins and ends, with its comma; with its lines, if they hold nothing else."""
        begin, end = item.start_mark.index, item.end_mark.index
        line, rest = self.text.rfind("\n", 0, begin) + 1, _REST.match(self.text, end)
        if rest and not self.text[line:begin].strip():
            return line, rest.end()
        if comma := _COMMA.match(self.text, end):
            return begin, comma.end()
        gap = self.text[before.end_mark.index : begin] if before else "#"
        return (begin, end) if "#" in gap else (begin - len(gap), end)

    def _with(self, begin: int, end: int, new: str) -> str:
        return self.text[:begin] + new + self.text[end:]

    def _added(self, node: Node, step: str | int, value: Value, *, in_flow: bool) -> str:
        """Add a key to a mapping, or an item to a list."""
        new: Value = {step: value} if isinstance(step, str) else [value]
        if not node.value or not isinstance(node, MappingNode | SequenceNode):
            return self.text
        if in_flow or is_flow(node):
            last = node.value[-1]
            end = (last[1] if isinstance(last, tuple) else last).end_mark.index
            return self._with(end, end, f", {self.style.flow(new)[1:-1]}")
        if isinstance(node, SequenceNode):
            return self._below(self._end(None, node), self.style.block(new, self._column(self._dash(node, 0))))
        last = node.value[-2 if len(node.value) > 1 and self._is_open(node) else -1]
        return self._below(self._end(*last), self.style.block(new, node.value[0][0].start_mark.column))

    def _is_open(self, node: Node) -> bool:
        """Whether the text ends in a block without a last newline, to which a line below would add one."""
        if not isinstance(node, ScalarNode):
            last = node.value[-1:]
            return any(self._is_open(each[1] if isinstance(node, MappingNode) else each) for each in last)
        return node.style in ("|", ">") and node.end_mark.index == len(self.text) and not self.text.endswith("\n")

    def _filled(self, place: Place, value: Value) -> str:
        """Replace an empty value by a list or mapping, in the lines below its key."""
        begin, end = self._span(place)
        if place.in_flow or place.key is None:
            return self._with(begin, end, f"{'' if end > begin else ' '}{self.style.flow(value)}")
        column = place.key.start_mark.column + (self.style.offset if isinstance(value, list) else self.style.indent)
        before = self.text[:begin].rstrip(" \t")
        shorter = Text(before + self.text[end:], self.root, self.style)
        return shorter._below(len(before), self.style.block(value, column))

    def _exchanged(self, place: Place, value: Value) -> str:
        """Replace a list or mapping by another one."""
        begin, end = self._span(place)
        if _ALIAS_WORD.match(self.text, self._before(place)):
            return self._filled(place, value)
        lines = self.style.block(value, place.node.start_mark.column)
        in_block = self._newline(begin).join(lines).lstrip()
        return self._with(begin, end, self.style.flow(value) if is_flow(place.node) else in_block)

    def _replaced(self, place: Place, value: str) -> str:
        """Replace a single value, and keep the column of a comment behind it."""
        begin, end = self._span(place)
        quote = str(place.node.style or "") if isinstance(place.node, ScalarNode) else ""
        new = yaml_style.scalar(value, in_flow=place.in_flow, quote=quote)
        if begin == end:
            return self._with(begin, end, f" {new}")
        gap = _GAP.match(self.text, end)
        if gap:
            new += " " * max(1, end - begin + len(gap[0]) - len(new))
            end = gap.end()
        return self._with(begin, end, new)

    def _below(self, position: int, lines: list[str]) -> str:
        """Insert lines below the line at a position, with that line's end."""
        newline, place = self._newline(position), self._next_line(position)
        before = self.text[:place]
        joined = "".join(f"{line}{newline}" for line in lines)
        return f"{before}{'' if before.endswith(chr(10)) else newline}{joined}{self.text[place:]}"

    def _newline(self, position: int) -> str:
        end = self.text.find("\n", position)
        end = self.text.find("\n") if end < 0 else end
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    def _next_line(self, position: int) -> int:
        if position and self.text[position - 1] == "\n":
            return position
        return self.text.find("\n", position) + 1 or len(self.text)

    def _column(self, position: int) -> int:
        return position - self.text.rfind("\n", 0, position) - 1

    def _span(self, place: Place) -> tuple[int, int]:
        """Where a value begins and ends; for an empty one, the place behind its key's colon or its dash, twice."""
        node, begin, end = place.node, place.node.start_mark.index, place.node.end_mark.index
        behind = self._before(place)
        if alias := _ALIAS_WORD.match(self.text, behind):
            return alias.span(1)
        if begin == end:
            return behind, behind
        if isinstance(node, ScalarNode):
            return begin, begin + len(self.text[begin:end].rstrip())
        return begin, self._end(place.key, node)

    def _before(self, place: Place) -> int:
        """The place behind a value's key or dash; within brackets, where the value begins."""
        if place.key is not None:
            return self._behind(place.key)
        return place.node.start_mark.index if is_flow(place.above) else self._dash(place.above, int(place.step)) + 1

    def _behind(self, key: Node) -> int:
        """The place behind a key's colon; an empty value's own mark is where the next value begins."""
        colon = _COLON.match(self.text, key.end_mark.index)
        return colon.end() if colon else int(key.end_mark.index)

    def _end(self, key: Node | None, node: Node) -> int:
        """The end of a value's last word, before any comment; for a block that keeps its last lines, after them."""
        alias = _ALIAS.match(self.text, key.end_mark.index) if key is not None else None
        if alias:
            return alias.end()
        if node.start_mark.index == node.end_mark.index and key is not None:
            return self._behind(key)
        if isinstance(node, SequenceNode) and not is_flow(node):
            return self._item_end(node, len(node.value) - 1)
        if isinstance(node, MappingNode) and not is_flow(node):
            return self._end(*node.value[-1])
        written = self.text[node.start_mark.index : node.end_mark.index]
        keeps = isinstance(node, ScalarNode) and node.style in ("|", ">") and "+" in written.partition("\n")[0]
        return int(node.end_mark.index if keeps else node.start_mark.index + len(written.rstrip()))

    def _item_end(self, node: Node, number: int) -> int:
        item = node.value[number]
        if alias := _ALIAS_WORD.match(self.text, self._dash(node, number) + 1):
            return alias.end()
        is_null = item.start_mark.index == item.end_mark.index
        return self._dash(node, number) + 1 if is_null else self._end(None, item)

    def _dash(self, node: Node, number: int) -> int:
        """Where the dash of a list's item stands."""
        begin = self._item_end(node, number - 1) if number else node.start_mark.index
        dash = _DASH.match(self.text, begin)
        return dash.end() - 1 if dash else begin
