"""What the set-up says: its story on stderr, and its failures in three lines."""

import sys


class SetupError(Exception):
    """What happened, why, and what to type next; before it what the program that failed said, where one did."""

    def __init__(self, what: str, why: str, hint: str, said: str = "") -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {hint}")
        self.said = said


def say(sentence: str) -> None:
    """Tell the story on stderr; stdout belongs to the recipe's answer."""
    print(f"inv: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  (this program's one voice)
