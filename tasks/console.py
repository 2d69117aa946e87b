"""What a user sees: the answer on stdout, the story on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence

SCHEMA = 1  # of every JSON answer
_STYLES = {
    **dict.fromkeys(("ok", "success", "BUILD", "SKIP"), "green"),
    **dict.fromkeys(("warning", "cancelled", "in_progress", "queued", "HOLD"), "yellow"),
    **dict.fromkeys(("FAILED", "failure", "timed_out", "BLOCKED"), "bold red"),
}


def say(sentence: str) -> None:
    """One line of the story."""
    print(sentence, file=sys.stderr, flush=True)


def warn(sentence: str) -> None:
    """A line of the story that must not be overlooked."""
    say(f"WARNING: {sentence}")


def answer(text: object) -> None:
    """The recipe's answer, for people and programs."""
    print(text, flush=True)


def answer_json(document: Mapping[str, object]) -> None:
    """The recipe's answer for programs, in the form of a file in schemas/."""
    answer(json.dumps({"schema": SCHEMA, **document}, indent=2))


def present(
    columns: Sequence[str], rows: Sequence[Sequence[str]], document: Mapping[str, object], *, json: bool
) -> None:
    """The recipe's answer: a table for people, or the document for programs."""
    if json:
        answer_json(document)
    else:
        table(columns, rows)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as the terminal allows; unwrapped where there is none. Without any title it has no head."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = 240
    shown = Table(*columns, box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for row in rows:
        shown.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    with console.capture() as captured:
        console.print(shown)
    answer("\n".join(line.rstrip() for line in captured.get().splitlines()))


def agreed(question: str, *, yes: bool) -> bool:
    """Whether the user agrees: asked on a terminal, or given by --yes."""
    from tasks.model.errors import TaskError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise TaskError("nothing is done", "it asks first, and this is no terminal", "add --yes")
    say(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    say("nothing is done")
    return False
