"""Replaces the part of GitHub that keeps a repository's workflows, runs, issues and settings; each is a file."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.hosts.ghcr import SCOPES
from lab.hosts.repo_settings import Settings
from lab.hosts.upstreams import Answer
from lab.start import ROOT

_PAGE = 30
WORKFLOWS = ROOT / ".github/workflows"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the API."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    body: bytes = b""

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the request's body."""
        document = json.loads(self.body or b"{}")
        return document if isinstance(document, dict) else {}


class Table:
    """Numbered JSON documents in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[dict[str, Any]]:
        """Return every document, newest first."""
        files = sorted(self.folder.glob("*.json"), key=lambda file: -int(file.stem))
        return [json.loads(file.read_text()) for file in files]

    def add(self, **values: object) -> dict[str, Any]:
        """Write a new document under the next number."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((int(file.stem) for file in self.folder.glob("*.json")), default=0) + 1
        return self.put(number, values)

    def put(self, number: int, values: Mapping[str, object]) -> dict[str, Any]:
        """Write a whole document."""
        document = {"number": number, **values}
        (self.folder / f"{number}.json").write_text(json.dumps(document))
        return document


class Forge:
    """GitHub's API for one repository, whatever its name."""

    def __init__(self, state: Path) -> None:
        self.runs = Table(state / "runs")
        self.issues = Table(state / "issues")
        self.comments = Table(state / "comments")
        self.settings = Settings(state / "settings.json")
        self.stopped = state / "stopped"  # has an empty file for each workflow whose schedule GitHub has stopped

    def answer(self, request: Asked) -> Answer | None:
        """Return GitHub's answer; None for requests that this API does not serve."""
        address = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", request.path)
        if not address or address[1].lower() == "openzfs/zfs":
            return None
        if request.authorization.removeprefix("Bearer ") not in SCOPES:
            return _json({"message": "Resource not accessible by integration"}, 403)
        path = address[2] or ""
        setting = self.settings.answer(request.method, path, request.document)
        if setting:
            return Answer(body=b"", status=setting[0]) if setting[1] is None else _json(setting[1], setting[0])
        routes: dict[str, Callable[..., Answer]] = {
            r"/actions/workflows/([\w.-]+)/dispatches": self._dispatch,
            r"/actions/workflows/([\w.-]+)/runs": self._runs_of,
            r"/actions/workflows/([\w.-]+)/enable": self._enable,
            r"/actions/workflows": self._workflows,
            r"/actions/runs/(\d+)": self._run,
            r"/issues": self._all_issues,
            r"/issues/(\d+)": self._issue,
            r"/issues/(\d+)/comments": self._comments,
        }
        for pattern, route in routes.items():
            if match := re.fullmatch(pattern, path):
                return route(request, *match.groups())
        return None

    def _workflows(self, _request: Asked) -> Answer:
        rows = [
            {
                "id": number,
                "name": _name(file),
                "path": f".github/workflows/{file.name}",
                "state": self._state(file.name),
            }
            for number, file in enumerate(sorted(WORKFLOWS.glob("*.yaml")), 1)
        ]
        return _json({"total_count": len(rows), "workflows": rows})

    def _state(self, name: str) -> str:
        return "disabled_inactivity" if (self.stopped / name).exists() else "active"

    def _enable(self, request: Asked, name: str) -> Answer:
        if request.method != "PUT" or not (WORKFLOWS / name).exists():
            return _json({"message": "Not Found"}, 404)
        (self.stopped / name).unlink(missing_ok=True)
        return Answer(body=b"", status=204)

    def _dispatch(self, request: Asked, name: str) -> Answer:
        file = WORKFLOWS / name
        if not file.exists():
            return _json({"message": "Not Found"}, 404)
        if "workflow_dispatch:" not in file.read_text():
            return _json({"message": "Workflow does not have 'workflow_dispatch' trigger"}, 422)
        self.begin(name, "workflow_dispatch", request.document.get("inputs", {}), branch=request.document["ref"])
        return Answer(body=b"", status=204)

    def begin(self, name: str, event: str, inputs: Mapping[str, str], branch: str = "main") -> dict[str, Any]:
        """Record a queued run."""
        return self.runs.add(
            path=f".github/workflows/{name}", name=_name(WORKFLOWS / name), event=event, inputs=dict(inputs),
            head_branch=branch, status="queued", conclusion=None, created_at=_now(), updated_at=_now(),
        )  # fmt: skip

    def end(self, number: int, conclusion: str) -> None:
        """Record how a run ended."""
        run = next(run for run in self.runs.all() if run["number"] == number)
        self.runs.put(number, {**run, "status": "completed", "conclusion": conclusion, "updated_at": _now()})

    def _runs_of(self, request: Asked, name: str) -> Answer:
        rows = [_shown(run) for run in self.runs.all() if run["path"].endswith(f"/{name}")]
        size = int(request.query.get("per_page", str(_PAGE)))
        return _json({"total_count": len(rows), "workflow_runs": rows[:size]})

    def _run(self, _request: Asked, number: str) -> Answer:
        run = next((run for run in self.runs.all() if run["number"] == int(number)), None)
        return _json(_shown(run)) if run else _json({"message": "Not Found"}, 404)

    def _all_issues(self, request: Asked) -> Answer:
        if request.method == "POST":
            values = {"state": "open", "created_at": _now(), **request.document}
            return _json(_linked(self.issues.add(**values)), 201)
        label, state = request.query.get("labels", ""), request.query.get("state", "open")
        rows = [row for row in self.issues.all() if label in row["labels"] and row["state"] == state]
        return _json([_linked(row) for row in rows[: int(request.query.get("per_page", str(_PAGE)))]])

    def _issue(self, request: Asked, number: str) -> Answer:
        issue = next((row for row in self.issues.all() if row["number"] == int(number)), None)
        if not issue:
            return _json({"message": "Not Found"}, 404)
        changed = request.document if request.method == "PATCH" else {}
        return _json(self.issues.put(int(number), {**issue, **changed}))

    def _comments(self, request: Asked, number: str) -> Answer:
        if request.method == "POST":
            return _json(self.comments.add(issue=int(number), created_at=_now(), **request.document), 201)
        return _json([row for row in self.comments.all() if row["issue"] == int(number)][::-1])


def _path(file: Path) -> str:
    return f".github/workflows/{file.name}"


def _name(file: Path) -> str:
    return file.read_text().partition("name: ")[2].partition("\n")[0]


def _shown(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run as the API shows it: with an address, and without its inputs."""
    shown = {key: value for key, value in run.items() if key not in ("inputs", "number")}
    return {"id": run["number"], "html_url": f"https://github.com/owner/runs/{run['number']}", **shown}


def _linked(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {**issue, "html_url": f"https://github.com/owner/issues/{issue['number']}"}


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json(document: object, status: int = 200) -> Answer:
    return Answer(body=json.dumps(document).encode(), status=status, headers={"Content-Type": "application/json"})
