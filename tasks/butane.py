"""Butane and Ignition: the file that installs a machine."""

from invoke import Context, Exit, task

from tasks.console import answer, say

_IGNITION = "ignition.json"
_HELP = {"no-switch": "leave out the unit that switches the machine to the published image on its first boot"}


@task
def butane(c: Context) -> None:  # noqa: ARG001  (Invoke's form)
    """Turn Butane on stdin into Ignition on stdout, as butane itself does."""
    from tasks.clients import butane as client

    raise Exit(code=client.pass_through())


@task(help=_HELP)
def ignition(c: Context, no_switch: bool = False) -> None:
    """Make ignition.json from butane.yaml and what belongs to every machine; print its hash for coreos-installer."""
    from tasks.clients import workspace
    from tasks.flows import ignition as installing
    from tasks.settings import read_settings

    made = installing.make(read_settings(c.config), switch=not no_switch)
    if workspace.write_whole(workspace.ROOT / _IGNITION, made.document):
        say(f"{_IGNITION} written ({len(made.document)} bytes); install with --ignition-hash and:")
    answer(made.hash)


@task(help=_HELP)
def generate_ignition(c: Context, no_switch: bool = False) -> None:
    """The same as ignition."""
    ignition(c, no_switch=no_switch)
