"""Workflow: what runs on GitHub, started and watched from here."""

from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import answer, answer_json, say, table

if TYPE_CHECKING:
    from datetime import datetime

    from tasks.model.github.runs import Run

BUILD, PAGES, CLEANUP = "build.yaml", "pages.yaml", "cleanup-images.yaml"
_WATCH_SECONDS = 3
_APPEARS_SECONDS = 60
_JSON = {"json": "print JSON"}


@task(help={"force-rebuild": "build also when nothing changed", "watch": "wait for its end; exit 1 when it fails"})
def run_workflow(c: Context, force_rebuild: bool = False, watch: bool = False) -> None:
    """Start the build on GitHub."""
    _start(c, BUILD, {"force_rebuild": "true"} if force_rebuild else {}, watch=watch)


@task
def run_pages(c: Context) -> None:
    """Have GitHub make the page anew."""
    _start(c, PAGES, {})


@task
def run_cleanup(c: Context) -> None:
    """Have GitHub show what cleanup would delete; nothing is deleted."""
    _start(c, CLEANUP, {"dry_run": "true"})


@task(help={"yes": "do not ask"})
def run_cleanup_force(c: Context, yes: bool = False) -> None:
    """Have GitHub clean up the package now; asks before."""
    from tasks.console import agreed

    if agreed("delete old versions of the package on GitHub?", yes=yes):
        _start(c, CLEANUP, {"dry_run": "false"})


@task(help=_JSON)
def workflow_status(c: Context, json: bool = False) -> None:
    """Show the last five builds on GitHub."""
    from tasks.clients.github import workflows
    from tasks.settings import read_settings

    _show(workflows.runs(read_settings(c.config).repository, BUILD, 5), json=json)


@task(help=_JSON)
def all_workflows(c: Context, json: bool = False) -> None:
    """Show the last three runs of each workflow."""
    from concurrent.futures import ThreadPoolExecutor

    from tasks.clients.github import workflows
    from tasks.settings import read_settings

    repository = read_settings(c.config).repository
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda name: workflows.runs(repository, name, 3), workflows.states(repository))
        _show([run for each in found for run in each], json=json)


def _start(c: Context, workflow: str, inputs: dict[str, str], *, watch: bool = False) -> None:
    from tasks.clients import shell
    from tasks.clients.github import workflows
    from tasks.settings import read_settings

    repository = read_settings(c.config).repository
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
    from time import monotonic, sleep

    from tasks.clients.github import workflows
    from tasks.model.errors import TaskError

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
    from datetime import UTC, datetime

    from tasks.model.words import age

    now = datetime.now(UTC)
    if json:
        answer_json([
            {
                "workflow": run.workflow, "branch": run.branch, "event": run.event, "result": run.result,
                "created": run.created.isoformat(), "seconds": round(run.duration(now).total_seconds()), "url": run.url,
            }
            for run in runs
        ])  # fmt: skip
        return
    columns = ("workflow", "branch", "event", "result", "age", "took", "")
    table(columns, [
        (run.workflow, run.branch, run.event, run.result, age(now, run.created), _clock(run, now), run.url)
        for run in runs
    ])  # fmt: skip
    if not runs:
        answer("nothing has run yet; next: ./inv run-workflow")


def _clock(run: "Run", now: "datetime") -> str:
    seconds = round(run.duration(now).total_seconds())
    return f"{seconds // 60} min {seconds % 60} s"
