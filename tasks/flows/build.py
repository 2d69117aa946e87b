"""From a request to an image on this machine: choose the Lock, build, check the contract."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.clients import podman, signer, workspace
from tasks.console import answer, present, say
from tasks.flows import gather, keys, own_kmods, show
from tasks.flows import lock as locks
from tasks.flows.kmods import own as local_kmods
from tasks.flows.matrix import support
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.inspection import inspect as check_contract
from tasks.model.contract.report import Report
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG
from tasks.model.lock import KEYS_LABEL, PREFIX, Lock, created_of
from tasks.model.solver.solve import Verdict
from tasks.model.versions import zfs_stream

if TYPE_CHECKING:
    from tasks.model.request import Request
    from tasks.settings.values import Settings


def stable(settings: "Settings", request: "Request") -> None:
    """Build NAME:stable on this machine, unless the published image is up to date; print the image's name."""
    image = f"{settings.local_name}:stable"
    lock = lock_for(settings, request)
    if lock is None:
        return
    keys.report(settings)
    if build(settings, lock, image, force_build=request.rebuild or request.force):
        say(f"next: ./inv verify {image}")
    answer(image)


def trial(settings: "Settings", request: "Request") -> None:
    """Build and verify NAME:test, then remove it, even if a step fails."""
    lock = lock_for(settings, request)
    if lock is None:
        return
    image = f"{settings.local_name}:test"
    before = podman.image_ids()
    try:
        if assemble(settings, lock, image):
            _verify(settings, image, lock, json=False)
    finally:
        podman.remove(podman.image_ids() - before)


def verify(settings: "Settings", image: str, lock_file: str, *, json: bool) -> None:
    """Check an image against the contract, and against a Lock if `lock_file` names one."""
    _verify(settings, image, locks.of_file(lock_file) if lock_file else None, json=json)


def _verify(settings: "Settings", image: str, lock: Lock | None, *, json: bool) -> None:
    _, report = inspect(settings, image, lock)
    _show(report, json=json)
    report.require_kept(image)


def lock_for(settings: "Settings", request: "Request") -> Lock | None:
    """Return the Lock from a file, or of the newest pair; None if it is published already. Stop on HOLD and BLOCKED."""
    if request.lock and request.kmods:
        why = f"{request.lock} and --kmods were both given"
        raise TaskError("a Lock already names its kmods", why, "leave one of them out")
    if request.lock:
        return _locked(settings, request)
    own = local_kmods(request.kmods) if request.kmods else None
    if own:
        request = replace(request, zfs_stream=zfs_stream(own.pair.zfs))
    decision = gather.decide(settings, request, own)
    show.story(decision)
    decision.require_buildable()
    if decision.verdict is Verdict.SKIP:
        say(f"{settings.image}:{PUBLIC_TAG} is up to date; --rebuild builds it anyway")
        return None
    lock = locks.of_decision(settings, decision, own)
    locks.require_allowed(lock, decision.support, force=request.force)
    return lock


def _locked(settings: "Settings", request: "Request") -> Lock:
    """Read a Lock from a file and check it against the matrix, the checkout and the registries."""
    lock = locks.of_file(request.lock)
    locks.require_allowed(lock, support(lock.zfs_version, lock.kernel), force=request.force)
    locks.require_inputs(settings, lock, request.lock)
    locks.require_present(lock)
    return lock


def build(settings: "Settings", lock: Lock, image: str, *, force_build: bool) -> Lock | None:
    """Build a Lock's image on this machine unless it is up to date; return its Lock, None under `inv -R`.

    An image that is up to date may come from an earlier revision that had the same inputs.
    """
    current = None if force_build else _up_to_date(settings, image, lock)
    if current:
        say(f"{image} is up to date: its inputs did not change; --rebuild builds it anyway")
        return current
    say(locks.provenance(settings, lock))
    return lock if assemble(settings, lock, image) else None


def _up_to_date(settings: "Settings", image: str, lock: Lock) -> Lock | None:
    """Return the Lock of the local image if its inputs are the same and its packages are recent enough."""
    labels = podman.labels(image)
    if labels is None or labels.get(f"{PREFIX}.inputs") != lock.inputs:
        return None
    young = datetime.now(UTC) - created_of(labels, image) < timedelta(days=settings.rebuild_after_days)
    return replace(lock, revision=Lock.from_labels(labels, image).revision) if young else None


def assemble(settings: "Settings", lock: Lock, image: str) -> bool:
    """Build an image from a Lock; return False under `inv -R`."""
    own_kmods.require_accepted(settings, lock)
    say(f"building {image}: Fedora CoreOS {lock.fcos_version}, kernel {lock.kernel}, OpenZFS {lock.zfs_version}")
    arguments = {
        "BASE": str(lock.base),
        "KMODS": str(lock.kmods),
        "KERNEL_VERSION": str(lock.kernel),
        "ZFS_VERSION": str(lock.zfs_version),
        "PACKAGES": " ".join(lock.packages),
    }
    created = datetime.now(UTC).isoformat(timespec="seconds")
    labels = lock.labels(settings.local_name, settings.source, created)
    if trusted := " ".join(workspace.host_files().fingerprints.values()):
        labels[KEYS_LABEL] = trusted
    return podman.build(workspace.ROOT, image, arguments, labels)


def inspect(settings: "Settings", image: str, lock: Lock | None = None) -> tuple[ImageFacts, Report]:
    """Read what an image contains, and check it against the contract."""
    labels = podman.require(image)
    facts = ImageFacts.parse(podman.probe(image), labels)
    faults = signer.faults(facts.host_files, settings.image)
    return facts, check_contract(facts, settings.image, faults, lock)


def _show(report: Report, *, json: bool) -> None:
    """Show every check, as a table or as JSON."""
    rows = [("FAILED" if check.fault else "ok", check.name, check.fault or check.promise) for check in report.checks]
    present(("", "check", ""), rows, {"checks": list(map(asdict, report.checks))}, json=json)
