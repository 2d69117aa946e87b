"""Make a Lock from a Decision, and check a Lock against what may be built."""

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
from tasks.model.solver.ranges import Support

if TYPE_CHECKING:
    from tasks.model.kmods import LocalKmods
    from tasks.model.solver.ranges import PairSupport
    from tasks.model.solver.solve import Decision
    from tasks.settings.values import Settings


def of_decision(settings: "Settings", decision: "Decision", own: "LocalKmods | None" = None) -> Lock:
    """Make the Lock of a decision: kmods by digest (`own` were built here), and the inputs' fingerprint."""
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
        say("this folder is not a git checkout, so the image cannot name the revision it was built from")
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
    """Read the Lock from an image's labels: from a registry if the name begins with a host, else from this machine."""
    if "." in image.partition("/")[0]:
        name, _, reference = image.partition("@") if "@" in image else image.partition(":")
        remote = skopeo.find(name, reference or "latest")
        labels, why = remote.labels if remote else None, "its registry does not have it"
    else:
        labels, why = podman.labels(image), "podman does not have it"
    if labels is None:
        raise TaskError(f"there is no image {image}", why, "give its full name, with registry and tag")
    return Lock.from_labels(labels, image)


def of_file(path: str) -> Lock:
    """Read the Lock from a file."""
    return Lock.from_json(workspace.read_text(Path(path)), path)


def require_allowed(locked: Lock, pair: "PairSupport", *, force: bool) -> None:
    """Stop if a pair is blocked or not supported; with `force`, warn that it is built against the matrix."""
    matrix = read_matrix()
    matrix.require_unblocked(locked.zfs_version, locked.kernel, locked.fcos_version, locked.inputs)
    if not force:
        pair.require_supported(locked.zfs_version, locked.kernel)
    elif pair.support is not Support.SUPPORTED:
        warn(f"{pair.reason}. The modules may not load, or may harm a pool: do not put this image on disks you need.")


def require_inputs(settings: "Settings", locked: Lock, file: str) -> None:
    """Stop unless the Lock was made from this checkout and from the digests that it names."""
    inputs = fingerprint(locked.base.digest, locked.kmods.digest, gather.content(settings))
    if inputs == locked.inputs and locked.packages == settings.packages:
        return
    revision = workspace.revision()
    if revision == locked.revision and revision != workspace.UNVERSIONED and locked.packages == settings.packages:
        why = "the files are those of its revision, so the Lock itself was edited"
        raise TaskError(f"{file} contradicts itself", why, f"write it again: ./inv versions --lock {file}")
    raise TaskError(
        f"{file} was made from other files than these",
        f"its revision is {locked.revision}, and this checkout is {revision}; or the Lock was edited",
        f"check out that revision, or lock this checkout: ./inv versions --lock {file}",
    )


def require_present(locked: Lock) -> None:
    """Stop if an image of the Lock is neither on this machine nor in its registry any more."""
    for role, image in (("base", locked.base), ("kmods", locked.kmods)):
        if podman.has(str(image)):
            continue
        if image.name.startswith("localhost/"):
            why = f"{image} was built on another machine, or was removed from this one"
            raise TaskError(
                f"the {role} image of the Lock is not on this machine", why, "build it again: ./inv build-kmods"
            )
        if skopeo.find(image.name, image.digest) is None:
            raise TaskError(
                f"the {role} image of the Lock is gone: {image}",
                "its registry does not have this digest any more, nor does this machine",
                "lock what exists now: ./inv versions --lock FILE",
            )


def provenance(settings: "Settings", locked: Lock) -> str:
    """Describe what is known about the images' origin; stop if an attestation is wrong."""
    return f"base: pinned by digest, its provenance is not checked\n{_kmods_provenance(settings, locked)}"


def _kmods_provenance(settings: "Settings", locked: Lock) -> str:
    if locked.kmods.name == settings.own_kmods:
        return "kmods: from our own repository; a build accepts them only if a key that ships signed them"
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
            "do not build from it; build the modules yourself: ./inv build-kmods",
        )  # fmt: skip
    return f"kmods: built by a workflow of github.com/{repository}, as its attestation proves"
