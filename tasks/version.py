"""Versions: show what exists, and what fits together."""

from invoke import Context, task

from tasks.console import answer
from tasks.model.request import Request
from tasks.settings.values import read_settings

_STREAM = {"stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)"}
_ZFS_STREAM = {"zfs-stream": "OpenZFS line, such as 2.3 (default: those of zfs_streams in invoke.yaml, in their order)"}
_VERSIONS = {
    "json": "print JSON, in the form of schemas/versions.json",
    "lock": "write the Lock for `build --lock` to this file",
    "rebuild": "decide as `build --rebuild` does",
    "allow-downgrade": "also go below the published release or OpenZFS version",
}


@task(help=_ZFS_STREAM)
def zfs_version(c: Context, zfs_stream: str = "") -> None:
    """Print the tag of the newest OpenZFS release of a line."""
    from tasks.flows import versions

    answer(f"zfs-{versions.newest_zfs(read_settings(c.config), zfs_stream)}")


@task(help=_STREAM)
def kernel_version(c: Context, stream: str = "") -> None:
    """Print the kernel of the newest Fedora CoreOS release."""
    from tasks.flows import releases

    answer(releases.newest(read_settings(c.config), stream).kernel)


@task(help=_STREAM)
def kernel_major_minor(c: Context, stream: str = "") -> None:
    """Print that kernel's major.minor."""
    from tasks.flows import releases

    answer(releases.newest(read_settings(c.config), stream).kernel.series)


@task(help=_STREAM)
def fedora_version(c: Context, stream: str = "") -> None:
    """Print the Fedora release of the newest Fedora CoreOS."""
    from tasks.flows import releases

    answer(releases.newest(read_settings(c.config), stream).fedora)


@task(help=_STREAM | _ZFS_STREAM)
def check_zfs_available(c: Context, stream: str = "", zfs_stream: str = "") -> None:
    """Check that kmods exist for the newest OpenZFS and kernel; exit 1 with the reason if not."""
    from tasks.flows import versions

    answer(versions.available(read_settings(c.config), Request(stream=stream, zfs_stream=zfs_stream)))


@task(help=_STREAM | _ZFS_STREAM | _VERSIONS)
def versions(
    c: Context,
    stream: str = "",
    zfs_stream: str = "",
    json: bool = False,
    lock: str = "",
    rebuild: bool = False,
    allow_downgrade: bool = False,
) -> None:
    """Show what would be built now, and why; exit 1 if nothing can be built."""
    from tasks.flows import versions

    request = Request(stream=stream, zfs_stream=zfs_stream, rebuild=rebuild, allow_downgrade=allow_downgrade)
    versions.versions(read_settings(c.config), request, lock, json=json)


@task(help=_STREAM | _ZFS_STREAM | {"json": "print JSON, in the form of schemas/forecast.json"})
def forecast(c: Context, stream: str = "", zfs_stream: str = "", json: bool = False) -> None:
    """Show which kernels the streams ahead will bring, about when, and whether OpenZFS supports them."""
    from tasks.flows import forecast as flow

    flow.forecast(read_settings(c.config), Request(stream=stream, zfs_stream=zfs_stream), json=json)


@task
def lock(c: Context, image: str) -> None:  # noqa: ARG001  (Invoke's form)
    """Print the Lock of an image from its labels, such as ghcr.io/OWNER/NAME:stable."""
    from tasks.flows.lock import of_image

    answer(of_image(image).to_json().rstrip())
