"""The compatibility matrix: check pairs against it, update it from OpenZFS's META files, and edit its blocks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks.clients import registry, workspace
from tasks.clients.github import api
from tasks.clients.matrix import read_matrix
from tasks.console import answer, say
from tasks.flows import gather, releases
from tasks.flows.gather import side_by_side
from tasks.model.errors import TaskError
from tasks.model.solver.blocks import Block
from tasks.model.solver.matrix import Row, changed, missing, with_block, with_rows, without_block
from tasks.model.solver.ranges import FILE, KernelRange, PairSupport
from tasks.model.versions import Kernel, kernel_series, newest_zfs, parse_zfs

if TYPE_CHECKING:
    from packaging.version import Version

    from tasks.settings.values import Settings


def check(settings: "Settings", zfs: str, kernel: str, stream: str) -> None:
    """Check one pair, by default the newest, against the matrix."""
    matrix = read_matrix()
    version = parse_zfs(zfs) if zfs else newest_zfs(api.openzfs_releases(), settings.zfs_streams[0])
    series = kernel_series(kernel) if kernel else releases.newest(settings, stream).kernel.series
    if "-" in kernel:
        matrix.require_unblocked(version, Kernel.parse(kernel))
    pair = matrix.judge(version, series)
    pair.require_supported(version, series)
    answer(f"{pair.support}: {pair.reason}")


def support(zfs: "Version", kernel: Kernel) -> PairSupport:
    """Look up one pair in the matrix; if the matrix lacks the release, read its META."""
    matrix = read_matrix()
    if zfs not in matrix.ranges:
        try:
            matrix = matrix.with_live({zfs: api.openzfs_meta(zfs, matrix.ranges.values())})
        except TaskError as error:
            say(f"{error.what}: {error.why}")
    return matrix.judge(zfs, kernel.series)


def sync(*, every: bool, check: bool) -> None:
    """Write the rows that the matrix lacks (or all); with `check`, stop if there are any."""
    path = workspace.ROOT / FILE
    known = read_matrix().ranges
    latest, faults = rows(known, every=every)
    behind = changed(latest, known)
    for row in behind:
        answer(f"OpenZFS {row.zfs}: kernels {row.kernels}, released {row.released}")
    if behind and check:
        raise TaskError(f"{FILE} is behind by {len(behind)}", "OpenZFS's META has the rows above", "./inv sync-matrix")
    if behind and workspace.write_whole(path, with_rows(workspace.read_text(path), behind)):
        say(f"{FILE} written; next: git diff {FILE}")
    if faults:
        raise combined(faults)
    if not behind:
        answer("up to date")


def rows(known: Mapping["Version", KernelRange], *, every: bool) -> tuple[list[Row], list[TaskError]]:
    """Read from META the rows that the matrix lacks (or all); also return the errors of what could not be read."""
    listed = api.openzfs_releases()
    with side_by_side() as pool:
        metas = {zfs: pool.submit(api.openzfs_meta, zfs, known.values()) for zfs in missing(listed, known, every=every)}
        latest, faults = [], []
        for zfs, meta in metas.items():
            try:
                latest.append(Row.of(zfs, listed[zfs], meta.result()))
            except TaskError as error:
                faults.append(error)
    return latest, faults


def combined(faults: list[TaskError]) -> TaskError:
    """Make one error of those of several releases."""
    if len(faults) == 1:
        return faults[0]
    why = "; ".join(f"{error.what}: {error.why}" for error in faults)
    return TaskError(f"{len(faults)} releases could not be read", why, "; ".join(dict.fromkeys(e.next for e in faults)))


def block(settings: "Settings", named: Mapping[str, str], reason: str, *, unblock: bool) -> None:
    """Add a block to the matrix, or remove it; `named` are its fields, empty if not given."""
    because = reason or ("to be unblocked" if unblock else "")
    edited = Block(**named, reason=because, since=datetime.now(UTC).date())
    read_matrix()  # stops if the file is wrong, before anything overwrites it
    path = workspace.ROOT / FILE
    edit = without_block if unblock else with_block
    if workspace.write_whole(path, edit(workspace.read_text(path), edited)):
        answer(f"{edited.subject} is no longer blocked" if unblock else str(edited))
        say(f"{FILE} written; next: ./inv versions")
        if not unblock:
            _say_if_idle(settings, edited)


def _say_if_idle(settings: "Settings", block: Block) -> None:
    """Say that a new block matches nothing that is known today, because it may be misspelt."""
    try:
        idle = _matches_nothing(settings, block)
    except TaskError as error:
        say(f"nobody knows whether this block matches anything: {error.what}: {error.why}")
        return
    if idle:
        say(f"note: {idle}; correct it if it is misspelt")


def _matches_nothing(settings: "Settings", block: Block) -> str:
    """Return what a block does not match; empty if it matches something."""
    if block.digest:
        found = registry.manifest(settings.image, block.digest)
        return "" if found else f"{settings.image} has no image {block.digest}"
    known = gather.gather(settings, gather.policy(settings))
    if block.inputs:
        same = known.published is not None and known.published.lock.inputs == block.inputs
        return "" if same else f"the published image has other inputs than {block.inputs}"
    idle = replace(known, matrix=replace(known.matrix, blocks=(block,))).idle_blocks
    return f"{block.subject} matches no kmods and no release of today" if idle else ""
