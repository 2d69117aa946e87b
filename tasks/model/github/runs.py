"""Workflow runs, as GitHub's REST API lists them: docs.github.com/rest/actions/workflow-runs."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.model.github.answers import unexpected

_COMPLETED = "completed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a workflow."""

    id: int
    workflow: str  # its file, build.yaml
    branch: str
    event: str
    status: str  # GitHub's word: queued, in_progress, completed …
    conclusion: str  # GitHub's word once it is completed: success, failure, cancelled …; empty before
    created: datetime
    updated: datetime
    url: str

    @classmethod
    def parse(cls, row: Mapping[str, object], what: str) -> "Run":
        """Read a run from the API's answer; stops if it has an unexpected form."""
        match row:
            case {
                "id": int(number), "path": str(path), "head_branch": str() | None, "event": str(event),
                "status": str(status), "conclusion": str() | None, "created_at": str(created),
                "updated_at": str(updated), "html_url": str(url),
            }:  # fmt: skip
                with suppress(ValueError):  # an invalid date
                    return cls(
                        id=number, workflow=path.partition("@")[0].rpartition("/")[2],
                        branch=str(row["head_branch"] or ""), event=event, status=status,
                        conclusion=str(row["conclusion"] or ""),
                        created=datetime.fromisoformat(created), updated=datetime.fromisoformat(updated), url=url,
                    )  # fmt: skip
        raise unexpected(what, row)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status == _COMPLETED

    @property
    def result(self) -> str:
        """Its conclusion, or its status while it runs."""
        return self.conclusion or self.status

    def document(self, now: datetime) -> dict[str, object]:
        """The run as JSON, in the form of schemas/runs.json."""
        return {
            "workflow": self.workflow, "branch": self.branch, "event": self.event, "result": self.result,
            "created": self.created.isoformat(), "seconds": round(self.duration(now).total_seconds()), "url": self.url,
        }  # fmt: skip

    def duration(self, now: datetime) -> timedelta:
        """How long it took, or has taken until now."""
        return (self.updated if self.is_over else now) - self.created
