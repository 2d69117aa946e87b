"""Versions: what exists, and what fits together."""

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import answer, answer_json, say

if TYPE_CHECKING:
    from tasks.model.image import Release
    from tasks.model.solver.solve import Decision
    from tasks.settings import Settings

_STREAM = {"stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)"}
_ZFS_STREAM = {"zfs-stream": "OpenZFS line, such as 2.3 (default: those of zfs_streams in invoke.yaml, in their order)"}


@task(help=_ZFS_STREAM)
def zfs_version(c: Context, zfs_stream: str = "") -> None:
    """Print the newest OpenZFS release of the line, as its tag."""
    from tasks.clients.github import api
    from tasks.model.versions import newest_zfs
    from tasks.settings import read_settings

    line = zfs_stream or read_settings(c.config).zfs_streams[0]
    answer(f"zfs-{newest_zfs(api.openzfs_releases(), line)}")


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
    from tasks.flows import gather
    from tasks.model.solver.judge import require_kmods
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    wanted, asked = gather.policy(settings, zfs_stream), stream or settings.stream
    repository, tag = require_kmods(gather.newest(settings, wanted, [asked])[asked])
    answer(f"{repository}:{tag}")


@task(
    help=_STREAM
    | _ZFS_STREAM
    | {
        "json": "print JSON, in the form of schemas/versions.json",
        "lock": "write the Lock for `build --lock` to this file",
        "rebuild": "decide as `build --rebuild` does",
        "allow-downgrade": "also go back from what is published, to an older release or OpenZFS",
    }
)
def versions(
    c: Context,
    stream: str = "",
    zfs_stream: str = "",
    json: bool = False,
    lock: str = "",
    rebuild: bool = False,
    allow_downgrade: bool = False,
) -> None:
    """Show what would be built now, and why; exit 1 when nothing can be."""
    from tasks.clients.github import actions
    from tasks.flows import gather, show
    from tasks.model.solver.solve import solve
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    wanted = gather.policy(settings, zfs_stream, rebuild=rebuild, allow_downgrade=allow_downgrade)
    decision = solve(gather.candidates(settings, wanted, stream))
    if json:
        answer_json(show.decision_document(decision))
    else:
        show.decision(decision)
    actions.output("verdict", decision.verdict)
    actions.output("published", decision.published.image.digest if decision.published else "")
    actions.output("kmods_due", str(decision.kmods_due or ""))
    actions.summary(show.decision_markdown(decision))
    decision.require_answer()
    if lock:
        _write_lock(settings, decision, lock)


def _write_lock(settings: "Settings", decision: "Decision", file: str) -> None:
    """The Lock of what would be built; on HOLD there is none, and a file that is there stays."""
    from tasks.clients import workspace
    from tasks.clients.github import actions
    from tasks.flows import lock as plan
    from tasks.model.solver.solve import Verdict

    if decision.verdict is Verdict.HOLD:
        build_again = "nothing is to be built; --rebuild locks what is published"
        say(f"{file} is not written: {build_again if decision.published else 'the modules that are due come first'}")
        return
    made = plan.lock(settings, decision)
    plan.require_allowed(made, decision.support, force=False)
    say(plan.provenance(settings, made))
    actions.output("lock", made.to_json())
    if workspace.write_whole(Path(file), made.to_json()):
        say(f"{file} written; next: ./inv build --lock {file}")


@task(help=_STREAM | _ZFS_STREAM | {"json": "print JSON, in the form of schemas/forecast.json"})
def forecast(c: Context, stream: str = "", zfs_stream: str = "", json: bool = False) -> None:
    """Show what the streams ahead will bring to this one, about when, and whether OpenZFS is ready for it."""
    from tasks.flows import gather, show
    from tasks.model.solver.forecast import ahead_of, forecast
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    here = stream or settings.stream
    found = gather.newest(settings, gather.policy(settings, zfs_stream), (here, *ahead_of(here)))
    (show.forecast_json if json else show.forecast)(forecast(found, here))


@task
def lock(c: Context, image: str) -> None:  # noqa: ARG001  (Invoke's form)
    """Print the Lock of an image, as its labels hold it: ./inv lock ghcr.io/OWNER/NAME:stable."""
    from tasks.clients import podman, skopeo
    from tasks.model.errors import TaskError
    from tasks.model.lock import Lock

    if "." in image.partition("/")[0]:
        name, _, reference = image.partition("@") if "@" in image else image.partition(":")
        found = skopeo.find(name, reference or "latest")
        labels, why = found.labels if found else None, "its registry has none"
    else:
        labels, why = podman.labels(image), "podman does not have it"
    if labels is None:
        raise TaskError(f"there is no image {image}", why, "name it with registry and tag")
    answer(Lock.from_labels(labels, image).to_json().rstrip())


def _release(c: Context, stream: str) -> "Release":
    from tasks.flows import releases
    from tasks.settings import read_settings

    return releases.newest(read_settings(c.config), stream)
