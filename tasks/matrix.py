"""Matrix: which OpenZFS releases support which kernels, and what is blocked."""

from invoke import Context, task

from tasks.settings.values import read_settings

_CHECK = {
    "zfs": "OpenZFS version (default: the newest)",
    "kernel": "kernel or its major.minor (default: that of the newest release)",
    "stream": "Fedora CoreOS stream whose newest kernel to check (default: invoke.yaml's)",
}
_BLOCK = {
    "fcos": "a Fedora CoreOS version",
    "kernel": "a kernel, or its major.minor",
    "zfs": "an OpenZFS version",
    "digest": "one of your images, by its digest; not combined with other options",
    "inputs": "a build, by the fingerprint of its inputs in the Lock; not combined with other options",
    "reason": "why; shown when the block stops something",
    "unblock": "remove the block",
}


@task(help=_CHECK)
def check_compatibility(c: Context, zfs: str = "", kernel: str = "", stream: str = "") -> None:
    """Check an OpenZFS version and a kernel against the matrix; exit 1 if they do not fit."""
    from tasks.flows import matrix

    matrix.check(read_settings(c.config), zfs, kernel, stream)


@task(help={"all": "read every release from 2.2 on again", "check": "write nothing; exit 1 if the matrix is behind"})
def sync_matrix(c: Context, all: bool = False, check: bool = False) -> None:  # noqa: A002, ARG001  (Invoke's form)
    """Add the OpenZFS releases that the matrix lacks, from their META files."""
    from tasks.flows import matrix

    matrix.sync(every=all, check=check)


@task(help=_BLOCK)
def block(
    c: Context,
    fcos: str = "",
    kernel: str = "",
    zfs: str = "",
    digest: str = "",
    inputs: str = "",
    reason: str = "",
    unblock: bool = False,
) -> None:
    """Keep a bad version, pair or image from being built or published; options given together must match together."""
    from tasks.flows import matrix
    from tasks.settings.values import read_settings

    named = {"fcos": fcos, "kernel": kernel, "zfs": zfs, "digest": digest, "inputs": inputs}
    matrix.block(read_settings(c.config), named, reason, unblock=unblock)
