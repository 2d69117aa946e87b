"""GitHub's JSON answers, checked against its documentation."""

from collections.abc import Mapping

from tasks.model.errors import TaskError

_LONGEST = 200  # characters of an answer that a message repeats


def unexpected(what: str, answer: object) -> TaskError:
    """The error for an answer that does not have the documented form."""
    return TaskError(what, f"GitHub sent an unexpected response: {str(answer)[:_LONGEST]}", "try again later")


def rows(answer: object, what: str) -> list[Mapping[str, object]]:
    """The answer as a list of objects; stops if it is anything else."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise unexpected(what, answer)
    return answer
