"""Tabs between the words of a YAML text: butane takes them, and ruamel.yaml does not."""

import re
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.tokens import ScalarToken

_RUN = re.compile(r"[ \t]+")


@lru_cache(maxsize=4)
def spaced(text: str) -> str:
    """The text with spaces for the tabs that only separate words, so that every position and value stays.

    A tab within a plain text belongs to its value, and one that indents is wrong for butane too: both stay.
    """
    text = _at_once(text)
    while (place := _refused(text)) is not None:
        text = text[: place[0]] + " " * (place[1] - place[0]) + text[place[1] :]
    return text


def _at_once(text: str) -> str:
    """The text without most such tabs, as each that the parser refuses makes it read everything again."""
    runs = [run.span() for run in _RUN.finditer(text) if "\t" in run[0] and _separates(text, *run.span())]
    letters = list(text)
    for begin, end in runs:
        letters[begin:end] = " " * (end - begin)
    try:
        tokens = list(YAML(typ="safe", pure=True).scan("".join(letters))) if runs else []
    except MarkedYAMLError:
        return text
    for token in tokens:
        if isinstance(token, ScalarToken) and not token.plain:  # in quotes or a block, a tab is a part of the value
            begin, end = token.start_mark.index, token.end_mark.index
            letters[begin:end] = text[begin:end]
    return "".join(letters)


def _refused(text: str) -> tuple[int, int] | None:
    """Where the separating tabs begin and end that the parser refuses; None if there are none."""
    if "\t" not in text:
        return None
    try:
        for _ in YAML(typ="safe", pure=True).scan(text):
            pass
    except MarkedYAMLError as error:
        run = _RUN.match(text, error.problem_mark.index) if error.problem_mark else None
        return run.span() if run and "\t" in run[0] and _separates(text, *run.span()) else None
    return None


def _separates(text: str, begin: int, end: int) -> bool:
    """Whether blanks stand before a comment, the line's end or a colon, or behind a key's colon."""
    before, after = text[:begin].rstrip(" "), text[end : end + 2]
    is_key = after[:1] == ":" and (len(after) == 1 or after[1].isspace())
    return before[-1:] not in ("", "\n") and (after[:1] in ("", "#", "\r", "\n") or is_key or before.endswith(":"))
