"""The one exception that a user sees."""

from invoke import Exit


class TaskError(Exit):
    """What happened, why, and what to type next; Invoke prints the three lines and ends with exit status 1."""

    def __init__(self, what: str, why: str, hint: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {hint}")
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}"
