"""The contract that every image must keep: what works inside it, what it accepts, and that its labels are true."""

from collections.abc import Iterator, Sequence

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.modes import modes_fault
from tasks.model.contract.promises import promises
from tasks.model.contract.report import Check, Report
from tasks.model.lock import PREFIX, Lock
from tasks.model.signing import HostFiles
from tasks.model.versions import fcos_in

VERSION = "5"  # of the contract; records name it. A changed set of checks needs a new version


def inspect(image: ImageFacts, published_as: str, policy_faults: Sequence[str], lock: Lock | None = None) -> Report:
    """Check all promises, and the Lock if given.

    `published_as` is the image name whose signatures hosts require. `policy_faults` are what is wrong with what
    containers/image decides on it with the image's own keys and policy.
    """
    packages = lock.packages if lock else tuple(image.labels.get(f"{PREFIX}.packages", "").split())
    modes = modes_fault(image)
    checks = [
        *promises(image, packages),
        _host_policy(image.host_files, published_as, policy_faults),
        Check(name="modes", promise="everybody may read the system, and only root may change it", fault=modes),
        *(_label(image, name, version) for name, version in _versions_inside(image).items()),
        _label(image, "keys", " ".join(image.host_files.fingerprints.values())),
    ]
    return Report(tuple(checks) + (_lock_checks(image, lock) if lock else ()))


def _host_policy(shipped: HostFiles, published_as: str, faults: Sequence[str]) -> Check:
    promise = f"keys and policy accept only signed images of {published_as}"
    promise = promise if shipped.has_key else "no key ships, and no policy requires one"
    return Check(name="host-policy", promise=promise, fault="; ".join(faults))


def _versions_inside(image: ImageFacts) -> dict[str, str]:
    """The versions found inside the image, which the labels must repeat."""
    return {
        "kernel-version": image.kernel,
        "zfs-version": image.packages.get("zfs", ("", ""))[0],
        "fcos-version": next(filter(None, map(fcos_in, image.all("os-version"))), ""),
    }


def _label(image: ImageFacts, name: str, inside: str) -> Check:
    stated = image.labels.get(f"{PREFIX}.{name}", "")
    may_be_empty = name == "keys"
    kept = stated == inside and (bool(stated) or may_be_empty)
    fault = "" if kept else f"it says {stated or 'nothing'}; the image contains {inside or 'nothing'}"
    return Check(name=f"label-{name}", promise=f"label {PREFIX}.{name} equals the image's contents", fault=fault)


def _lock_checks(image: ImageFacts, lock: Lock) -> tuple[Check, ...]:
    locked = {
        "kernel-version": str(lock.kernel),
        "zfs-version": str(lock.zfs_version),
        "fcos-version": str(lock.fcos_version),
    }
    inside = (_against_lock(f"lock-{name}", value, locked[name]) for name, value in _versions_inside(image).items())
    labels = (_against_lock(f"lock-{key}", image.labels.get(key, ""), value) for key, value in _lock_labels(lock))
    return (*inside, *labels)


def _lock_labels(lock: Lock) -> Iterator[tuple[str, str]]:
    """The labels that follow only from a Lock; a Lock does not say who built the image, when and where."""
    free = {f"org.opencontainers.image.{name}" for name in ("title", "description", "source", "created")}
    return ((key, value) for key, value in lock.labels("", "", "").items() if key not in free)


def _against_lock(name: str, inside: str, locked: str) -> Check:
    fault = "" if inside == locked else f"the Lock says {locked}, the image {inside or 'nothing'}"
    return Check(name=name, promise="matches the Lock", fault=fault)
