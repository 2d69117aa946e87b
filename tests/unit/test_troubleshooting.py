"""Every message that the program can print has its entry in docs/troubleshooting.md, and no entry is of none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ERRORS = ("TaskError", "SetupError", "HiddenError")


def told(node: ast.expr) -> str:
    """A sentence as the source has it, with `…` for every part that varies."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def sentences(tree: ast.Module) -> Iterator[ast.expr]:
    """What errors begin with: given to them at once, as `what=…`, or by a variable of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                yield node.args[0]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "what")
        if isinstance(node, ast.Assign):
            names, values = node.targets, [node.value]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                names, values = node.targets[0].elts, node.value.elts
            pairs = zip(names, values, strict=False)
            yield from (value for name, value in pairs if isinstance(name, ast.Name) and name.id == "what")


def messages() -> set[str]:
    """Every message of the sources that is not wholly variable."""
    files = [path for top in ("tasks", "lab", "tools") for path in (ROOT / top).rglob("*.py")]
    found = {told(node) for path in files for node in sentences(ast.parse(path.read_text()))}
    found |= set(re.findall(r"fail '([^']+)'", (ROOT / "inv").read_text()))
    return {sentence for sentence in found if sentence.strip("… ")}


def entries() -> list[str]:
    """The messages that have an entry: a list item that begins with them."""
    lines = (ROOT / "docs/troubleshooting.md").read_text().splitlines()
    return [sentence for line in lines if line.startswith("- `") for sentence in re.findall(r"`([^`]+)`", line)]


def test_the_messages_are_found_at_all() -> None:
    """Of each kind one, so that a test that collects nothing does not pass."""
    found = messages()
    assert len(found) > 150
    assert {
        "there is no place for the cache",  # the launcher's
        "Debian packages could not be installed",  # the set-up's
        "this lab is in use",  # the lab's
        "… is blocked",  # handed to the error
        "… could not be built",  # by keyword
        "OpenZFS's releases could not be read",  # by a variable
    } <= found


def test_every_message_has_one_entry_and_every_entry_a_message() -> None:
    """Neither forgotten nor stale."""
    listed = entries()
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == messages()
