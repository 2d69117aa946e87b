"""Workflows on GitHub: list, start and enable them. Formats: docs.github.com/rest/actions."""

from collections.abc import Mapping

from tasks.clients.github import api
from tasks.model.github.answers import rows, unexpected
from tasks.model.github.runs import Run


def states(repository: str) -> dict[str, str]:
    """The state of every workflow of `owner/name` by file name, in GitHub's word, such as `active`."""
    what = f"the workflows of {repository} could not be listed"
    _, answer = api.call("GET", f"/repos/{repository}/actions/workflows?per_page=100", what=what)
    listed = _rows(answer, "workflows", what)
    return {str(row.get("path", "")).rpartition("/")[2]: str(row.get("state", "")) for row in listed}


def runs(repository: str, workflow: str, number: int) -> tuple[Run, ...]:
    """The newest runs of a workflow's file, newest first."""
    what = f"the runs of {workflow} could not be listed"
    path = f"/repos/{repository}/actions/workflows/{workflow}/runs?per_page={number}"
    _, answer = api.call("GET", path, what=what)
    return tuple(Run.parse(row, what) for row in _rows(answer, "workflow_runs", what))


def run(repository: str, number: int) -> Run:
    """One run."""
    what = f"run {number} could not be read"
    _, answer = api.call("GET", f"/repos/{repository}/actions/runs/{number}", what=what)
    return Run.parse(answer if isinstance(answer, dict) else {}, what)


def dispatch(repository: str, workflow: str, inputs: Mapping[str, str]) -> None:
    """Start a workflow on the default branch."""
    what = f"{workflow} could not be started"
    _, answer = api.call("GET", f"/repos/{repository}", what=what)
    branch = answer.get("default_branch") if isinstance(answer, dict) else None
    body = {"ref": branch or "main", "inputs": dict(inputs)}
    api.call("POST", f"/repos/{repository}/actions/workflows/{workflow}/dispatches", what=what, body=body)


def enable(repository: str, workflow: str) -> None:
    """Enable a workflow; GitHub disables the schedules of a repository after 60 days without activity."""
    what = f"{workflow} could not be enabled"
    api.call("PUT", f"/repos/{repository}/actions/workflows/{workflow}/enable", what=what)


def _rows(answer: object, key: str, what: str) -> list[Mapping[str, object]]:
    if not isinstance(answer, dict):
        raise unexpected(what, answer)
    return rows(answer.get(key), what)
