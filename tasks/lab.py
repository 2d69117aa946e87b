"""Lab: a small internet on this machine, in which every recipe runs unchanged."""

import shutil
from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from tasks.console import answer, say, table

if TYPE_CHECKING:
    from pathlib import Path

_WORLD = {"world": "which world: a file of lab/worlds (default: everyday)"}


@task(help=_WORLD)
def lab(c: Context, world: str = "everyday") -> None:
    """Open a shell in the lab, or run one command there: inv lab -w WORLD -- 'inv versions'."""
    from lab import session
    from lab.world import load

    raise Exit(code=session.run(load(world), c.remainder or None, _states() / world))


@task(help={"cache": "remove also what is kept for every clone: tools, Python packages, root file system, images"})
def lab_clean(c: Context, cache: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Remove the labs' state; with --cache, what is kept between clones too."""
    from lab import cache as kept
    from lab.session import remove_all

    remove_all(_states())
    say(f"{_states()} is removed")
    if cache:
        shutil.rmtree(kept.folder().parent, ignore_errors=True)
        say(f"{kept.folder().parent} is removed; ./inv makes it anew when it is needed")


@task(help=_WORLD)
def rehearse(c: Context, world: str = "everyday") -> None:  # noqa: ARG001  (Invoke's form)
    """Run the whole main job in a fresh lab and a copy of the checkout, from keygen to cleanup; each step timed."""
    from time import monotonic

    from lab import rehearsal
    from lab.world import load
    from tasks.model.errors import TaskError

    begun = monotonic()
    outcomes = {outcome.name: outcome for outcome in rehearsal.run(load(world), _states() / f"rehearsal-{world}")}
    rows = [
        (step.name, f"{found.seconds:.1f} s" if found else "not run", step.real, step.stand_in)
        for step in rehearsal.STEPS
        for found in [outcomes.get(step.name)]
    ]
    table(("step", "time", "real", "stand-in"), rows)
    answer(f"total {monotonic() - begun:.1f} s, what had to be made for the lab included")
    failed = [outcome.name for outcome in outcomes.values() if outcome.status]
    if failed or len(outcomes) < len(rehearsal.STEPS):
        why = f"{failed[0] if failed else 'the lab'} said the above"
        raise TaskError(f"the rehearsal of {world} stopped", why, f"look around in there: ./inv lab -w {world}")


@task(
    help=_WORLD
    | {
        "file": "a file of .github/workflows",
        "event": "schedule, workflow_dispatch, push or pull_request",
        "input": "name=value, as typed when a workflow is dispatched; may be given several times",
        "secrets": "the repository has its secrets; --no-secrets is a fork without",
    },
    iterable=["input"],
)
def rehearse_workflow(
    c: Context,  # noqa: ARG001  (Invoke's form)
    file: str,
    event: str = "schedule",
    input: list[str] | None = None,  # noqa: A002  (GitHub's word)
    world: str = "everyday",
    secrets: bool = True,
) -> None:
    """Run a workflow by act in the world's lab, as GitHub would for an event, and the workflows that it starts."""
    from lab import workflows
    from lab.world import load
    from tasks.model.errors import TaskError

    inputs = dict(text.partition("=")[::2] for text in input or [])
    runs = workflows.run(
        load(world), workflows.Event(file=file, name=event, inputs=inputs, secrets=secrets), _states() / world
    )
    for run in runs:
        if run.summary:
            answer(f"\n{run.summary.rstrip()}\n")
    rows = [(run.file, run.event, job, result) for run in runs for job, result in run.jobs.items()]
    table(("workflow", "event", "job", "result"), rows)
    failed = [run.file for run in runs if run.conclusion != "success"]
    if failed or not runs:
        why = f"{', '.join(failed) or 'the lab'} said the above"
        raise TaskError(f"the rehearsal of {file} failed", why, f"look around in there: ./inv lab -w {world}")


@task(
    help={
        "image": "the digest of an image that was built in the lab of the world `real` (default: one is built)",
        "ignition": "an Ignition file (default: one is made from butane.yaml)",
        "verbose": "show the machines' consoles",
    }
)
def boot(c: Context, image: str = "", ignition: str = "", verbose: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Boot the image with the Ignition file in a virtual machine with a TPM, update it, try what must be refused."""
    from lab.real import boot as booting
    from lab.real.stages import GROUPS
    from tasks.model.errors import TaskError

    outcomes = booting.boot(_states(), image, ignition, verbose=verbose)
    if not outcomes:
        raise TaskError("nothing was booted", "what makes it ready said the above", "mend that, and run it again")
    rows = [
        ("FAILED" if check.fault else "ok", outcome.stage, f"{check.name}{f': {check.fault}' if check.fault else ''}")
        for outcome in outcomes
        for check in outcome.checks
    ]
    table(("", "stage", "asserted"), rows)
    failed, stages = sum(row[0] == "FAILED" for row in rows), sum(len(group) for group in GROUPS)
    if failed or len(outcomes) < stages:
        why = f"{failed} of {len(rows)} checks failed, {len(outcomes)} of {stages} stages were gone through"
        raise TaskError("the boot is not proven", why, f"read the consoles: {_states()}/boot-*/machines/*.log")
    answer(f"booted: {len(rows)} checks hold; the consoles' logs are {_states()}/boot-*/machines/*.log")


@task(help={"only": "build-time: an image from prebuilt modules against one from their source; takes ten minutes"})
def bench(c: Context, only: str = "") -> None:  # noqa: ARG001  (Invoke's form)
    """Measure how fast versions, history, cleanup, Ignition and page are made; exit 1 when a limit is exceeded."""
    from lab import bench as benchmark
    from tasks.model.errors import TaskError

    results = benchmark.run(_states(), only)
    rows = [
        (row["name"], f"{row['measured']:.2f} {row['unit']}", f"{row['limit']:g} {row['unit']}", row["told"])
        for row in results
    ]
    table(("what", "measured", "limit", ""), rows)
    over = [row["name"] for row in results if not row["kept"]]
    if over or not results:
        why = "; ".join(over) or "the benchmark said the above"
        raise TaskError(f"{len(over)} of {len(results)} limits are exceeded", why, "is the machine busy? run it again")


def _states() -> "Path":
    from tasks.clients.workspace import ROOT

    return ROOT / ".lab"
