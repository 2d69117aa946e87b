"""Lab: a small internet on this machine, in which every recipe runs unchanged."""

from invoke import Context, task

_WORLD = {"world": "which world: a file of lab/worlds (default: everyday)"}
_WORKFLOW = {
    "file": "a file of .github/workflows",
    "event": "schedule, workflow_dispatch, push or pull_request",
    "input": "name=value, as typed when a workflow is dispatched; may be given several times",
    "secrets": "the repository has its secrets; --no-secrets is a fork without",
}
_BOOT = {
    "image": "the digest of an image that was built in the lab of the world `real` (default: one is built)",
    "ignition": "an Ignition file (default: one is made from butane.yaml)",
    "verbose": "show the machines' consoles",
}


@task(help=_WORLD)
def lab(c: Context, world: str = "everyday") -> None:
    """Open a shell in the lab, or run one command there: inv lab -w WORLD -- 'inv versions'."""
    from tasks.flows import lab

    lab.shell(world, c.remainder)


@task(help={"cache": "remove also what is kept for every clone: tools, Python packages, root file system, images"})
def lab_clean(c: Context, cache: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Remove the labs' state; with --cache, what is kept between clones too."""
    from tasks.flows import lab

    lab.clean(with_cache=cache)


@task(help=_WORLD)
def rehearse(c: Context, world: str = "everyday") -> None:  # noqa: ARG001  (Invoke's form)
    """Run the whole main job in a fresh lab and a copy of the checkout, from keygen to cleanup; each step timed."""
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
    """Run a workflow by act in the world's lab, as GitHub would for an event, and the workflows that it starts."""
    from tasks.flows import lab

    lab.rehearse_workflow(world, file, event, input or (), secrets=secrets)


@task(help=_BOOT)
def boot(c: Context, image: str = "", ignition: str = "", verbose: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Boot the image with the Ignition file in a virtual machine with a TPM, update it, try what must be refused."""
    from tasks.flows import lab

    lab.boot(image, ignition, verbose=verbose)


@task(help={"only": "build-time: an image from prebuilt modules against one from their source; takes ten minutes"})
def bench(c: Context, only: str = "") -> None:  # noqa: ARG001  (Invoke's form)
    """Measure how fast versions, history, cleanup, Ignition and page are made; exit 1 when a limit is exceeded."""
    from tasks.flows import lab

    lab.bench(only)
