"""Matrix: which OpenZFS supports which kernels, and what is blocked."""

from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import answer, say

if TYPE_CHECKING:
    from tasks.model.matrix.blocks import Block


@task(
    help={
        "zfs": "OpenZFS version (default: the newest)",
        "kernel": "kernel or its major.minor (default: the newest's)",
        "stream": "Fedora CoreOS stream whose newest kernel is meant (default: invoke.yaml's)",
    }
)
def check_compatibility(c: Context, zfs: str = "", kernel: str = "", stream: str = "") -> None:
    """Check an OpenZFS version and a kernel against the matrix alone; exit 1 when they do not fit."""
    from tasks.clients.github import api
    from tasks.clients.matrix import read_matrix
    from tasks.flows import releases
    from tasks.model.versions import Kernel, kernel_series, newest_zfs, parse_zfs
    from tasks.settings import read_settings

    matrix = read_matrix()
    settings = read_settings(c.config)
    version = parse_zfs(zfs) if zfs else newest_zfs(api.openzfs_releases(), settings.zfs_streams[0])
    of = kernel_series(kernel) if kernel else releases.newest(settings, stream).kernel.series
    if "-" in kernel:
        matrix.require_unblocked(version, Kernel.parse(kernel))
    pair = matrix.judge(version, of)
    pair.require_supported(version, of)
    answer(f"{pair.support}: {pair.reason}")


@task(help={"all": "read every release of 2.2 and later again", "check": "write nothing; exit 1 when it would"})
def sync_matrix(c: Context, all: bool = False, check: bool = False) -> None:  # noqa: A002, ARG001  (Invoke's form)
    """Write into the matrix what META says of the OpenZFS releases that it lacks."""
    from tasks.clients import workspace
    from tasks.clients.matrix import read_matrix
    from tasks.flows import gather
    from tasks.model.errors import TaskError
    from tasks.model.matrix.file import changed, with_rows
    from tasks.model.matrix.ranges import FILE

    path = workspace.ROOT / FILE
    known = read_matrix().ranges
    found, faults = gather.rows(known, every=all)
    rows = changed(found, known)
    for row in rows:
        answer(f"OpenZFS {row.zfs}: kernels {row.kernels}, released {row.released}")
    if rows and check:
        raise TaskError(f"{FILE} is behind by {len(rows)}", "OpenZFS's META says the above", "./inv sync-matrix")
    if rows and workspace.write_whole(path, with_rows(workspace.read_text(path), rows)):
        say(f"{FILE} written; next: git diff {FILE}")
    if faults:
        raise TaskError(f"{len(faults)} releases could not be read", "; ".join(faults), "try again in a few minutes")
    if not rows:
        answer("up to date")


@task(
    help={
        "fcos": "a Fedora CoreOS version",
        "kernel": "a kernel, or its major.minor",
        "zfs": "an OpenZFS version",
        "digest": "an image of ours by its digest (alone)",
        "inputs": "a build by the fingerprint of its inputs, from its Lock (alone)",
        "reason": "why; shown wherever the block stops something",
        "unblock": "take the block away",
    }
)
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
    from datetime import UTC, datetime

    from tasks.model.matrix.blocks import Block

    because = reason or ("to be unblocked" if unblock else "")
    today = datetime.now(UTC).date()
    wanted = Block(
        fcos=fcos, kernel=kernel, zfs=zfs.removeprefix("zfs-"), digest=digest, inputs=inputs, reason=because,
        since=today,
    )  # fmt: skip
    _edit(wanted, unblock=unblock)


def _edit(wanted: "Block", *, unblock: bool) -> None:
    from tasks.clients import workspace
    from tasks.clients.matrix import read_matrix
    from tasks.model.matrix.file import with_block, without_block
    from tasks.model.matrix.ranges import FILE

    read_matrix()  # one that is wrong is not written over
    path = workspace.ROOT / FILE
    edit = without_block if unblock else with_block
    if workspace.write_whole(path, edit(workspace.read_text(path), wanted)):
        answer(f"{wanted.subject} is no longer blocked" if unblock else str(wanted))
        say(f"{FILE} written; next: ./inv versions")
