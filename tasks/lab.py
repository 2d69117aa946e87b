"""Lab: run every recipe unchanged in a small internet on this machine."""

from invoke import Context, task

_WORLD = {"world": "name of a file in lab/worlds (default: everyday)"}
_WORKFLOW = {
    "file": "name of a file in .github/workflows",
    "event": "schedule, workflow_dispatch, push or pull_request",
    "input": "name=value, as for a dispatched workflow; repeat for several inputs",
    "secrets": "run with the repository's secrets; --no-secrets runs as a fork without them",
}
_BOOT = {
    "image": "digest of an image built in the lab of the world `real` (default: build one)",
    "ignition": "an Ignition file (default: made from butane.yaml)",
    "verbose": "show the machines' consoles",
}


@task(help=_WORLD)
def lab(c: Context, world: str = "everyday") -> None:
    """Open a shell in the lab, or run one command there: inv lab -w WORLD -- 'inv versions'."""
    from tasks.flows import lab

    lab.shell(world, c.remainder)


@task(help={"cache": "also remove what all clones share: tools, Python packages, root file systems, images"})
def lab_clean(c: Context, cache: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Remove this clone's labs; with --cache, also what all clones share."""
    from tasks.flows import lab

    lab.clean(with_cache=cache)


@task(help=_WORLD)
def rehearse(c: Context, world: str = "everyday") -> None:  # noqa: ARG001  (Invoke's form)
    """Run the whole job in a fresh lab, from keygen to cleanup, on a copy of the checkout; each step is timed."""
    from tasks.flows import lab

    lab.rehearse(world)


@task(help=_WORLD | _WORKFLOW, iterable=["input"])
def rehearse_workflow(
    c: Context,  # noqa: ARG001  (Invoke's form)
    file: str,
    event: str = "schedule",
    input: list[str] | None = None,  # noqa: A002  (GitHub's word)
    world: str = "everyday",
    secrets: bool = True,
) -> None:
    """Run a workflow, and the workflows that it starts, in the lab with act, as GitHub would for an event."""
    from tasks.flows import lab

    lab.rehearse_workflow(world, file, event, input or (), secrets=secrets)


@task(help=_BOOT)
def boot(c: Context, image: str = "", ignition: str = "", verbose: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Boot image and Ignition file in a virtual machine with a TPM, update it, and check that it refuses bad images."""
    from tasks.flows import lab

    lab.boot(image, ignition, verbose=verbose)


@task(help={"only": "build-time: compare an image from prebuilt modules with one from source; takes ten minutes"})
def bench(c: Context, only: str = "") -> None:  # noqa: ARG001  (Invoke's form)
    """Measure versions, history, cleanup, Ignition and page, and write docs/performance.md; exit 1 over a limit."""
    from tasks.flows import lab

    lab.bench(only)
