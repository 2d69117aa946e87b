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
    """If not, write it again: uv run python -m tests.builders.recipes."""
    assert DOCUMENT.read_text() == CURRENT


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", [*DOCUMENTS, "CLAUDE.md", "lab/README.md"])
def test_every_link_leads_to_a_file_and_a_heading(document: str) -> None:
    """A renamed chapter takes its links along."""
    file = ROOT / document
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", file.read_text()):
        place, _, anchor = "".join(target).partition("#")
        if place.startswith("https://"):
            continue
        linked = (file.parent / place).resolve() if place else file
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)", linked.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in map(slug, headings), target


def test_every_document_that_code_or_page_names_exists() -> None:
    """In messages, comments and on the page; and no link to a chapter of the README, which has few."""
    places = [path for top in ("tasks", "tools", "lab", "page", "first-boot") for path in (ROOT / top).rglob("*.*")]
    texts = [path.read_text() for path in places if path.suffix in {".py", ".sh", ".j2", ".js", ".toml", ".md"}]
    named = {name for text in texts for name in re.findall(r"\bdocs/[\w-]+\.md", text)}
    assert named
    assert all((ROOT / name).exists() for name in named)
    assert not [text for text in texts if re.search(r"source }}#|README\.md#", text)]
