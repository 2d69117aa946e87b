"""The troubles that keep the image from being current, and the one issue about them.

The issue is the only memory: a hidden comment in its text holds the troubles and their start as JSON.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tasks.model import json_text
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
    """One thing that the owner must know about; `name` stays the same while it lasts."""

    name: str
    title: str
    sentences: tuple[str, ...]
    hint: str  # what the owner can type or look at
    since: datetime

    @classmethod
    def parse(cls, row: Mapping[str, object]) -> "Self":
        """Read a trouble from the issue's state."""
        values = {**row, "sentences": tuple(row["sentences"]), "since": datetime.fromisoformat(str(row["since"]))}  # type: ignore[arg-type]  # `known` catches what does not fit
        return cls(**values)  # type: ignore[arg-type]  # the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """The results of a run's jobs, from `toJSON(needs)`, and the run's address."""

    workflow: str
    url: str
    results: Mapping[str, str]
    blocked: frozenset[str]  # those that ended with the verdict BLOCKED, which the decision explains

    @classmethod
    def parse(cls, text: str, workflow: str, url: str) -> "Jobs":
        """Read what GitHub gives to the last job; stops if it has another form."""
        try:
            needs = json_text.loads(text)
            results = {str(name): str(job["result"]) for name, job in needs.items()}
            verdicts = {str(name): (job.get("outputs") or {}).get("verdict") for name, job in needs.items()}
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            why = f"it is not what toJSON(needs) gives: {error!r}"
            raise TaskError("--jobs is wrong", why, "leave it out if you call this by hand") from error
        blocked = frozenset(name for name, verdict in verdicts.items() if verdict == Verdict.BLOCKED)
        return cls(workflow=workflow or "a workflow", url=url, results=results, blocked=blocked)


def seen_of_decision(decision: Decision, now: datetime, max_age: timedelta) -> dict[str, Trouble | None]:
    """Whether a build is blocked, and whether the public image is too old."""
    is_blocked = decision.verdict is Verdict.BLOCKED
    reasons = decision.reasons if is_blocked else (*decision.reasons, decision.overdue)
    title = "Nothing newer can be built"
    blocked = Trouble(name="blocked", title=title, sentences=reasons, hint=decision.hint, since=now)
    public, old = decision.published, None
    if public and now - public.created > max_age:
        sentence = (
            f"{public.image} was built {age(now, public.created)} ago; max_age_days in invoke.yaml is {max_age.days}"
        )
        hint = "./inv workflow-status shows whether builds run; ./inv run-workflow --force-rebuild starts one"
        old = Trouble(name="age", title="The public image is old", sentences=(sentence,), hint=hint, since=now)
    return {
        "blocked": blocked if is_blocked or decision.overdue else None,
        "age": old,
        "withdrawn": _withdrawn(decision, now),
    }


def _withdrawn(decision: Decision, now: datetime) -> Trouble | None:
    zfs = decision.withdrawn
    if zfs is None:
        return None
    sentence = f"the published image has OpenZFS {zfs}, and GitHub does not list it as a release any more"
    hint = f"read why at github.com/openzfs/zfs/releases; to stop building it: ./inv block --zfs {zfs} --reason …"
    return Trouble(name="withdrawn", title=f"OpenZFS {zfs} is withdrawn", sentences=(sentence,), hint=hint, since=now)


def seen_of_forecast(forecast: Forecast, now: datetime) -> dict[str, Trouble | None]:
    """Whether a stream ahead brings a kernel that no OpenZFS release supports; unknown if one could not be read."""
    unsupported = tuple(each.sentence for each in forecast.outlooks if each.outlook is Outlook.UNSUPPORTED)
    hint = "nothing to do yet; ./inv forecast shows today's state"
    ahead = Trouble(name="ahead", title="Builds will be blocked", sentences=unsupported, hint=hint, since=now)
    return {} if forecast.unread and not unsupported else {"ahead": ahead if unsupported else None}


