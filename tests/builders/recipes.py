"""All recipes: their names as a user types them, and docs/recipes.md, which is made from their help.

`uv run python -m tests.builders.recipes` writes the document again.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks import ns

RECIPES = {name.replace("_", "-") for name in ns.tasks}
DOCUMENT = Path(__file__).parents[2] / "docs/recipes.md"
_HEAD = """# All recipes

`./inv RECIPE` runs one; `./inv --help RECIPE` shows this text. This file is made from the recipes' help.
"""


def document() -> str:
    """Return the document: recipes by module, in the order of tasks.py, each with its options."""
    groups: dict[str, list[str]] = {}
    for name, recipe in ns.tasks.items():
        module = str(sys.modules[recipe.body.__module__].__doc__).rstrip(".")
        groups.setdefault(module, []).extend(_section(name.replace("_", "-"), recipe))
    return "\n".join([_HEAD, *(line for title, lines in groups.items() for line in (f"## {title}\n", *lines))])


def _section(name: str, recipe: Any) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{inspect.getdoc(recipe.body)}\n"
    options = list(_options(recipe))
    yield from options
    if options:
        yield ""


def _options(recipe: Any) -> Iterator[str]:
    for argument in recipe.get_arguments():
        flag = argument.attr_name or argument.name
        switches_off = argument.kind is bool and argument.default is True
        typed = f"--{'no-' if switches_off else ''}{flag.replace('_', '-')}"
        typed = flag.replace("_", "-").upper() if argument.positional else typed
        value = "" if argument.kind is bool or argument.positional else f" {flag.replace('_', '-').upper()}"
        yield f"- `{typed}{value}`: {argument.help or ''}".rstrip(": ")


if __name__ == "__main__":
    DOCUMENT.write_text(document())
