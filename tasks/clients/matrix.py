"""The compatibility matrix in the repository's file."""

import tomllib

from tasks.clients import workspace
from tasks.model.errors import TaskError
from tasks.model.solver.ranges import FILE, Matrix


def read_matrix() -> Matrix:
    """Read the repository's compatibility matrix."""
    text = workspace.read_text(workspace.ROOT / FILE)
    try:
        return Matrix.parse(tomllib.loads(text), FILE)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TaskError(f"{FILE} is not TOML", str(error), f"correct {FILE} at that place") from error
