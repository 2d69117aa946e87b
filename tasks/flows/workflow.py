"""Workflow: what runs on GitHub, started and watched from here."""

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
    from tasks.settings import Settings

BUILD, PAGES, CLEANUP = "build.yaml", "pages.yaml", "cleanup-images.yaml"
_WATCH_SECONDS = 3
_APPEARS_SECONDS = 60


def build(settings: "Settings", *, force_rebuild: bool, watch: bool) -> None:
    """Start the build."""
    _start(settings.repository, BUILD, {"force_rebuild": "true"} if force_rebuild else {}, watch=watch)


def pages(settings: "Settings") -> None:
    """Start what makes the page."""
    _start(settings.repository, PAGES, {})


def cleanup(settings: "Settings", *, dry_run: bool, yes: bool = False) -> None:
    """Start the cleanup; asks first where it would delete."""
    if dry_run or agreed("delete old versions of the package on GitHub?", yes=yes):
        _start(settings.repository, CLEANUP, {"dry_run": str(dry_run).lower()})


def show_builds(settings: "Settings", *, json: bool) -> None:
    """Show the last five builds."""
    _show(workflows.runs(settings.repository, BUILD, 5), json=json)


def show_all(settings: "Settings", *, json: bool) -> None:
    """Show the last three runs of each workflow."""
    repository = settings.repository
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda name: workflows.runs(repository, name, 3), workflows.states(repository))
        _show([run for each in found for run in each], json=json)


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
    """Follow the run that was started until it ends; GitHub takes a moment until it is listed."""
    end, told = monotonic() + _APPEARS_SECONDS, ""
    while not (found := [run for run in workflows.runs(repository, workflow, 1) if run.id not in before]):
        if monotonic() > end:
            why = f"none is listed after {_APPEARS_SECONDS} s"
            raise TaskError(
                f"the run of {workflow} does not begin", why, "see githubstatus.com, and ./inv all-workflows"
            )
        sleep(_WATCH_SECONDS)
    run = found[0]
    while not run.is_over:
        if run.status != told:
            say(f"{run.status}: {run.url}")
            told = run.status
        sleep(_WATCH_SECONDS)
        run = workflows.run(repository, run.id)
    _show([run], json=False)
    if run.conclusion != "success":
        raise TaskError(f"{workflow} ended with {run.conclusion}", "GitHub says so of the run", f"see {run.url}")


def _show(runs: "list[Run] | tuple[Run, ...]", *, json: bool) -> None:
    """Runs as a table or JSON."""
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
