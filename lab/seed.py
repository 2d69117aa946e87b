"""Fills a world's registries before a command runs in its lab."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.hosts import past_images, upstreams
from lab.hosts.registries import PORTS
from lab.hosts.storage import Storage
from lab.make import cache, images, quick
from lab.make.layout import changed
from lab.real import kernels
from lab.real.openzfs import Opener
from lab.world import BASE, KMODS, Release, World

_BUTANE = "coreos/butane"
_FEDORA = "fedora/fedora"
_SEEDED = "seeded"


def seed(world: World, state: Path, opener: Opener) -> None:
    """Fill both registries as the world describes; `opener` runs a command in another lab."""
    kmods, bases, builder = images.kmods(world, opener), images.bases(world), _builder(world)
    layouts = (*kmods.values(), *bases.values(), *builder)
    material = cache.key(world.text, *(cache.made_at(layout) for layout in layouts))
    mark = state / _SEEDED
    if mark.exists() and mark.read_text() == material:
        return
    quay, ghcr = (Storage(state / "registry" / host) for host in PORTS)
    quay.remove(BASE)
    ghcr.remove(KMODS)
    for release in world.release:
        if release.version in bases:
            newest = world.newest(release.stream) == release
            tags = [release.version, *([release.stream] if newest else [])]
            quay.add(BASE, tags, _adjusted(release, bases[release.version], state))
    stray = list(world.stray_kmods_tags)
    for pair, layout in kmods.items():
        ghcr.add(KMODS, [f"zfs-{pair.zfs}_kernel-{pair.kernel}", *stray], layout)
        stray = []
    if world.past_days:
        past_images.write(ghcr, world.past_days)
    for layout in builder[:1]:
        upstreams.fetch_sources(world)
        quay.add(_FEDORA, sorted({release.fedora for release in world.release}), layout)
    if world.butane_image:
        quay.add(_BUTANE, ["release"], images.butane())
    mark.write_text(material)


def _builder(world: World) -> list[Path]:
    """Return the image that builds kmods, and the archive it installs from; nothing if the world has no such image."""
    if world.quick:
        return [quick.fedora(), quick.archive(world)]
    return [kernels.fedora(world)] if world.real else []


def _adjusted(release: Release, layout: Path, state: Path) -> Path:
    """Return the release's image, with the label and the age that the world gives it."""
    labels = {"ostree.linux": release.label} if release.label else {}
    created = datetime.now(UTC) - timedelta(hours=release.age_hours) if release.age_hours else None
    return changed(layout, state / "images" / release.version, labels, created) if labels or created else layout
