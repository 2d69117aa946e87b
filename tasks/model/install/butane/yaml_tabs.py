"""Tabs between the words of a YAML text: butane takes them, and ruamel.yaml does not."""

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

_RUN = re.compile(r"[ \t]+")


def spaced(text: str) -> str:
    """The text with spaces for the tabs that only separate words, so that every position and value stays.

    A tab within a plain text belongs to its value, and one that indents is wrong for butane too: both stay.
    """
    while (place := _refused(text)) is not None:
        text = text[: place[0]] + " " * (place[1] - place[0]) + text[place[1] :]
    return text


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
