"""What a user sees: the answer on stdout, progress on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence

SCHEMA = 1  # of every JSON answer
_UNWRAPPED = 10_000  # columns; a row has no more, so without a terminal grep finds every sentence whole
_STYLES = {
    **dict.fromkeys(("ok", "success", "BUILD", "SKIP"), "green"),
    **dict.fromkeys(("warning", "cancelled", "in_progress", "queued", "HOLD"), "yellow"),
    **dict.fromkeys(("FAILED", "failure", "timed_out", "BLOCKED"), "bold red"),
}


def say(sentence: str) -> None:
    """Print one line of progress to stderr."""
    print(sentence, file=sys.stderr, flush=True)


def warn(sentence: str) -> None:
    """Print a warning to stderr."""
    say(f"WARNING: {sentence}")


def answer(text: object) -> None:
    """Print the recipe's answer to stdout; a character that its encoding lacks becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    print(str(text).encode(encoding, "replace").decode(encoding), flush=True)


def as_json(document: Mapping[str, object]) -> str:
    """Return a document for programs: JSON that begins with the number of its schema."""
    return json.dumps({"schema": SCHEMA, **document}, indent=2)


def answer_json(document: Mapping[str, object]) -> None:
    """Print the recipe's answer as JSON, in the form of a file in schemas/."""
    answer(as_json(document))


def present(
    columns: Sequence[str], rows: Sequence[Sequence[str]], document: Mapping[str, object], *, json: bool
) -> None:
    """Print the recipe's answer: a table for people, or JSON for programs."""
    if json:
        answer_json(document)
    else:
        table(columns, rows)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that fits the terminal, or an unwrapped one without a terminal; omit the header if it is empty."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = _UNWRAPPED
    shown = Table(*columns, box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for row in rows:
        shown.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    with console.capture() as captured:
        console.print(shown)
    answer("\n".join(line.rstrip() for line in captured.get().splitlines()))


def agreed(question: str, *, yes: bool) -> bool:
    """Return whether the user agrees: ask on the terminal, unless --yes was given."""
    from tasks.model.errors import TaskError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise TaskError("nothing was done", "it must ask first, but there is no terminal", "add --yes")
    say(f"{question} [y/N]")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    say("nothing was done")
    return False
