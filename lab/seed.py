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
from lab.world import Release, World

_BASE = "fedora/fedora-coreos"
_BUTANE = "coreos/butane"
_FEDORA = "fedora/fedora"
_KMODS = "samhclark/fedora-zfs-kmods"
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
    quay.remove(_BASE)
    ghcr.remove(_KMODS)
    for release in world.release:
        if release.version in bases:
            newest = world.newest(release.stream) == release
            padding = _padding(world) if release.stream == "stable" else []
            tags = [release.version, *([release.stream, *padding] if newest else [])]
            quay.add(_BASE, tags, _adjusted(release, bases[release.version], state))
    stray = [*world.stray_kmods_tags, *_old_kmods(world)]
    for pair, layout in kmods.items():
        ghcr.add(_KMODS, [f"zfs-{pair.zfs}_kernel-{pair.kernel}", *stray], layout)
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


def _old_kmods(world: World) -> list[str]:
    return [
        f"zfs-2.3.{number % 10}_kernel-6.{number // 10}.1-200.fc42.x86_64" for number in range(world.more_kmods_tags)
    ]


def _padding(world: World) -> list[str]:
    return [f"41.20240101.{number}.0" for number in range(world.more_base_tags)]
