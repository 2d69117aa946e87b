"""What a user sees: the answer on stdout, the story on stderr."""

import json
import sys
from collections.abc import Sequence


def say(sentence: str) -> None:
    """One line of the story."""
    print(sentence, file=sys.stderr, flush=True)


def warn(sentence: str) -> None:
    """A line of the story that must not be overlooked."""
    say(f"WARNING: {sentence}")


def answer(text: object) -> None:
    """The recipe's answer, for people and programs."""
    print(text, flush=True)


def answer_json(document: object) -> None:
    """The recipe's answer as JSON."""
    answer(json.dumps(document, indent=2))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, to_stderr: bool = False) -> None:
    """A table as wide as the terminal allows; plain and unwrapped where there is none."""
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=to_stderr, soft_wrap=not sys.stdout.isatty())
    if not console.is_terminal:
        console.width = 240
    shown = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
