"""A registry package as cleanup needs it: every version with its manifest."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.clients import registry
from tasks.console import say
from tasks.flows.history import AT_ONCE, block_of
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG
from tasks.model.lock import PREFIX
from tasks.model.registry.manifest import Manifest
from tasks.model.registry.retention import PackageState, newest_pairs

if TYPE_CHECKING:
    from tasks.model.registry.retention import PackageVersion, Plan
    from tasks.settings.values import Settings

_GONE = Manifest(digest="", media_type="", artifact_type="", subject="", children=(), blobs=(), annotations={})


def package(name: str, versions: "tuple[PackageVersion, ...]") -> PackageState:
    """Read every version's manifest concurrently, and find the blocked digests."""
    say(f"{name} has {len(versions)} versions; reading their manifests")
    public = registry.digest(name, PUBLIC_TAG)  # this first read gets the token that all others use
    digests = {version.digest for version in versions}
    if public and public not in digests:
        why = f"it lacks {public}, which {PUBLIC_TAG} points at; nothing was deleted"
        raise TaskError(f"GitHub's listing of {name} is not complete", why, "run it again")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = pool.map(lambda digest: _manifest(name, digest), digests)
        manifests = {digest: each for digest, each in zip(digests, read, strict=True) if each is not _GONE}
    records = PackageState(versions=versions, manifests=manifests).records()
    blocked = frozenset(digest for digest, every in records.items() if block_of(digest, every))
    return PackageState(versions=versions, manifests=manifests, blocked=blocked)


def kmods_package(
    settings: "Settings", versions: "tuple[PackageVersion, ...]", images: PackageState, decided: "Plan", keep: int
) -> PackageState:
    """Return the package of our own kmods; keep the newest pairs, and those that the Locks of kept images name."""
    kept = sorted(fate.version.digest for fate in decided.kept)
    manifests = {digest: manifest for digest in kept if (manifest := images.manifests.get(digest))}
    read = [digest for digest, manifest in manifests.items() if manifest.is_image]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        locked = dict(zip(read, pool.map(lambda digest: _locked(settings, manifests[digest]), read), strict=True))
    unread = next((digest for digest in kept if digest not in manifests or locked.get(digest, "") is None), "")
    named = {kmods: f"the Lock of {digest[:19]} names it" for digest, kmods in locked.items() if kmods}
    return replace(package(settings.own_kmods, versions), named=newest_pairs(versions, keep) | named, unread=unread)


def _locked(settings: "Settings", image: Manifest) -> str | None:
    """Return the digest of the kmods in an image's Lock; empty without a Lock, None if it could not be read."""
    try:
        return registry.labels(settings.image, image).get(f"{PREFIX}.kmods", "").partition("@")[2]
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None


def _manifest(name: str, digest: str) -> Manifest | None:
    """Read a version's manifest; None if it could not be read, _GONE if the registry does not have it."""
    try:
        return registry.manifest(name, digest) or _GONE
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None
