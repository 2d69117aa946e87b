"""The lab and what runs in it; this is the only module that imports lab/."""

import shutil
from collections.abc import Sequence
from time import monotonic

from invoke import Exit

from lab import session
from lab.make import cache
from lab.open import open_lab
from lab.world import load
from tasks.clients import workspace
from tasks.clients.workspace import ROOT
from tasks.console import answer, say, table
from tasks.flows.show import markdown_table
from tasks.model.errors import TaskError

_STATES = ROOT / ".lab"
_DOCUMENT = ROOT / "docs/performance.md"
_MARK = "<!-- bench -->\n"


def shell(world: str, command: str) -> None:
    """Open a shell in a world's lab, or run one command there; exit with its status."""
    raise Exit(code=open_lab(load(world), command or None, _STATES / world))


def clean(*, with_cache: bool) -> None:
    """Remove the labs' state; with `with_cache`, also what all clones share."""
    session.remove_all(_STATES)
    say(f"{_STATES} is removed")
    if with_cache:
        shutil.rmtree(cache.folder().parent, ignore_errors=True)
        say(f"{cache.folder().parent} is removed; ./inv makes it again when it is needed")


def rehearse(world: str) -> None:
    """Run and time the main job's steps in a world's lab; stop at the first step that fails."""
    from lab import rehearsal

    begun = monotonic()
    outcomes = {outcome.name: outcome for outcome in rehearsal.run(load(world), _STATES / f"rehearsal-{world}")}
    rows = [
        (step.name, f"{outcome.seconds:.1f} s" if outcome else "not run", step.real, step.stand_in)
        for step in rehearsal.STEPS
        for outcome in [outcomes.get(step.name)]
    ]
    table(("step", "time", "real", "stand-in"), rows)
    answer(f"total {monotonic() - begun:.1f} s, including the time to set up the lab")
    failed = [outcome.name for outcome in outcomes.values() if outcome.status]
    if failed or len(outcomes) < len(rehearsal.STEPS):
        why = f"{failed[0] if failed else 'the lab'} failed with the output above"
        raise TaskError(f"the rehearsal of {world} stopped", why, f"open that lab: ./inv lab -w {world}")


def rehearse_workflow(world: str, file: str, event: str, inputs: Sequence[str], *, secrets: bool) -> None:
    """Run a workflow and those that it starts, and show their jobs' results; `inputs` are name=value."""
    from lab import workflows

    typed = dict(text.partition("=")[::2] for text in inputs)
    happens = workflows.Event(file=file, name=event, inputs=typed, secrets=secrets)
    runs = workflows.run(load(world), happens, _STATES / world)
    for run in runs:
        if run.summary:
            answer(f"\n{run.summary.rstrip()}\n")
    rows = [(run.file, run.event, job, result) for run in runs for job, result in run.jobs.items()]
    table(("workflow", "event", "job", "result"), rows)
    failed = [run.file for run in runs if run.conclusion != "success"]
    if failed or not runs:
        why = f"{', '.join(failed) or 'the lab'} failed with the output above"
        raise TaskError(f"the rehearsal of {file} failed", why, f"open that lab: ./inv lab -w {world}")


def boot(image: str, ignition: str, *, verbose: bool) -> None:
    """Boot an image (by digest) with an Ignition file, by default both made here, and show the assertions."""
    from lab.real import boot as booting
    from lab.real.stages import GROUPS

    outcomes = booting.boot(_STATES, image, ignition, verbose=verbose)
    if not outcomes:
        raise TaskError("nothing was booted", "the setup failed with the output above", "fix that, then run it again")
    rows = [
        ("FAILED" if check.fault else "ok", outcome.stage, f"{check.name}{f': {check.fault}' if check.fault else ''}")
        for outcome in outcomes
        for check in outcome.checks
    ]
    table(("", "stage", "asserted"), rows)
    failed, stages = sum(row[0] == "FAILED" for row in rows), sum(len(group) for group in GROUPS)
    if failed or len(outcomes) < stages:
        why = f"{failed} of {len(rows)} checks failed, {len(outcomes)} of {stages} stages ran"
        raise TaskError("the boot is not proven", why, f"read the console logs: {_STATES}/boot-*/machines/*.log")
    answer(f"booted: {len(rows)} checks passed; the console logs are {_STATES}/boot-*/machines/*.log")


def bench(only: str) -> None:
    """Measure everything and write the results down, or measure only one thing; stop if a limit is exceeded."""
    from benchmarks import run as benchmark

    results = benchmark.run(_STATES, only)
    rows = [
        (row["name"], _figure(row["measured"], row["unit"]), _figure(row["limit"], row["unit"]), row["note"])
        for row in results
    ]
    columns = ("what", "measured", "limit", "")
    table(columns, rows)
    if results and not only:
        _write(markdown_table(columns, rows))
    over = [row["name"] for row in results if not row["kept"]]
    if over or not results:
        why = "; ".join(over) or "the benchmark failed with the output above"
        raise TaskError(
            f"{len(over)} of {len(results)} limits are exceeded", why, "if the machine was busy, run it again"
        )


def _figure(number: float, unit: str) -> str:
    """A figure with three digits, because a noisy machine shows no more."""
    return f"{float(f'{number:.3g}'):g} {unit}".strip()


def _write(measured: str) -> None:
    """Replace the document's last table with the measured one."""
    before = workspace.read_text(_DOCUMENT).partition(_MARK)[0]
    if workspace.write_whole(_DOCUMENT, f"{before}{_MARK}{measured}\n"):
        say(f"{_DOCUMENT.relative_to(ROOT)} written; next: git diff {_DOCUMENT.relative_to(ROOT)}")
