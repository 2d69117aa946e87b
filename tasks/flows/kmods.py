"""Kmods images: list the published ones, and build one from source if nobody has published it yet."""

import hashlib
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.clients import archives, http, podman, registry, skopeo, workspace
from tasks.clients.github import api
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag, kmods_tags
from tasks.model.kmods import LocalKmods, fedora_of, labels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import ThreadPoolExecutor

    from tasks.model.kmods import Tarball
    from tasks.settings.values import Settings

    Repositories = Mapping[KmodsTag, tuple[str, ...]]  # by pair, the repositories that have its kmods, best first

_BUILDER = "quay.io/fedora/fedora"
_RECIPE = workspace.ROOT / "kmods/Containerfile"
_MOST_BYTES = 200_000_000  # OpenZFS 2.4.3 is 35 MB
_SECONDS = 1800


def listed(settings: "Settings", pool: "ThreadPoolExecutor", only: LocalKmods | None = None) -> "Repositories":
    """Return every pair that has kmods; query all repositories concurrently."""
    if only:
        return {only.pair: (only.image.name,)}
    listings = [(name, pool.submit(_pairs, settings, name)) for name in settings.kmods]
    repositories: dict[KmodsTag, tuple[str, ...]] = {}
    for name, pairs in listings:
        for pair in pairs.result():
            repositories[pair] = (*repositories.get(pair, ()), name)
    return repositories


def _pairs(settings: "Settings", repository: str) -> tuple[KmodsTag, ...]:
    """List the kmods of one repository; our own need not exist until the first kmods are built here."""
    read = registry.tags_where_shown if repository == settings.own_kmods else skopeo.tags
    return kmods_tags(read(repository))


def local_name(settings: "Settings", pair: KmodsTag) -> str:
    """Return the name of a pair's kmods image on this machine."""
    return f"localhost/{settings.local_name}-kmods:{pair}"


def load(settings: "Settings", pair: KmodsTag, file: str) -> ImageRef | None:
    """Load the kmods of an archive under the name of a pair; return None under `inv -R`."""
    image = local_name(settings, pair)
    return podman.by_digest(image) if archives.load(Path(file), image) else None


def build(settings: "Settings", pair: KmodsTag) -> ImageRef | None:
    """Build the kmods of a pair on this machine unless they are up to date; return None under `inv -R`."""
    image = local_name(settings, pair)
    source, builder = api.openzfs_tarball(pair.zfs), skopeo.inspect(_BUILDER, fedora_of(pair.kernel))
    expected = labels(pair, source.digest, ImageRef(_BUILDER, builder.digest), _RECIPE.read_bytes())
    arguments = {
        "BUILDER": f"{_BUILDER}@{builder.digest}", "KERNEL_VERSION": str(pair.kernel), "ZFS_VERSION": str(pair.zfs)
    }  # fmt: skip
    with workspace.alone(f"kmods-{pair}", f"another run builds {image}; waiting for it"):
        return _built(pair, image, source, arguments, expected)


def _built(
    pair: KmodsTag, image: str, source: "Tarball", arguments: dict[str, str], expected: dict[str, str]
) -> ImageRef | None:
    """Return the existing image if it has the expected labels; otherwise build it."""
    if (podman.labels(image) or {}).items() >= expected.items():
        say(f"{image} is up to date: its inputs did not change")
        return podman.by_digest(image)
    say(f"building {image}: OpenZFS {pair.zfs} for {pair.kernel}, from {source.url}")
    with TemporaryDirectory(dir=workspace.cache()) as folder:
        shutil.copyfile(_RECIPE, Path(folder, "Containerfile"))
        _fetch(source, pair, Path(folder, "zfs.tar.gz"))
        built = podman.build(Path(folder), image, arguments, expected)
    return podman.by_digest(image) if built else None


def _fetch(source: "Tarball", pair: KmodsTag, target: Path) -> None:
    """Put the release's source at `target`, from the cache or from GitHub; it must have the digest GitHub states."""
    cached = workspace.cache() / f"zfs-{pair.zfs}.tar.gz"
    if not cached.is_file() or _digest(cached.read_bytes()) != source.digest:
        what = f"the source of OpenZFS {pair.zfs} could not be fetched"
        say(f"fetching {source.url}")
        body = http.ask(source.url, what=what, max_bytes=_MOST_BYTES, seconds=_SECONDS).body
        if _digest(body) != source.digest:
            why = f"the download has {_digest(body)}, but GitHub states {source.digest}"
            raise TaskError(what, why, "do not build from it; try again on another network")
        workspace.write_whole(cached, body)
    if cached.is_file():
        shutil.copyfile(cached, target)


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def own(image: str) -> LocalKmods:
    """Read a kmods image that was built here from its labels."""
    image_labels = podman.require(image)
    return LocalKmods.from_labels(podman.by_digest(image), image_labels)
