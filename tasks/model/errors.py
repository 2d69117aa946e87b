"""The one exception that a user sees."""


class TaskError(Exception):
    """What happened, why, and what to type next; shown as three short lines, exit status 1."""

    def __init__(self, what: str, why: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n  why: {self.why}\n  next: {self.hint}"