def seen_of_jobs(jobs: Jobs, now: datetime, *, explained: bool) -> dict[str, Trouble | None]:
    """Whether a run failed; a cancelled run says nothing. `explained`: the decision tells why a build is blocked."""
    failed = [name for name, result in jobs.results.items() if result == _FAILED]
    untold = [name for name in failed if not explained or name not in jobs.blocked]
    if untold:
        sentence = f"failed: {', '.join(untold)}; see {jobs.url}"
        hint = f"after fixing the cause: gh workflow run {jobs.workflow}"
        title = f"{jobs.workflow} fails"
        return {jobs.workflow: Trouble(name=jobs.workflow, title=title, sentences=(sentence,), hint=hint, since=now)}
    if failed or all(result in _GOOD for result in jobs.results.values()):
        return {jobs.workflow: None}
    return {}


def merged(known: Iterable[Trouble], seen: Mapping[str, Trouble | None]) -> tuple[Trouble, ...]:
    """Merge what was seen now with the known troubles; keep each one's start, and those that were not checked."""
    before = {trouble.name: trouble for trouble in known}
    now = before | {
        name: replace(trouble, since=before[name].since) if trouble and name in before else trouble
        for name, trouble in seen.items()
    }
    return tuple(trouble for trouble in now.values() if trouble)


def is_ours(body: str) -> bool:
    """Whether an issue's text is the watchdog's: it has a state, even one that an edit has damaged."""
    return "<!-- state:" in body


def known(body: str) -> tuple[Trouble, ...]:
    """The troubles that an issue reports; none if an edit has damaged its text."""
    state = _STATE.search(body)
    try:
        return tuple(Trouble.parse(row) for row in json_text.loads(state[1])) if state else ()
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
    parts.append("The watchdog updates this issue, and closes it when all is well again.")
    state = json.dumps([asdict(trouble) | {"since": trouble.since.isoformat()} for trouble in troubles])
    parts.append(f"<!-- state: {state.replace('>', chr(92) + 'u003e')} -->")
    return "\n\n".join(parts) + "\n"


def _section(trouble: Trouble) -> str:
    sentences = "\n".join(f"- {sentence}" for sentence in trouble.sentences)
    since = f"Since {trouble.since:%Y-%m-%d %H:%M} UTC:"
    return f"## {trouble.title}\n\n{since}\n\n{sentences}\n\nWhat you can do: {trouble.hint}"


def _buildable(decision: Decision | None) -> str:
    """The newest pair that can be built, or what stays."""
    if decision is None:
        return "The registries could not be read."
    if decision.chosen:
        return f"{decision.chosen.sentence}."
    public = decision.published
    if public is None:
        return "Nothing, and nothing is published."
    return f"Nothing newer than the published image: {public.lock.fcos_version} with OpenZFS {public.lock.zfs_version}."


def _ahead(forecast: Forecast | None) -> str:
    if forecast is None:
        return "The streams ahead could not be read."
    sentences = [each.sentence for each in forecast.outlooks]
    sentences += [f"{stream} could not be read" for stream in forecast.unread]
    return "\n".join(f"- {sentence}" for sentence in sentences) or "No stream is ahead of this one."


def unread(decision: Decision | None, forecast: Forecast | None) -> list[str]:
    """What could not be read, in words."""
    registries = ["the registries"] if decision is None else []
    streams = ["the streams ahead"] if forecast is None else [f"the stream {stream}" for stream in forecast.unread]
    return registries + streams


def calm(unread_ones: list[str]) -> str:
    """The title where no trouble is known."""
    if not unread_ones:
        return "all is well"
    return f"nothing is known to be wrong, but {' and '.join(unread_ones)} could not be read"


def farewell(before: tuple[Trouble, ...], decision: Decision | None) -> str:
    """The comment that closes the issue."""
    names = "; ".join(f"{trouble.title} (since {trouble.since:%Y-%m-%d %H:%M} UTC)" for trouble in before)
    public = decision.published if decision else None
    now = f" The public image is {public.image}, built {public.created:%Y-%m-%d %H:%M} UTC." if public else ""
    return f"All is well again. It was: {names or 'the text above'}.{now}"
