"""Kmods in our own repository: what they contain, and which of them builds accept."""

from typing import TYPE_CHECKING

from tasks.clients import archives, podman, registry, shell, signer, workspace
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.kmods import Inside, Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.model.lock import Lock
    from tasks.model.solver.candidates import Candidates
    from tasks.settings.values import Settings


def require_pair(image: str, pair: KmodsTag) -> None:
    """Stop unless the labels, packages and modules of a local image all name the pair."""
    faults = inside(image).faults(pair)
    if faults:
        again = f"build it again: ./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel}"
        raise TaskError(f"{image} is not {pair}", "; ".join(faults), again)


def inside(image: str) -> Inside:
    """Read a local image's labels, and the packages and modules in it."""
    labels = podman.require(image)
    with archives.unpacked(image) as top:
        packages = [*sorted(top.glob("*.rpm")), *sorted(top.glob("other/zfs-dracut-*.rpm"))]
        modules: dict[str, Module] = {}
        for package in packages:
            if package.name.startswith("kmod-"):
                modules |= archives.modules(package)
        return Inside(labels=labels, packages=tuple(package.name for package in packages), modules=modules)


def usable_image(settings: "Settings", pair: KmodsTag) -> ImageRef | None:
    """Return a pair's image in our repository; None if there is none or builds would refuse it."""
    digest = registry.digest(settings.own_kmods, str(pair))
    if not digest:
        return None
    image = ImageRef(settings.own_kmods, digest)
    fault = _fault(image, pair)
    say(f"{image.name}:{pair} exists already{f', but builds refuse it: {fault}' if fault else ', signed'}")
    return None if fault else image


def unsigned(settings: "Settings", candidates: "Candidates", pair: KmodsTag) -> str:
    """Return why a pair's kmods do not count although our own repository has them; empty if they do, or are others'.

    Only a refused signature is a reason. A registry that does not answer is an error.
    """
    if candidates.kmods.get(pair) != settings.own_kmods:
        return ""
    digest = registry.digest(settings.own_kmods, str(pair))
    fault = _signature_fault(ImageRef(settings.own_kmods, digest)) if digest else "the registry no longer has it"
    return f"{settings.own_kmods}:{pair} does not count: {fault}" if fault else ""


def without_refused(
    settings: "Settings",
    candidates: "Candidates",
    pair_of: "Callable[[Candidates], KmodsTag | None]",
    note: "Callable[[str], None]",
) -> "Candidates":
    """Leave out the pair that `pair_of` would take, and note why, until its kmods are others' or a shipped key's."""
    while (pair := pair_of(candidates)) and (why := unsigned(settings, candidates, pair)):
        note(why)
        candidates = candidates.refusing(pair)
    return candidates


def require_accepted(settings: "Settings", lock: "Lock") -> None:
    """Stop if kmods of our own repository are not signed by a key that ships, or do not match the Lock."""
    image, pair = lock.kmods, KmodsTag(lock.zfs_version, lock.kernel)
    fault = _fault(image, pair) if image.name == settings.own_kmods else ""
    if fault:
        again = f"replace it: ./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel} --push"
        raise TaskError(f"cannot build from {image}", fault, f"{again}; a Lock file then needs ./inv versions --lock")


def _fault(image: ImageRef, pair: KmodsTag) -> str:
    """Return why builds refuse an image of our own repository as that of a pair; empty if they accept it."""
    if fault := _signature_fault(image):
        return fault
    faults = [] if shell.Mode.dry else inside(str(image)).faults(pair)
    return f"it is not {pair}: {'; '.join(faults)}" if faults else ""


def _signature_fault(image: ImageRef) -> str:
    """Return why a signature does not open an image of our own repository; empty if a key that ships signed it."""
    shipped = workspace.host_files()
    if not shipped.has_key:
        return "no public key ships that could verify it (./inv keygen)"
    why = signer.refusal(image, shipped.of(image.name))
    return f"no key that ships signed it: {why}" if why else ""
