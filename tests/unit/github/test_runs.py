"""Workflow runs, as GitHub's API returns them."""

import pytest

from tasks.model.errors import TaskError
from tasks.model.github.runs import Run

RUN = {
    "id": 7, "path": ".github/workflows/build.yaml", "head_branch": "main", "event": "schedule", "status": "completed",
    "conclusion": "success", "created_at": "2026-11-20T06:00:10Z", "updated_at": "2026-11-20T06:04:40Z",
    "html_url": "https://github.com/o/n/actions/runs/7",
}  # fmt: skip


def test_a_run_is_read() -> None:
    """It has a file, a result and a duration."""
    run = Run.parse(RUN, "x")
    assert (run.workflow, run.result, run.duration(run.created).total_seconds()) == ("build.yaml", "success", 270)


@pytest.mark.parametrize("wrong", [{}, RUN | {"id": "7"}, RUN | {"conclusion": 3}, RUN | {"created_at": None}])
def test_a_run_of_another_form_is_an_error(wrong: dict[str, object]) -> None:
    """The error replaces half a run."""
    with pytest.raises(TaskError, match="runs could not be read"):
        Run.parse(wrong, "runs could not be read")
