"""Watchdog: one issue about what keeps the image from being current."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.clients import shell
from tasks.clients.github import actions, issues, workflows
from tasks.console import answer, say
from tasks.flows import gather
from tasks.model.errors import TaskError
from tasks.model.github import watchdog as model
from tasks.model.solver.forecast import ahead_of, forecast

if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import TypeVar

    from tasks.clients.github.issues import Issue
    from tasks.model.github.watchdog import Trouble
    from tasks.model.solver.forecast import Forecast
    from tasks.model.solver.solve import Decision
    from tasks.settings import Settings

    _Asked = TypeVar("_Asked")


def watchdog(settings: "Settings", jobs: str, *, keep_alive: bool) -> None:
    """Bring the one issue to what is seen now; `jobs` is how a workflow's jobs ended, as JSON."""
    now = datetime.now(UTC)
    ended = model.Jobs.parse(jobs, actions.workflow(), actions.run_address()) if jobs else None
    there, decision, ahead = _look(settings)
    seen = model.seen_of_jobs(ended, now) if ended else {}
    if decision:
        seen |= model.seen_of_decision(decision, now, timedelta(days=settings.max_age_days))
    if ahead:
        seen |= model.seen_of_forecast(ahead, now)
    before = model.known(there[0].body) if there else ()
    troubles = model.merged(before, seen)
    text, farewell = model.body(troubles, decision, ahead), model.farewell(before, decision)
    _tell(settings.repository, there, troubles, text, farewell)
    if keep_alive:
        _keep_alive(settings.repository)


def _look(settings: "Settings") -> "tuple[tuple[Issue, ...], Decision | None, Forecast | None]":
    """The open issues, what would be built, and what is ahead; asked side by side."""
    streams = settings.stream, *ahead_of(settings.stream)
    with ThreadPoolExecutor(3) as pool:
        there = pool.submit(issues.open_ones, settings.repository)
        decided = pool.submit(gather.decide, settings)
        looked = pool.submit(
            lambda: forecast(gather.newest_releases(settings, gather.policy(settings), streams), settings.stream)
        )
        return there.result(), _asked(decided), _asked(looked)


def _asked(question: "Future[_Asked]") -> "_Asked | None":
    """The answer; None and a line of the story if there is none, since the issue is written anyway."""
    try:
        return question.result()
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None


def _tell(
    repository: str, there: "tuple[Issue, ...]", troubles: "tuple[Trouble, ...]", text: str, farewell: str
) -> None:
    """Bring the one issue to where it must be; a second one is closed."""
    answer(model.title(troubles) or "all is well")
    actions.summary(text if troubles else "The watchdog has nothing to tell.")
    if shell.Mode.dry:
        say("no issue is written: -R only shows what would be done")
        return
    for extra in there[1:]:
        issues.close(repository, extra, f"It continues in #{there[0].number}.")
    if troubles and not there:
        made = issues.create(repository, model.title(troubles), text)
        say(f"opened {made.url}")
    elif troubles and (there[0].title, there[0].body) != (model.title(troubles), text):
        issues.update(repository, there[0], model.title(troubles), text)
        say(f"updated {there[0].url}")
    elif there and not troubles:
        issues.close(repository, there[0], farewell)
        say(f"closed {there[0].url}")


def _keep_alive(repository: str) -> None:
    """Enable what GitHub has stopped or would; what the owner has disabled stays so."""
    for name, state in workflows.states(repository).items():
        if state in {"active", "disabled_inactivity"} and not shell.Mode.dry:
            workflows.enable(repository, name)
            say(f"{name} stays enabled" if state == "active" else f"{name} had been stopped, and is enabled again")
