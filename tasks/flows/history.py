"""What was published: asked of the registry, many images side by side."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.clients import registry
from tasks.clients.matrix import read_matrix
from tasks.console import say
from tasks.flows import promote as promotion
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef
from tasks.model.lock import PREFIX
from tasks.model.registry import record
from tasks.model.registry.history import History
from tasks.model.registry.manifest import SBOM, Manifest, attached_to, signature_tag
from tasks.model.registry.retention import Package, newest_pairs
from tasks.model.registry.sbom import Listed
from tasks.model.versions import Kernel, parse_fcos, parse_zfs

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.model.registry.record import Record
    from tasks.model.registry.retention import Plan, Version
    from tasks.settings import Settings

AT_ONCE = 48
_GONE = Manifest(digest="", media_type="", artifact_type="", subject="", children=(), blobs=(), annotations={})


def history(settings: "Settings") -> History:
    """Every image that the public tag has pointed at: one listing, then one small read for each image."""
    public = registry.digest(settings.image, PUBLIC_TAG)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        known = {public: pool.submit(registry.referrers, settings.image, public)} if public else {}
        tags = frozenset(registry.tags(settings.image))
        wait(known.values())  # it tells too whether there is a referrers API, so that not every read asks for it
        digests = sorted({attached_to(tag) for tag in tags} - {""})
        for digest in digests:
            if digest not in known:
                known[digest] = pool.submit(registry.referrers, settings.image, digest)
        records = {digest: record.records(known[digest].result()) for digest in digests}
    signed = frozenset(digest for digest in digests if signature_tag(digest) in tags)
    blocks = {digest: block for digest, every in records.items() if (block := _block(digest, every))}
    return History.of(records, signed, public, blocks)


def _block(digest: str, records: "tuple[Record, ...]") -> str:
    """What blocks an image, by its digest, its inputs or its pair as the newest record has it."""
    matrix = read_matrix()
    facts = next((each.facts for each in reversed(records) if each.kind is record.Kind.PROMOTED), {})
    found = matrix.block_of_content(digest) or matrix.block_of_content(facts.get("inputs", ""))
    try:
        zfs, kernel = parse_zfs(facts.get("zfs-version", "")), Kernel.parse(facts.get("kernel-version", ""))
        fcos = parse_fcos(facts.get("fcos-version", ""), "a record")
    except TaskError:
        return str(found or "")
    return str(found or matrix.block_of(zfs, kernel, fcos) or "")


def resolve(settings: "Settings", reference: str) -> ImageRef:
    """The image that a digest, a tag, or `stable~N` (N promotions before) names."""
    tag, _, steps = reference.partition("~")
    if reference.startswith("sha256:"):
        return ImageRef(settings.image, reference)
    if steps.isdigit() and tag == PUBLIC_TAG:
        return ImageRef(settings.image, history(settings).back(int(steps)).digest)
    digest = "" if steps else registry.digest(settings.image, tag)
    if not digest:
        why = "it is no digest, no tag of the registry and no stable~1, stable~2 …"
        raise TaskError(f"there is no image {reference}", why, "see ./inv history")
    return ImageRef(settings.image, digest)


def contents(image: ImageRef) -> "tuple[Lock, Listed]":
    """The Lock of an image and what its SBOM lists; nothing is pulled."""
    entries = [each for each in registry.referrers(image.name, image.digest) if each.artifact_type == SBOM]
    if not entries:
        why = "its publication did not attach one, or cleanup has removed it"
        raise TaskError(f"{image} has no SBOM", why, f"see what is attached: oras discover {image}")
    listed = Listed.parse(registry.attached(image.name, entries[-1]), str(image))
    return promotion.lock_of(image), listed


def package(name: str, versions: "tuple[Version, ...]") -> Package:
    """The manifest of every version, read side by side, and which digests are blocked."""
    say(f"{name} has {len(versions)} versions; reading their manifests")
    public = registry.digest(name, PUBLIC_TAG)  # the first read gets the token that all others use
    digests = {version.digest for version in versions}
    if public and public not in digests:
        why = f"it does not have {public}, at which {PUBLIC_TAG} points"
        raise TaskError(f"GitHub's listing of {name} is not whole", why, "nothing is deleted; run it again")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda digest: _manifest(name, digest), digests)
        manifests = {digest: each for digest, each in zip(digests, found, strict=True) if each is not _GONE}
    records = Package(versions=versions, manifests=manifests).records()
    blocked = frozenset(digest for digest, every in records.items() if _block(digest, every))
    return Package(versions=versions, manifests=manifests, blocked=blocked)


def kmods_package(
    settings: "Settings", versions: "tuple[Version, ...]", images: Package, decided: "Plan", keep: int
) -> Package:
    """The package of our own kmods; the newest pairs stay, and what the Locks of the images that stay name."""
    kept = sorted(fate.version.digest for fate in decided.kept)
    manifests = {digest: found for digest in kept if (found := images.manifests.get(digest))}
    read = [digest for digest, found in manifests.items() if found.is_image]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        locked = dict(zip(read, pool.map(lambda digest: _locked(settings, manifests[digest]), read), strict=True))
    unread = next((digest for digest in kept if digest not in manifests or locked.get(digest, "") is None), "")
    named = {kmods: f"the Lock of {digest[:19]} names it" for digest, kmods in locked.items() if kmods}
    return replace(package(settings.own_kmods, versions), named=newest_pairs(versions, keep) | named, unread=unread)


def _locked(settings: "Settings", image: Manifest) -> str | None:
    """The digest of the kmods that an image's Lock names, nothing where it has no Lock; None: it could not be read."""
    try:
        return registry.labels(settings.image, image).get(f"{PREFIX}.kmods", "").partition("@")[2]
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None


def _manifest(name: str, digest: str) -> Manifest | None:
    """A version's manifest; None when it could not be read, _GONE when the registry does not have it."""
    try:
        return registry.manifest(name, digest) or _GONE
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None
