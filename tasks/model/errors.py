"""The one exception that a user sees."""


class TaskError(Exception):
    """An error: what happened, why, and what to type next. The recipe prints these three lines and exits with 1."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {next_step}")
        self.what = what
        self.why = why
        self.next = next_step
