"""The parser of YAML texts."""

from typing import Literal

from ruamel.yaml import YAML


def parser(kind: Literal["safe", "rt"] = "safe") -> YAML:
    """A parser that takes an anchor twice without a word, as butane does; `rt` keeps the lines of what it reads."""
    made = YAML(typ=kind, pure=True)
    made.composer.warn_double_anchors = False
    return made
