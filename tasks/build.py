"""Build: the image, and the contract that it must keep."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.story import answer, answer_json, say, table, warn

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.settings import Settings

_BUILD_HELP = {
    "lock": "build from this Lock file instead of what is newest",
    "rebuild": "build although nothing changed since the last build",
    "force": "build also against the compatibility matrix",
}


@task(help=_BUILD_HELP)
def build(c: Context, lock: str = "", rebuild: bool = False, force: bool = False) -> None:
    """Build the image as NAME:stable on this machine, from one Lock."""
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    plan = _plan(settings, lock, force=force)
    image = f"{settings.local_name}:stable"
    if not (rebuild or force) and _is_up_to_date(image, plan):
        say(f"{image} is up to date: nothing it is built from changed; --rebuild builds it anyway")
    elif _assemble(settings, plan, image):
        say(f"built; next: ./inv verify {image}")
    answer(image)


@task
def build_force(c: Context) -> None:
    """Build also against the compatibility matrix: the same as build --force."""
    build(c, force=True)


@task(help={key: text for key, text in _BUILD_HELP.items() if key != "rebuild"})
def test_build(c: Context, lock: str = "", force: bool = False) -> None:
    """Build and verify NAME:test, then remove it; nothing stays, also when it fails."""
    from tasks.clients import podman
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    plan = _plan(settings, lock, force=force)
    image = f"{settings.local_name}:test"
    before = podman.image_ids()
    try:
        if _assemble(settings, plan, image):
            _verify(image, plan)
    finally:
        podman.remove(podman.image_ids() - before)


@task(help={"lock": "check against this Lock file too", "json": "print JSON"})
def verify(c: Context, image: str, lock: str = "", json: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Check an image against the contract; every fault is reported, exit 1 on any."""
    _verify(image, _read_lock(lock) if lock else None, json=json)


def _plan(settings: "Settings", lock: str, *, force: bool) -> "Lock":
    """The Lock to build from: the file's, or one made now from what is newest."""
    if lock:
        plan = _read_lock(lock)
        _check_against_matrix(plan, force=force)
        return plan
    from tasks import gather
    from tasks.model.solve import solve

    decision = solve(gather.candidates(settings))
    decision.require_buildable(force=force)
    plan = gather.lock(settings, decision)
    _check_against_matrix(plan, force=force)
    return plan


def _check_against_matrix(plan: "Lock", *, force: bool) -> None:
    """Stop at a pair that the matrix does not support, or say loudly that it is built all the same."""
    from tasks import gather
    from tasks.model.compat import Support

    pair = gather.read_matrix().judge(plan.zfs_version, plan.kernel.series)
    if not force:
        pair.require_supported(plan.zfs_version, plan.kernel)
    elif pair.support is not Support.SUPPORTED:
        warn(f"{pair.reason}. The modules may not load, or may harm a pool: do not put this image on disks you need.")


def _read_lock(path: str) -> "Lock":
    from tasks.clients import workspace
    from tasks.model.lock import Lock

    return Lock.from_json(workspace.read_text(Path(path)), path)


def _is_up_to_date(image: str, plan: "Lock") -> bool:
    from tasks.clients import podman
    from tasks.model.lock import PREFIX

    found = podman.labels(image)
    return found is not None and found.get(f"{PREFIX}.inputs") == plan.inputs


def _assemble(settings: "Settings", plan: "Lock", image: str) -> bool:
    from tasks.clients import podman, workspace

    say(f"building {image}: Fedora CoreOS {plan.fcos_version}, kernel {plan.kernel}, OpenZFS {plan.zfs_version}")
    arguments = {
        "BASE": str(plan.base),
        "KMODS": str(plan.kmods),
        "KERNEL_VERSION": str(plan.kernel),
        "ZFS_VERSION": str(plan.zfs_version),
        "PACKAGES": " ".join(plan.packages),
    }
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return podman.build(workspace.ROOT, image, arguments, plan.labels(settings.local_name, settings.source, created))


def _verify(image: str, plan: "Lock | None", *, json: bool = False) -> None:
    from tasks.clients import podman
    from tasks.model.contract import ImageFacts, inspect

    labels = podman.require(image)
    report = inspect(ImageFacts.parse(podman.probe(image), labels), plan)
    if json:
        answer_json([{"name": check.name, "promise": check.promise, "fault": check.fault} for check in report.checks])
    else:
        rows = [
            ("FAILED" if check.fault else "ok", check.name, check.fault or check.promise) for check in report.checks
        ]
        table(("", "check", ""), rows)
    report.require_kept(image)
