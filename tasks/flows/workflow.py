"""Workflow: start the workflows on GitHub, and watch them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING

from tasks.clients import shell
from tasks.clients.github import workflows
from tasks.console import agreed, answer, present, say
from tasks.model.errors import TaskError
from tasks.model.words import age

if TYPE_CHECKING:
    from tasks.model.github.runs import Run
    from tasks.settings.values import Settings

BUILD, PAGES, CLEANUP = "build.yaml", "pages.yaml", "cleanup-images.yaml"
_WATCH_SECONDS = 3
_APPEARS_SECONDS = 60


def build(settings: "Settings", *, force_rebuild: bool, watch: bool) -> None:
    """Start the build."""
    _start(settings.repository, BUILD, {"force_rebuild": "true"} if force_rebuild else {}, watch=watch)


def pages(settings: "Settings") -> None:
    """Start the workflow that makes the page."""
    _start(settings.repository, PAGES, {})


def cleanup(settings: "Settings", *, dry_run: bool, yes: bool = False) -> None:
    """Start the cleanup; ask first if it would delete."""
    if dry_run or agreed("delete old versions of the package on GitHub?", yes=yes):
        _start(settings.repository, CLEANUP, {"dry_run": str(dry_run).lower()})


def show_builds(settings: "Settings", *, json: bool) -> None:
    """Show the last five builds."""
    _show(workflows.runs(settings.repository, BUILD, 5), json=json)


def show_all(settings: "Settings", *, json: bool) -> None:
    """Show the last three runs of each workflow."""
    repository = settings.repository
    with ThreadPoolExecutor() as pool:
        recent = pool.map(lambda name: workflows.runs(repository, name, 3), workflows.states(repository))
        _show([run for each in recent for run in each], json=json)


def _start(repository: str, workflow: str, inputs: dict[str, str], *, watch: bool = False) -> None:
    before = [run.id for run in workflows.runs(repository, workflow, 1)] if watch else []
    typed = " ".join(f"{name}={value}" for name, value in inputs.items())
    if shell.Mode.dry:
        say(f"{workflow} is not started: -R only shows what would be done")
        return
    workflows.dispatch(repository, workflow, inputs)
    say(f"{workflow} of {repository} is started{f' with {typed}' if typed else ''}")
    if watch:
        _watch(repository, workflow, before)
    else:
        say("next: ./inv all-workflows")


def _watch(repository: str, workflow: str, before: list[int]) -> None:
    """Follow the started run until it ends; GitHub takes a moment to list it."""
    end, shown = monotonic() + _APPEARS_SECONDS, ""
    while not (started := [run for run in workflows.runs(repository, workflow, 1) if run.id not in before]):
        if monotonic() > end:
            why = f"GitHub did not list it within {_APPEARS_SECONDS} s"
            raise TaskError(
                f"the run of {workflow} did not start", why, "see githubstatus.com, and ./inv all-workflows"
            )
        sleep(_WATCH_SECONDS)
    run = started[0]
    while not run.is_over:
        if run.status != shown:
            say(f"{run.status}: {run.url}")
            shown = run.status
        sleep(_WATCH_SECONDS)
        run = workflows.run(repository, run.id)
    _show([run], json=False)
    if run.conclusion != "success":
        raise TaskError(
            f"{workflow} ended with {run.conclusion}", "GitHub reports this result for the run", f"see {run.url}"
        )


def _show(runs: "list[Run] | tuple[Run, ...]", *, json: bool) -> None:
    """Show runs, as a table or as JSON."""
    now = datetime.now(UTC)
    columns = ("workflow", "branch", "event", "result", "age", "took", "")
    rows = [
        (run.workflow, run.branch, run.event, run.result, age(now, run.created), _clock(run, now), run.url)
        for run in runs
    ]
    present(columns, rows, {"runs": [run.document(now) for run in runs]}, json=json)
    if not (runs or json):
        answer("nothing has run yet; next: ./inv run-workflow")


def _clock(run: "Run", now: "datetime") -> str:
    seconds = round(run.duration(now).total_seconds())
    return f"{seconds // 60} min {seconds % 60} s"
