"""The one exception that a user sees."""

from invoke import Exit


class TaskError(Exit):
    """An error: what happened, why, and what to type next. Invoke prints the three lines and exits with status 1."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {next_step}")
        self.what = what
        self.why = why
        self.next = next_step

    def __str__(self) -> str:
        return f"{self.message}"
