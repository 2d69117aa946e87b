"""How the setup reports: its progress on stderr, and its failures in three lines."""

import sys


class SetupError(Exception):
    """What happened, why, and what to type next; `output` is that of the program that failed, if any."""

    def __init__(self, what: str, why: str, hint: str, output: str = "") -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {hint}")
        self.output = output


def say(sentence: str) -> None:
    """Print progress on stderr; stdout belongs to the recipe's answer."""
    print(f"inv: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  (the only place that prints)
