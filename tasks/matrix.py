"""Matrix: which OpenZFS supports which kernels, and what is blocked."""

from invoke import Context, task

from tasks.settings import read_settings

_CHECK = {
    "zfs": "OpenZFS version (default: the newest)",
    "kernel": "kernel or its major.minor (default: the newest's)",
    "stream": "Fedora CoreOS stream whose newest kernel is meant (default: invoke.yaml's)",
}
_BLOCK = {
    "fcos": "a Fedora CoreOS version",
    "kernel": "a kernel, or its major.minor",
    "zfs": "an OpenZFS version",
    "digest": "an image of ours by its digest (alone)",
    "inputs": "a build by the fingerprint of its inputs, from its Lock (alone)",
    "reason": "why; shown wherever the block stops something",
    "unblock": "take the block away",
}


@task(help=_CHECK)
def check_compatibility(c: Context, zfs: str = "", kernel: str = "", stream: str = "") -> None:
    """Check an OpenZFS version and a kernel against the matrix alone; exit 1 when they do not fit."""
    from tasks.flows import matrix

    matrix.check(read_settings(c.config), zfs, kernel, stream)


@task(help={"all": "read every release of 2.2 and later again", "check": "write nothing; exit 1 when it would"})
def sync_matrix(c: Context, all: bool = False, check: bool = False) -> None:  # noqa: A002, ARG001  (Invoke's form)
    """Write into the matrix what META says of the OpenZFS releases that it lacks."""
    from tasks.flows import matrix

    matrix.sync(every=all, check=check)


@task(help=_BLOCK)
def block(
    c: Context,  # noqa: ARG001  (Invoke's form)
    fcos: str = "",
    kernel: str = "",
    zfs: str = "",
    digest: str = "",
    inputs: str = "",
    reason: str = "",
    unblock: bool = False,
) -> None:
    """Keep what is bad from being built or published, though it fits; what is given together must come together."""
    from tasks.flows import matrix

    named = {"fcos": fcos, "kernel": kernel, "zfs": zfs, "digest": digest, "inputs": inputs}
    matrix.block(named, reason, unblock=unblock)
