"""Versions: what exists, and what fits together."""

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.story import answer, answer_json, say, table

if TYPE_CHECKING:
    from tasks.model.image import Release
    from tasks.model.solve import Decision

_STREAM = {"stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)"}
_ZFS_STREAM = {"zfs-stream": "OpenZFS line, such as 2.3 (default: the first of zfs_streams in invoke.yaml)"}


@task(help=_ZFS_STREAM)
def zfs_version(c: Context, zfs_stream: str = "") -> None:
    """Print the newest OpenZFS release of the line, as its tag."""
    from tasks.clients import github
    from tasks.model.versions import newest_zfs
    from tasks.settings import read_settings

    line = zfs_stream or read_settings(c.config).zfs_streams[0]
    answer(f"zfs-{newest_zfs(github.openzfs_releases(), line)}")


@task(help=_STREAM)
def kernel_version(c: Context, stream: str = "") -> None:
    """Print the kernel of the newest Fedora CoreOS release."""
    answer(_release(c, stream).kernel)


@task(help=_STREAM)
def kernel_major_minor(c: Context, stream: str = "") -> None:
    """Print that kernel's major.minor."""
    answer(_release(c, stream).kernel.series)


@task(help=_STREAM)
def fedora_version(c: Context, stream: str = "") -> None:
    """Print the Fedora release of the newest Fedora CoreOS."""
    answer(_release(c, stream).fedora)


@task(help=_STREAM | _ZFS_STREAM)
def check_zfs_available(c: Context, stream: str = "", zfs_stream: str = "") -> None:
    """Check that kmods exist for the newest OpenZFS and kernel; exit 1 with the reason when not."""
    from tasks import gather
    from tasks.model.solve import require_kmods
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    tag = require_kmods(gather.candidates(settings, stream=stream, zfs_stream=zfs_stream), settings.kmods)
    answer(f"{settings.kmods}:{tag}")


@task(
    help={"zfs": "OpenZFS version (default: the newest)", "kernel": "kernel or its major.minor (default: the newest's)"}
)
def check_compatibility(c: Context, zfs: str = "", kernel: str = "") -> None:
    """Check an OpenZFS version and a kernel against the matrix alone; exit 1 when they do not fit."""
    from tasks import gather
    from tasks.clients import github
    from tasks.model.versions import kernel_series, newest_zfs, parse_zfs
    from tasks.settings import read_settings

    matrix = gather.read_matrix()
    settings = read_settings(c.config)
    version = parse_zfs(zfs) if zfs else newest_zfs(github.openzfs_releases(), settings.zfs_streams[0])
    series = kernel_series(kernel) if kernel else _release(c, "").kernel.series
    pair = matrix.judge(version, series)
    pair.require_supported(version, series)
    answer(f"{pair.support}: {pair.reason}")


@task(help=_STREAM | _ZFS_STREAM | {"json": "print JSON", "lock": "write the Lock for `build --lock` to this file"})
def versions(c: Context, stream: str = "", zfs_stream: str = "", json: bool = False, lock: str = "") -> None:
    """Show what would be built now, and why; exit 1 when the newest release cannot be built."""
    from tasks import gather
    from tasks.clients import workspace
    from tasks.model.solve import solve
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    decision = solve(gather.candidates(settings, stream=stream, zfs_stream=zfs_stream))
    (_show_json if json else _show)(decision)
    decision.require_buildable(force=False)
    if lock and workspace.write_whole(Path(lock), gather.lock(settings, decision).to_json()):
        say(f"{lock} written; next: ./inv build --lock {lock}")


def _release(c: Context, stream: str) -> "Release":
    from tasks import gather
    from tasks.settings import read_settings

    return gather.release(read_settings(c.config), stream)


def _facts(decision: "Decision") -> dict[str, str]:
    return {
        "fcos_version": str(decision.release.version),
        "base": str(decision.release.base),
        "kernel": str(decision.release.kernel),
        "kernel_major_minor": str(decision.release.kernel.series),
        "fedora": str(decision.release.fedora),
        "zfs": f"zfs-{decision.zfs}",
        "matrix": decision.support.support,
        "kmods": "yes" if decision.has_kmods else "no",
        "verdict": decision.verdict,
    }


def _show(decision: "Decision") -> None:
    table(("", ""), list(_facts(decision).items()))
    for reason in decision.reasons:
        answer(reason)


def _show_json(decision: "Decision") -> None:
    answer_json(_facts(decision) | {"reasons": list(decision.reasons)})
