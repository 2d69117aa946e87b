"""What keeps the image from being current, and the one issue about it.

The issue is the only memory: a hidden comment in its text holds, as JSON, what it reports and since when.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tasks.model.errors import TaskError
from tasks.model.solver.forecast import Forecast, Outlook
from tasks.model.solver.solve import Decision, Verdict
from tasks.model.words import age

if TYPE_CHECKING:
    from typing import Self

_STATE = re.compile(r"<!-- state: (.*?) -->", re.DOTALL)
_FAILED, _GOOD = "failure", ("success", "skipped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One thing that the owner must know of; `name` stays the same while it lasts."""

    name: str
    title: str
    told: tuple[str, ...]
    hint: str  # what the owner can type or look at
    since: datetime

    @classmethod
    def parse(cls, row: Mapping[str, object]) -> "Self":
        """A trouble as the issue keeps it."""
        values = {**row, "told": tuple(row["told"]), "since": datetime.fromisoformat(str(row["since"]))}  # type: ignore[arg-type]  # what does not fit is caught below
        return cls(**values)  # type: ignore[arg-type]  # the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """How the jobs of a workflow's run ended, as `toJSON(needs)` has it, and where the run is."""

    workflow: str
    url: str
    results: Mapping[str, str]
    blocked: bool  # one of them ended with the verdict BLOCKED, which is reported separately

    @classmethod
    def parse(cls, text: str, workflow: str, url: str) -> "Jobs":
        """What GitHub gives the last job; stops at another form."""
        try:
            needs = json.loads(text)
            results = {str(name): str(job["result"]) for name, job in needs.items()}
            verdicts = {(job.get("outputs") or {}).get("verdict") for job in needs.values()}
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            why = f"it is not what toJSON(needs) gives: {error!r}"
            raise TaskError("--jobs is wrong", why, "leave it out when you call this by hand") from error
        return cls(workflow=workflow or "a workflow", url=url, results=results, blocked=Verdict.BLOCKED in verdicts)


def seen_of_decision(made: Decision, now: datetime, max_age: timedelta) -> dict[str, Trouble | None]:
    """Whether a build is blocked, and whether the public image is too old."""
    blocked = Trouble(name="blocked", title="No image can be built", told=made.reasons, hint=made.hint, since=now)
    public, old = made.published, None
    if public and now - public.created > max_age:
        told = f"{public.image} was made {age(now, public.created)} ago; max_age_days in invoke.yaml is {max_age.days}"
        hint = "./inv workflow-status says whether builds run; ./inv run-workflow --force-rebuild starts one"
        old = Trouble(name="age", title="The public image is old", told=(told,), hint=hint, since=now)
    return {"blocked": blocked if made.verdict is Verdict.BLOCKED else None, "age": old}


def seen_of_forecast(found: Forecast, now: datetime) -> dict[str, Trouble | None]:
    """Whether a stream ahead brings a kernel that no OpenZFS release supports."""
    unsupported = tuple(each.sentence for each in found.outlooks if each.outlook is Outlook.UNSUPPORTED)
    hint = "nothing is to be done yet; ./inv forecast shows it as it is today"
    ahead = Trouble(name="ahead", title="Builds will be blocked", told=unsupported, hint=hint, since=now)
    return {"ahead": ahead if unsupported else None}


def seen_of_jobs(jobs: Jobs, now: datetime) -> dict[str, Trouble | None]:
    """Whether a run failed; one that was cancelled says nothing of what it would have been."""
    failed = [name for name, result in jobs.results.items() if result == _FAILED]
    if failed and not jobs.blocked:
        told = f"failed: {', '.join(failed)}; see {jobs.url}"
        hint = f"when its cause is fixed: gh workflow run {jobs.workflow}"
        title = f"{jobs.workflow} fails"
        return {jobs.workflow: Trouble(name=jobs.workflow, title=title, told=(told,), hint=hint, since=now)}
    if failed or all(result in _GOOD for result in jobs.results.values()):
        return {jobs.workflow: None}
    return {}


def merged(known: Iterable[Trouble], seen: Mapping[str, Trouble | None]) -> tuple[Trouble, ...]:
    """What is the trouble now: what was seen, since when it is known, and what was not looked at."""
    before = {trouble.name: trouble for trouble in known}
    now = before | {
        name: replace(found, since=before[name].since) if found and name in before else found
        for name, found in seen.items()
    }
    return tuple(trouble for trouble in now.values() if trouble)


def known(body: str) -> tuple[Trouble, ...]:
    """The troubles that an issue reports; none if somebody's edit has damaged its text."""
    found = _STATE.search(body)
    try:
        return tuple(Trouble.parse(row) for row in json.loads(found[1])) if found else ()
    except (ValueError, KeyError, TypeError):
        return ()


def title(troubles: tuple[Trouble, ...]) -> str:
    """The issue's title."""
    return "; ".join(trouble.title for trouble in troubles)


def body(troubles: tuple[Trouble, ...], decision: Decision | None, forecast: Forecast | None) -> str:
    """The issue's text, in Markdown."""
    parts = [_section(trouble) for trouble in troubles]
    parts.append(f"## What can be built\n\n{_buildable(decision)}")
    parts.append(f"## What is ahead\n\n{_ahead(forecast)}")
    parts.append("This issue is kept by the watchdog, and closed by it when all is well again.")
    state = json.dumps([asdict(trouble) | {"since": trouble.since.isoformat()} for trouble in troubles])
    parts.append(f"<!-- state: {state.replace('>', chr(92) + 'u003e')} -->")
    return "\n\n".join(parts) + "\n"


def _section(trouble: Trouble) -> str:
    told = "\n".join(f"- {sentence}" for sentence in trouble.told)
    return (
        f"## {trouble.title}\n\nSince {trouble.since:%Y-%m-%d %H:%M} UTC:\n\n{told}\n\nWhat you can do: {trouble.hint}"
    )


def _buildable(made: Decision | None) -> str:
    """The newest pair that can be built, or what stays."""
    if made is None:
        return "The registries could not be asked."
    if made.chosen:
        return f"{made.chosen.sentence}."
    public = made.published
    if public is None:
        return "Nothing, and nothing is published."
    return f"Nothing newer than what is published: {public.lock.fcos_version} with OpenZFS {public.lock.zfs_version}."


def _ahead(found: Forecast | None) -> str:
    if found is None:
        return "The streams ahead could not be asked."
    return "\n".join(f"- {each.sentence}" for each in found.outlooks) or "No stream is ahead of this one."


def farewell(before: tuple[Trouble, ...], made: Decision | None) -> str:
    """The comment with which the issue is closed."""
    names = "; ".join(f"{trouble.title} (since {trouble.since:%Y-%m-%d %H:%M} UTC)" for trouble in before)
    public = made.published if made else None
    now = f" The public image is {public.image}, made {public.created:%Y-%m-%d %H:%M} UTC." if public else ""
    return f"All is well again. It was: {names or 'what is written above'}.{now}"
