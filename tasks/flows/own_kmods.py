"""Kmods of our own repository: what is in them, and which of them are used."""

from typing import TYPE_CHECKING

from tasks.clients import archives, podman, registry, shell, signer, workspace
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.kmods import Inside, Module

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.settings import Settings


def require_pair(image: str, pair: KmodsTag) -> None:
    """Stop unless labels, packages and modules of an image on this machine all name the pair."""
    faults = inside(image).faults(pair)
    if faults:
        again = f"build it again: ./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel}"
        raise TaskError(f"{image} is not {pair}", "; ".join(faults), again)


def inside(image: str) -> Inside:
    """What an image on this machine says of itself, and what is in it."""
    labels = podman.require(image)
    with archives.unpacked(image) as top:
        packages = [*sorted(top.glob("*.rpm")), *sorted(top.glob("other/zfs-dracut-*.rpm"))]
        found: dict[str, Module] = {}
        for package in packages:
            if package.name.startswith("kmod-"):
                found |= archives.modules(package)
        return Inside(labels=labels, packages=tuple(package.name for package in packages), modules=found)


def there(settings: "Settings", pair: KmodsTag) -> ImageRef | None:
    """The image that our repository has of a pair, if a build would take it; None where there is none."""
    digest = registry.digest(settings.own_kmods, str(pair))
    if not digest:
        return None
    image = ImageRef(settings.own_kmods, digest)
    fault = _fault(image, pair)
    say(f"{image.name}:{pair} is there already{f', and no build takes it: {fault}' if fault else ', signed'}")
    return None if fault else image


def require_accepted(settings: "Settings", lock: "Lock") -> None:
    """Stop at kmods of our own repository that none of our keys signed, or that are not those of the Lock."""
    image, pair = lock.kmods, KmodsTag(lock.zfs_version, lock.kernel)
    fault = _fault(image, pair) if image.name == settings.own_kmods else ""
    if fault:
        again = f"./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel} --push replaces it"
        raise TaskError(f"nothing is built from {image}", fault, again)


def _fault(image: ImageRef, pair: KmodsTag) -> str:
    """Why an image of our own repository is not taken as that of a pair; nothing when it is."""
    shipped = workspace.host_files()
    if not shipped.has_key:
        return "no public key ships that could have signed it (./inv keygen)"
    why = signer.refusal(image, shipped.of(image.name))
    if why:
        return f"no key that ships signed it: {why}"
    faults = [] if shell.Mode.dry else inside(str(image)).faults(pair)
    return f"it is not {pair}: {'; '.join(faults)}" if faults else ""
