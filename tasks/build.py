"""Build: the image, and the contract that it must keep."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.story import answer, answer_json, say, table

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.settings import Settings

_LOCK_HELP = {"lock": "build from this Lock file instead of what is newest"}
_FORCE_HELP = {
    "force": "build also against the compatibility matrix",
    "allow-downgrade": "also go back from what is published, to an older release or OpenZFS",
    "stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)",
    "zfs-stream": "OpenZFS line, such as 2.3 (default: those of zfs_streams in invoke.yaml, in their order)",
}


@task(help=_LOCK_HELP | {"rebuild": "build although nothing changed since the last build"} | _FORCE_HELP)
def build(
    c: Context,
    lock: str = "",
    rebuild: bool = False,
    force: bool = False,
    allow_downgrade: bool = False,
    stream: str = "",
    zfs_stream: str = "",
) -> None:
    """Build the image as NAME:stable on this machine, from one Lock."""
    from tasks import plan
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    image = f"{settings.local_name}:stable"
    flags = {"rebuild": rebuild, "force": force, "allow_downgrade": allow_downgrade}
    wanted = _locked(settings, lock, force=force) if lock else _decided(settings, (stream, zfs_stream), flags)
    if wanted is None:
        return
    if not (rebuild or force) and _is_up_to_date(settings, image, wanted):
        say(f"{image} is up to date: nothing it is built from changed; --rebuild builds it anyway")
    else:
        say(plan.provenance(settings, wanted))
        if _assemble(settings, wanted, image):
            say(f"built; next: ./inv verify {image}")
    answer(image)


@task
def build_force(c: Context) -> None:
    """Build also against the compatibility matrix: the same as build --force."""
    build(c, force=True)


@task(help=_LOCK_HELP | _FORCE_HELP)
def test_build(
    c: Context,
    lock: str = "",
    force: bool = False,
    allow_downgrade: bool = False,
    stream: str = "",
    zfs_stream: str = "",
) -> None:
    """Build and verify NAME:test, then remove it; nothing stays, also when it fails."""
    from tasks.clients import podman
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    flags = {"rebuild": True, "force": force, "allow_downgrade": allow_downgrade}
    wanted = _locked(settings, lock, force=force) if lock else _decided(settings, (stream, zfs_stream), flags)
    if wanted is None:
        return
    image = f"{settings.local_name}:test"
    before = podman.image_ids()
    try:
        if _assemble(settings, wanted, image):
            _verify(image, wanted)
    finally:
        podman.remove(podman.image_ids() - before)


@task(help={"lock": "check against this Lock file too", "json": "print JSON"})
def verify(c: Context, image: str, lock: str = "", json: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Check an image against the contract; every fault is reported, exit 1 on any."""
    from tasks import plan

    _verify(image, plan.read(lock) if lock else None, json=json)


def _locked(settings: "Settings", file: str, *, force: bool) -> "Lock":
    """The Lock in a file, held against matrix, checkout and registries."""
    from tasks import gather, plan

    found = plan.read(file)
    plan.require_allowed(found, gather.support(found.zfs_version, found.kernel), force=force)
    plan.require_inputs(settings, found, file)
    plan.require_present(found)
    return found


def _decided(settings: "Settings", streams: tuple[str, str], flags: dict[str, bool]) -> "Lock | None":
    """A Lock made now from what is newest in two streams; None when what is published is just that."""
    from tasks import gather, plan, show
    from tasks.model.solve import Verdict, solve

    stream, zfs_stream = streams
    decision = solve(gather.candidates(settings, gather.policy(settings, zfs_stream, **flags), stream))
    show.story(decision)
    decision.require_buildable()
    if decision.verdict is Verdict.SKIP:
        name = f"{settings.image}:{gather.PUBLIC_TAG}"
        say(f"{name} is up to date; --rebuild builds it anyway")
        return None
    found = plan.lock(settings, decision)
    plan.require_allowed(found, decision.support, force=flags["force"])
    return found


def _is_up_to_date(settings: "Settings", image: str, wanted: "Lock") -> bool:
    """Whether this machine has an image of the same inputs that is young enough for its packages."""
    from tasks.clients import podman
    from tasks.model.lock import PREFIX, created_of

    found = podman.labels(image)
    if found is None or found.get(f"{PREFIX}.inputs") != wanted.inputs:
        return False
    return datetime.now(UTC) - created_of(found, image) < timedelta(days=settings.rebuild_after_days)


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
