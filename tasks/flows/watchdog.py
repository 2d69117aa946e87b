"""Watchdog: keep one issue about what prevents the image from being current."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.clients import shell
from tasks.clients.github import actions, issues, workflows
from tasks.console import answer, say
from tasks.flows import gather
from tasks.flows.forecast import predict
from tasks.model.errors import TaskError
from tasks.model.github import watchdog as model

if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import TypeVar

    from tasks.clients.github.issues import Issue
    from tasks.model.github.watchdog import Trouble
    from tasks.model.solver.forecast import Forecast
    from tasks.model.solver.solve import Decision
    from tasks.settings.values import Settings

    _Result = TypeVar("_Result")


def watchdog(settings: "Settings", jobs: str, *, keep_alive: bool) -> None:
    """Update the one issue to the present troubles; `jobs` is the results of a workflow's jobs, as JSON."""
    now = datetime.now(UTC)
    ended = model.Jobs.parse(jobs, actions.workflow(), actions.run_address()) if jobs else None
    open_issues, decision, ahead = _gather(settings)
    current = model.seen_of_jobs(ended, now, explained=decision is not None) if ended else {}
    if decision:
        current |= model.seen_of_decision(decision, now, timedelta(days=settings.max_age_days))
    if ahead:
        current |= model.seen_of_forecast(ahead, now)
    before = model.known(open_issues[0].body) if open_issues else ()
    troubles = model.merged(before, current)
    unread = model.unread(decision, ahead)
    answer(model.title(troubles) or model.calm(unread))
    text, farewell = model.body(troubles, decision, ahead), "" if unread else model.farewell(before, decision)
    _report(settings.repository, open_issues, troubles, text, farewell)
    if keep_alive:
        _keep_alive(settings.repository)


def _gather(settings: "Settings") -> "tuple[tuple[Issue, ...], Decision | None, Forecast | None]":
    """Return the open issues, what would be built, and what is ahead; query them concurrently."""
    with ThreadPoolExecutor(3) as pool:
        open_issues = pool.submit(issues.open_ones, settings.repository)
        decided = pool.submit(gather.decide, settings)
        forecasting = pool.submit(predict, settings)
        return open_issues.result(), _result(decided), _result(forecasting)


def _result(future: "Future[_Result]") -> "_Result | None":
    """Return the result; if it failed, print the error and return None, because the issue is written anyway."""
    try:
        return future.result()
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None


def _report(
    repository: str, open_issues: "tuple[Issue, ...]", troubles: "tuple[Trouble, ...]", text: str, farewell: str
) -> None:
    """Open, update or close the one issue; close any further ones. Without a `farewell`, an open one stays open."""
    actions.summary(text if troubles else "The watchdog has nothing to report.")
    if shell.Mode.dry:
        say("no issue is written: -R only shows what would be done")
        return
    for extra in open_issues[1:]:
        issues.close(repository, extra, f"It continues in #{open_issues[0].number}.")
    if troubles and not open_issues:
        issue = issues.create(repository, model.title(troubles), text)
        say(f"opened {issue.url}")
    elif troubles and (open_issues[0].title, open_issues[0].body) != (model.title(troubles), text):
        issues.update(repository, open_issues[0], model.title(troubles), text)
        say(f"updated {open_issues[0].url}")
    elif open_issues and not troubles and farewell:
        issues.close(repository, open_issues[0], farewell)
        say(f"closed {open_issues[0].url}")


def _keep_alive(repository: str) -> None:
    """Enable the workflows that GitHub has stopped or would stop; leave alone those that the owner disabled."""
    for name, state in workflows.states(repository).items():
        if state in {"active", "disabled_inactivity"} and not shell.Mode.dry:
            workflows.enable(repository, name)
            say(f"{name} stays enabled" if state == "active" else f"GitHub had stopped {name}; it is enabled again")
