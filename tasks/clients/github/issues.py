"""The watchdog's issues on GitHub. Formats: docs.github.com/rest/issues."""

from dataclasses import dataclass

from tasks.clients.github import api
from tasks.model.errors import TaskError
from tasks.model.github.answers import rows, unexpected
from tasks.model.github.watchdog import is_ours

LABEL = "watchdog"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue on GitHub."""

    number: int
    title: str
    body: str
    url: str


def open_ones(repository: str) -> tuple[Issue, ...]:
    """The watchdog's open issues of `owner/name`, oldest first; other issues may have its label too."""
    what = f"the issues of {repository} could not be listed"
    path = f"/repos/{repository}/issues?labels={LABEL}&state=open&per_page=100"
    _, answer = api.call("GET", path, what=what)
    issues = [_issue(row, what) for row in rows(answer, what) if "pull_request" not in row]
    return tuple(sorted((each for each in issues if is_ours(each.body)), key=lambda issue: issue.number))


def create(repository: str, title: str, body: str) -> Issue:
    """Open an issue; if GitHub's answer is lost, return the issue that was opened anyway."""
    what = "the watchdog's issue could not be opened"
    fields = {"title": title, "body": body, "labels": [LABEL]}
    try:
        _, answer = api.call("POST", f"/repos/{repository}/issues", what=what, body=fields)
    except TaskError:
        opened = open_ones(repository)
        if not opened:
            raise
        return opened[0]
    return _issue(answer, what)


def update(repository: str, issue: Issue, title: str, body: str) -> None:
    """Replace an issue's title and text; GitHub sends no mail for that."""
    fields = {"title": title, "body": body}
    what = f"issue {issue.number} could not be written"
    api.call("PATCH", f"/repos/{repository}/issues/{issue.number}", what=what, body=fields)


def close(repository: str, issue: Issue, comment: str) -> None:
    """Close an issue with a comment; an earlier run's comment is not repeated."""
    what, path = f"issue {issue.number} could not be closed", f"/repos/{repository}/issues/{issue.number}"
    _, answer = api.call("GET", f"{path}/comments?per_page=100", what=what)
    comments = [row.get("body") for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
    if comment not in comments:
        api.call("POST", f"{path}/comments", what=what, body={"body": comment})
    api.call("PATCH", path, what=what, body={"state": "closed", "state_reason": "completed"})


def _issue(row: object, what: str) -> Issue:
    match row:
        case {"number": int(number), "title": str(title), "body": str() | None as body, "html_url": str(url)}:
            return Issue(number, title, body or "", url)
    raise unexpected(what, row)
