"""From what is asked for to an image on this machine: the Lock, the build, the contract."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.clients import podman, workspace
from tasks.console import answer_json, say, table
from tasks.flows import gather, show
from tasks.flows import lock as plan
from tasks.flows import own_kmods as ownkmods
from tasks.flows.kmods import own as own_kmods
from tasks.model.contract import ImageFacts, Report
from tasks.model.contract import inspect as hold_against
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG
from tasks.model.lock import PREFIX, Lock, created_of
from tasks.model.solver.solve import Verdict, solve
from tasks.model.versions import zfs_stream

if TYPE_CHECKING:
    from tasks.settings import Settings


def wanted(
    settings: "Settings", file: str, streams: tuple[str, str], flags: dict[str, bool], own: str = ""
) -> Lock | None:
    """The Lock of a file, or one made now of what is newest in two streams; None when what is published is just that.

    `flags` are those of the policy: rebuild, force, allow_downgrade; `own` names kmods that were built here and are
    taken instead of published ones. Stops on HOLD and BLOCKED.
    """
    force = flags["force"]
    if file and own:
        raise TaskError(
            "a Lock names its kmods already", f"{file} and --kmods were both given", "leave one of them out"
        )
    if file:
        return _locked(settings, file, force=force)
    stream, line = streams
    kmods = own_kmods(own) if own else None
    line = zfs_stream(kmods.pair.zfs) if kmods else line
    decision = solve(gather.candidates(settings, gather.policy(settings, line, **flags), stream, kmods))
    show.story(decision)
    decision.require_buildable()
    if decision.verdict is Verdict.SKIP:
        say(f"{settings.image}:{PUBLIC_TAG} is up to date; --rebuild builds it anyway")
        return None
    found = plan.lock(settings, decision, kmods)
    plan.require_allowed(found, decision.support, force=force)
    return found


def _locked(settings: "Settings", file: str, *, force: bool) -> Lock:
    """The Lock in a file, held against matrix, checkout and registries."""
    found = plan.read(file)
    plan.require_allowed(found, gather.support(found.zfs_version, found.kernel), force=force)
    plan.require_inputs(settings, found, file)
    plan.require_present(found)
    return found


def build(settings: "Settings", wanted: Lock, image: str, *, anyway: bool) -> Lock | None:
    """Have an image of a Lock on this machine, built only where it is not there yet; its Lock, None under `inv -R`.

    One that is there may come from an earlier revision, which had the same inputs.
    """
    there = None if anyway else _up_to_date(settings, image, wanted)
    if there:
        say(f"{image} is up to date: nothing it is built from changed; --rebuild builds it anyway")
        return there
    say(plan.provenance(settings, wanted))
    return wanted if assemble(settings, wanted, image) else None


def _up_to_date(settings: "Settings", image: str, wanted: Lock) -> Lock | None:
    """The Lock of an image on this machine that has the same inputs and is young enough for its packages."""
    found = podman.labels(image)
    if found is None or found.get(f"{PREFIX}.inputs") != wanted.inputs:
        return None
    young = datetime.now(UTC) - created_of(found, image) < timedelta(days=settings.rebuild_after_days)
    return replace(wanted, revision=Lock.from_labels(found, image).revision) if young else None


def assemble(settings: "Settings", wanted: Lock, image: str) -> bool:
    """Build an image from a Lock; False under `inv -R`."""
    ownkmods.require_accepted(settings, wanted)
    say(f"building {image}: Fedora CoreOS {wanted.fcos_version}, kernel {wanted.kernel}, OpenZFS {wanted.zfs_version}")
    arguments = {
        "BASE": str(wanted.base),
        "KMODS": str(wanted.kmods),
        "KERNEL_VERSION": str(wanted.kernel),
        "ZFS_VERSION": str(wanted.zfs_version),
        "PACKAGES": " ".join(wanted.packages),
    }
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return podman.build(workspace.ROOT, image, arguments, wanted.labels(settings.local_name, settings.source, created))


def inspect(settings: "Settings", image: str, wanted: Lock | None = None) -> tuple[ImageFacts, Report]:
    """What is inside an image, and how it keeps the contract."""
    labels = podman.require(image)
    facts = ImageFacts.parse(podman.probe(image), labels)
    return facts, hold_against(facts, settings.image, wanted)


def show_report(report: Report, *, json: bool = False) -> None:
    """Every check, for people or programs."""
    if json:
        answer_json([{"name": check.name, "promise": check.promise, "fault": check.fault} for check in report.checks])
        return
    rows = [("FAILED" if check.fault else "ok", check.name, check.fault or check.promise) for check in report.checks]
    table(("", "check", ""), rows)
