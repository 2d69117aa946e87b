"""Issues on GitHub with our label. Forms: docs.github.com/rest/issues."""

from dataclasses import dataclass

from tasks.clients.github import api
from tasks.model.errors import TaskError
from tasks.model.github.answers import rows, unexpected

LABEL = "watchdog"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue."""

    number: int
    title: str
    body: str
    url: str


def open_ones(repository: str) -> tuple[Issue, ...]:
    """The open issues of `owner/name` that have our label, the oldest first."""
    what = f"the issues of {repository} could not be listed"
    path = f"/repos/{repository}/issues?labels={LABEL}&state=open&per_page=100"
    _, found = api.call("GET", path, what=what)
    issues = [_issue(row, what) for row in rows(found, what) if "pull_request" not in row]
    return tuple(sorted(issues, key=lambda issue: issue.number))


def create(repository: str, title: str, body: str) -> Issue:
    """Open an issue; where an answer is lost on the way, the one that was opened all the same is taken."""
    what = "the watchdog's issue could not be opened"
    wanted = {"title": title, "body": body, "labels": [LABEL]}
    try:
        _, found = api.call("POST", f"/repos/{repository}/issues", what=what, body=wanted)
    except TaskError:
        there = open_ones(repository)
        if not there:
            raise
        return there[0]
    return _issue(found, what)


def update(repository: str, issue: Issue, title: str, body: str) -> None:
    """Replace an issue's title and text; GitHub sends no mail for that."""
    wanted = {"title": title, "body": body}
    what = f"issue {issue.number} could not be written"
    api.call("PATCH", f"/repos/{repository}/issues/{issue.number}", what=what, body=wanted)


def close(repository: str, issue: Issue, comment: str) -> None:
    """Close an issue with a comment, which is not repeated when an earlier run has left it."""
    what, path = f"issue {issue.number} could not be closed", f"/repos/{repository}/issues/{issue.number}"
    _, found = api.call("GET", f"{path}/comments?per_page=100", what=what)
    said = [row.get("body") for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if comment not in said:
        api.call("POST", f"{path}/comments", what=what, body={"body": comment})
    api.call("PATCH", path, what=what, body={"state": "closed", "state_reason": "completed"})


def _issue(row: object, what: str) -> Issue:
    match row:
        case {"number": int(number), "title": str(title), "body": str() | None as body, "html_url": str(url)}:
            return Issue(number, title, body or "", url)
    raise unexpected(what, row)
