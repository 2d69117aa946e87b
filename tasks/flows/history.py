"""What was published: read from the registry, many images concurrently."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from tasks.clients import referrers, registry, skopeo
from tasks.clients.github import actions
from tasks.clients.matrix import read_matrix
from tasks.console import present, say
from tasks.flows import show
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef
from tasks.model.lock import Lock, has_lock
from tasks.model.registry import record
from tasks.model.registry.history import History
from tasks.model.registry.manifest import SBOM, attached_to, signature_tag
from tasks.model.registry.record import Record
from tasks.model.registry.sbom import Listed
from tasks.model.versions import Kernel, parse_fcos, parse_zfs

if TYPE_CHECKING:
    from tasks.settings.values import Settings

AT_ONCE = 48


def history(settings: "Settings", *, json: bool) -> None:
    """Show every image that the public tag has pointed at, newest first."""
    past = promoted(settings)
    columns = ("", "digest", "promoted", "Fedora CoreOS", "kernel", "OpenZFS", "signed", "")
    present(columns, list(map(show.history_row, past.images)), show.history_document(past), json=json)
    if not (past.images or json):
        say("no image has been promoted yet; next: ./inv publish")


def public_digest(settings: "Settings") -> str:
    """Return the digest that the public tag points at now; NOTHING if the tag does not exist."""
    return registry.digest(settings.image, PUBLIC_TAG)


def run_name() -> str:
    """Return the name of this run for a record: its URL on GitHub, or `by hand`."""
    return actions.run_address() or "by hand"


def records_of(image: ImageRef) -> tuple[Record, ...]:
    """Read the records of an image, oldest first."""
    return record.records(referrers.of(image.name, image.digest))


def lock_of(image: ImageRef) -> Lock:
    """Read the Lock from an image's labels."""
    inspected = skopeo.find(image.name, image.digest)
    if inspected is None:
        raise TaskError(f"{image} does not exist", "its registry has no such digest", "list the images: ./inv history")
    if not has_lock(inspected.labels):
        why = "it has none of the labels that ./inv build writes"
        raise TaskError(f"{image} was not built by these recipes", why, "list the images that were: ./inv history")
    return Lock.from_labels(inspected.labels, str(image))


def promoted(settings: "Settings") -> History:
    """Read every image that the public tag has pointed at: one listing, then one small read for each image."""
    public = registry.digest(settings.image, PUBLIC_TAG)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = {public: pool.submit(referrers.of, settings.image, public)} if public else {}
        tags = frozenset(registry.tags(settings.image))
        wait(known.values())  # this first read finds out whether a referrers API exists, so the others need not ask
        digests = sorted({attached_to(tag) for tag in tags} - {""})
        for digest in digests:
            if digest not in known:
                known[digest] = pool.submit(referrers.of, settings.image, digest)
        records = {digest: record.records(known[digest].result()) for digest in digests}
    signed = frozenset(digest for digest in digests if signature_tag(digest) in tags)
    blocks = {digest: block for digest, every in records.items() if (block := block_of(digest, every))}
    return History.of(records, signed, public, blocks)


def block_of(digest: str, records: "tuple[Record, ...]") -> str:
    """Return what blocks an image, by its digest, its inputs or its pair, as its newest record states them."""
    matrix = read_matrix()
    facts = next((each.facts for each in reversed(records) if each.kind is record.Kind.PROMOTED), {})
    block = matrix.block_of_content(digest) or matrix.block_of_content(facts.get("inputs", ""))
    try:
        zfs, kernel = parse_zfs(facts.get("zfs-version", "")), Kernel.parse(facts.get("kernel-version", ""))
        fcos = parse_fcos(facts.get("fcos-version", ""), "a record")
    except TaskError:
        return str(block or "")
    return str(block or matrix.block_of(zfs, kernel, fcos) or "")


def resolve(settings: "Settings", reference: str) -> ImageRef:
    """Return the image that a digest, a tag, or `stable~N` (N promotions before) names."""
    tag, _, steps = reference.partition("~")
    if reference.startswith("sha256:"):
        return ImageRef(settings.image, reference)
    if steps.isdigit() and tag == PUBLIC_TAG:
        return ImageRef(settings.image, promoted(settings).back(int(steps)).digest)
    digest = "" if steps else registry.digest(settings.image, tag)
    if not digest:
        why = "it is not a digest, a tag in the registry, or stable~1, stable~2 …"
        raise TaskError(f"there is no image {reference}", why, "list the images: ./inv history")
    return ImageRef(settings.image, digest)


def contents(image: ImageRef) -> "tuple[Lock, Listed]":
    """Read an image's Lock and what its SBOM lists, without pulling the image."""
    entries = [each for each in referrers.of(image.name, image.digest) if each.artifact_type == SBOM]
    if not entries:
        why = "publish did not attach one, or cleanup removed it"
        raise TaskError(f"{image} has no SBOM", why, f"see what is attached: oras discover {image}")
    listed = Listed.parse(registry.attached(image.name, entries[-1]), str(image))
    return lock_of(image), listed
