"""Butane and Ignition: the file that installs a machine."""

from invoke import Context, Exit, task

from tasks.story import answer, say

_IGNITION = "ignition.json"


@task
def butane(c: Context) -> None:  # noqa: ARG001  (Invoke's form)
    """Turn Butane on stdin into Ignition on stdout, as butane itself does."""
    from tasks.clients import butane as client

    raise Exit(code=client.pass_through())


@task
def ignition(c: Context) -> None:  # noqa: ARG001  (Invoke's form)
    """Make ignition.json from butane.yaml, strictly, and print its hash for coreos-installer."""
    from hashlib import sha512

    from tasks.clients import butane as client
    from tasks.clients import workspace

    document = client.translate(workspace.ROOT / "butane.yaml")
    client.validate(document)
    if workspace.write_whole(workspace.ROOT / _IGNITION, document):
        say(f"{_IGNITION} written ({len(document)} bytes); install with --ignition-hash and:")
    answer(f"sha512-{sha512(document.encode()).hexdigest()}")


@task
def generate_ignition(c: Context) -> None:
    """The same as ignition."""
    ignition(c)
