"""From a Decision to a Lock, and a Lock held against what may be built."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import podman, skopeo, workspace
from tasks.clients.github import gh
from tasks.clients.matrix import read_matrix
from tasks.console import say, warn
from tasks.flows import gather
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import Lock, fingerprint
from tasks.model.matrix.ranges import Support

if TYPE_CHECKING:
    from tasks.model.kmods import LocalKmods
    from tasks.model.matrix.ranges import PairSupport
    from tasks.model.solver.solve import Decision
    from tasks.settings import Settings


def of_decision(settings: "Settings", decision: "Decision", own: "LocalKmods | None" = None) -> Lock:
    """The Lock for what a decision chose: kmods by digest (`own` were built here), the inputs fingerprinted."""
    chosen = decision.chosen
    if chosen is None or chosen.release.base is None:
        raise AssertionError("only a decision that chose something has a Lock")
    known = decision.published.kmods_digest if decision.published and decision.is_published(chosen) else ""
    kmods = own.image if own else None
    if kmods is None:
        name, tag = chosen.repository, str(chosen.kmods_tag)
        kmods = ImageRef(name, known or skopeo.inspect(name, tag).digest)
    base, revision = chosen.release.base, workspace.revision()
    if revision == workspace.UNVERSIONED:
        say("this folder is no git checkout: the image cannot say which revision it was built from")
    return Lock(
        base=base,
        fcos_version=chosen.release.version,
        kernel=chosen.release.kernel,
        zfs_version=chosen.zfs,
        kmods=kmods,
        packages=settings.packages,
        revision=revision,
        inputs=fingerprint(base.digest, kmods.digest, gather.content(settings)),
        zfs_tarball=own.tarball if own else "",
    )


def of_image(image: str) -> Lock:
    """The Lock in the labels of an image on this machine, or of a registry's where its name begins with a host."""
    if "." in image.partition("/")[0]:
        name, _, reference = image.partition("@") if "@" in image else image.partition(":")
        found = skopeo.find(name, reference or "latest")
        labels, why = found.labels if found else None, "its registry has none"
    else:
        labels, why = podman.labels(image), "podman does not have it"
    if labels is None:
        raise TaskError(f"there is no image {image}", why, "name it with registry and tag")
    return Lock.from_labels(labels, image)


def of_file(path: str) -> Lock:
    """The Lock in a file."""
    return Lock.from_json(workspace.read_text(Path(path)), path)


def require_allowed(locked: Lock, pair: "PairSupport", *, force: bool) -> None:
    """Stop at what is blocked or not supported; with `force` say loudly that a pair is built against the matrix."""
    matrix = read_matrix()
    matrix.require_unblocked(locked.zfs_version, locked.kernel, locked.fcos_version, locked.inputs)
    if not force:
        pair.require_supported(locked.zfs_version, locked.kernel)
    elif pair.support is not Support.SUPPORTED:
        warn(f"{pair.reason}. The modules may not load, or may harm a pool: do not put this image on disks you need.")


def require_inputs(settings: "Settings", locked: Lock, file: str) -> None:
    """Stop unless this checkout and the Lock's digests are those that the Lock was made from."""
    found = fingerprint(locked.base.digest, locked.kmods.digest, gather.content(settings))
    if found == locked.inputs and locked.packages == settings.packages:
        return
    here = workspace.revision()
    if here == locked.revision and here != workspace.UNVERSIONED and locked.packages == settings.packages:
        why = "the files are those of its revision, so the Lock itself was edited"
        raise TaskError(f"{file} does not hold together", why, f"write it again: ./inv versions --lock {file}")
    raise TaskError(
        f"{file} was made from other files than these",
        f"its revision is {locked.revision}, this is {here}; or it was edited",
        f"check out that revision, or lock what is here: ./inv versions --lock {file}",
    )


def require_present(locked: Lock) -> None:
    """Stop with the name of a digest that is neither on this machine nor in its registry any more."""
    for role, image in (("base", locked.base), ("kmods", locked.kmods)):
        if podman.has(str(image)):
            continue
        if image.name.startswith("localhost/"):
            why = f"{image} was built on a machine, and is not on this one"
            raise TaskError(f"the {role} image of the Lock is not here", why, "build it again: ./inv build-kmods")
        if skopeo.find(image.name, image.digest) is None:
            raise TaskError(
                f"the {role} image of the Lock is gone: {image}",
                "its registry has no such digest any more, and it is not on this machine",
                "lock what exists now: ./inv versions --lock FILE",
            )


def provenance(settings: "Settings", locked: Lock) -> str:
    """What is known of where the images come from; stops where an attestation is wrong."""
    return f"base: taken by its digest, no provenance of it is checked\n{_kmods_provenance(settings, locked)}"


def _kmods_provenance(settings: "Settings", locked: Lock) -> str:
    if locked.kmods.name == settings.own_kmods:
        return "kmods: of our own repository; a build takes them when a key that ships signed them, and not else"
    if locked.zfs_tarball:
        return f"kmods: built here from OpenZFS's tarball, {locked.zfs_tarball}"
    unable = gh.why_unable()
    if unable:
        return f"kmods: provenance not checked: {unable}"
    repository = "/".join(locked.kmods.name.split("/")[1:])
    fault = gh.attestation_fault(locked.kmods, repository)
    if fault:
        raise TaskError(
            f"the provenance of {locked.kmods} is not proven", fault,
            "do not build from it; take modules of your own: ./inv build-kmods",
        )  # fmt: skip
    return f"kmods: built by a workflow of github.com/{repository}, as its attestation proves"
