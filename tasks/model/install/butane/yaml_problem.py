"""What is wrong with a text that is not YAML, with its line and what to write instead."""

import re

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tasks.model.install.butane.yaml_parser import parser
from tasks.model.install.butane.yaml_tabs import spaced

_LINE = re.compile(r"line (\d+): (.*)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IN_LINE = {  # what a line holds, and what to write instead
    re.compile(r"^ *\t"): "a tab cannot indent: write spaces",
    re.compile(r"\{[{%]"): "a template such as {{ … }} or {% … %} is not filled in here: write the value itself",
    re.compile(r"\$\{"): "${…} is not filled in here: write the value itself, or put it in quotes",
    re.compile(r"(?:: |- |^)\s*[@`%]"): "put a text that begins with @, ` or % in quotes",
    re.compile(r"^%"): "leave this line out: butane reads YAML without %YAML",
}
_BY_WORDS = {
    "mapping values are not allowed": "put a text with `: ` in quotes, or indent this line like its neighbours",
    "unexpected end of stream": "a quote or a bracket is not closed",
    "did not find expected ',' or": "a bracket or a comma is missing",
    "expected ',' or": "a bracket or a comma is missing",
    "did not find expected": "indent this line like its neighbours",
    "could not find expected ':'": "a colon is missing, or this line belongs further right",
    "unknown anchor": "name an anchor (&name) that is written above it",
    "control characters": "delete the character that no editor shows",
    "octet": "save it as UTF-8",
}


def sentence(words: str, text: str) -> str:
    """Butane's words about a text, with the line that our own parser finds, and what to write instead."""
    matched = _LINE.fullmatch(words)
    line, said = (int(matched[1]), matched[2]) if matched else (0, words)
    line = _line(said, text) or line
    written = text.splitlines()[line - 1] if 0 < line <= len(text.splitlines()) else ""
    hints = [hint for form, hint in _IN_LINE.items() if form.search(written)]
    hints += [hint for form, hint in _BY_WORDS.items() if form in said]
    return f"{f'line {line}: ' if line else ''}{said}{f': {hints[0]}' if hints else ''}"


def _line(said: str, text: str) -> int:
    """The line of what is wrong, counted from 1; 0 if it is not known. Go counts some from the wrong place."""
    anchor = re.search(r"unknown anchor '(.+?)'", said)
    form = _CONTROL if "control" in said else re.compile(r"^%YAML", re.MULTILINE) if "incompatible" in said else None
    form = re.compile(rf"\*{re.escape(anchor[1])}(?!\w)") if anchor else form
    if form and (place := form.search(text)):
        return text.count("\n", 0, place.start()) + 1
    mark = _mark(text)
    return mark + 1 if mark is not None else 0


def _mark(text: str) -> int | None:
    """The line at which our own parser stops, counted from 0; for a quote that is not closed, where it begins."""
    try:
        for _ in parser().compose_all(spaced(text)):
            pass
    except MarkedYAMLError as error:
        is_open = "end of stream" in str(error.problem) and error.context_mark is not None
        mark = error.context_mark if is_open else error.problem_mark
        return int(mark.line) if mark is not None else None
    except (YAMLError, ValueError, RecursionError):
        return None
    return None
