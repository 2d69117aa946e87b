"""The documents only name recipes and flags that exist."""

import re
import shlex

import pytest

import tasks
from tests.builders.recipes import DOCUMENT, RECIPES, document
from tests.documents import DOCUMENTS, ELSEWHERE, ROOT, commands

CURRENT = document()  # at import, because Invoke only returns each help once


@pytest.mark.parametrize("document", [*DOCUMENTS, "CLAUDE.md", "lab/README.md"])
def test_every_recipe_that_is_named_exists(document: str) -> None:
    """That includes recipes in running text."""
    named = set(re.findall(r"\./inv ([a-z][a-z-]+)", (ROOT / document).read_text()))
    assert named <= RECIPES


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_flag_that_is_typed_exists(document: str) -> None:
    """That includes commands that need GitHub or a machine."""
    for line in commands(document, marked=True):
        for part in line.split("&&"):
            words = shlex.split(part)
            if words and words[0] == "./inv":
                ours = words[2 : words.index("--") if "--" in words else None]
                flags = {word.partition("=")[0] for word in ours if word.startswith("--")}
                assert flags <= flags_of(words[1]), line


def flags_of(recipe: str) -> set[str]:
    """Return the long flags of a recipe."""
    context = tasks.ns.to_contexts()
    found = next(each for each in context if recipe in (each.name, *each.aliases))
    return set(found.flags) | set(found.inverse_flags)


def test_what_is_typed_elsewhere_names_a_test_that_exists() -> None:
    """The command must also be in a document."""
    typed = {line for document in DOCUMENTS for line in commands(document)}
    for line, where in ELSEWHERE.items():
        file, _, name = where.partition("::")
        assert line in typed
        assert not name or f"def {name}(" in (ROOT / file).read_text()
        assert (ROOT / file).exists()


def test_the_document_of_all_recipes_is_current() -> None:
    """If not, write it again: PYTHONPATH=. python tests/builders/recipes.py."""
    assert DOCUMENT.read_text() == CURRENT
