"""The lab's registries: real docker-registry processes, seeded by writing their storage from cached OCI layouts.

The layout of the storage is distribution's own (registry/storage/paths.go). Blobs are hard links into the cache:
a world starts at once and takes no room of its own; a registry never writes into a blob, so the cache is safe.
"""

import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab import cache, images, past, quick, upstreams
from lab.layout import changed, link
from lab.real import kernels
from lab.world import Release, World

PORTS = {"quay.io": 5001, "ghcr.io": 5002}
BASE = "fedora/fedora-coreos"
BUTANE = "coreos/butane"
FEDORA = "fedora/fedora"
KMODS = "samhclark/fedora-zfs-kmods"
_SEEDED = "seeded"
_CONFIG = """version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true}}
log: {{level: error}}
"""


class Storage:
    """One registry's storage folder."""

    def __init__(self, root: Path) -> None:
        self.top = root / "docker/registry/v2"

    def add(self, name: str, tags: list[str], layout: Path) -> None:
        """Put an image of an OCI layout, with everything it refers to, under a repository's tags."""
        digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        self._add_manifest(name, digest, layout)
        for tag in tags:
            folder = self.repository(name) / "_manifests/tags" / tag
            self._link(folder / "current", digest)
            self._link(folder / "index/sha256" / digest.partition(":")[2], digest)

    def remove(self, name: str) -> None:
        """Forget a repository."""
        shutil.rmtree(self.repository(name), ignore_errors=True)

    def _add_manifest(self, name: str, digest: str, layout: Path) -> None:
        manifest = json.loads(self._add_blob(digest, layout).read_text())
        self._link(self.repository(name) / "_manifests/revisions/sha256" / digest.partition(":")[2], digest)
        for child in manifest.get("manifests", []):
            self._add_manifest(name, child["digest"], layout)
        for blob in [manifest[key] for key in ("config",) if key in manifest] + manifest.get("layers", []):
            self._add_blob(blob["digest"], layout)
            self._link(self.repository(name) / "_layers/sha256" / blob["digest"].partition(":")[2], blob["digest"])

    def _add_blob(self, digest: str, layout: Path) -> Path:
        hexadecimal = digest.partition(":")[2]
        target = self.top / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"
        source = layout / "blobs/sha256" / hexadecimal
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            link(source, target)
        return target

    def put_manifest(self, name: str, content: bytes, tags: list[str], made: datetime) -> None:
        """Put a manifest under tags, as one that came at that moment."""
        digest = self.put_blob(name, content)
        revision = self.repository(name) / "_manifests/revisions/sha256" / digest.partition(":")[2]
        self._link(revision, digest)
        os.utime(revision / "link", (made.timestamp(), made.timestamp()))
        for tag in tags:
            folder = self.repository(name) / "_manifests/tags" / tag
            self._link(folder / "current", digest)
            self._link(folder / "index/sha256" / digest.partition(":")[2], digest)

    def put_blob(self, name: str, content: bytes) -> str:
        """Put a blob into a repository; returns its digest."""
        hexadecimal = hashlib.sha256(content).hexdigest()
        target = self.top / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self._link(self.repository(name) / "_layers/sha256" / hexadecimal, f"sha256:{hexadecimal}")
        return f"sha256:{hexadecimal}"

    def repository(self, name: str) -> Path:
        """A repository's folder."""
        return self.top / "repositories" / name

    @staticmethod
    def _link(folder: Path, digest: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(digest)


def seed(world: World, state: Path) -> None:
    """Fill both registries with what the world says; what was pushed into other repositories stays."""
    kmods, bases, builder = images.kmods(world), images.bases(world), _builder(world)
    made = (*kmods.values(), *bases.values(), *builder)
    material = cache.key(world.text, *(cache.made_at(layout) for layout in made))
    mark = state / _SEEDED
    if mark.exists() and mark.read_text() == material:
        return
    quay, ghcr = (Storage(state / "registry" / host) for host in PORTS)
    quay.remove(BASE)
    ghcr.remove(KMODS)
    for release in world.release:
        if release.version in bases:
            newest = world.newest(release.stream) == release
            tags = [release.version, *([release.stream, *_padding(world)] if newest else [])]
            quay.add(BASE, tags, _as_wanted(release, bases[release.version], state))
    stray = [*world.stray_kmods_tags, *_old_kmods(world)]
    for pair, layout in kmods.items():
        ghcr.add(KMODS, [f"zfs-{pair.zfs}_kernel-{pair.kernel}", *stray], layout)
        stray = []
    if world.past_days:
        past.write(ghcr, world.past_days)
    for layout in builder[:1]:
        upstreams.fetch_sources(world)
        quay.add(FEDORA, sorted({release.fedora for release in world.release}), layout)
    if world.butane_image:
        quay.add(BUTANE, ["release"], images.butane())
    mark.write_text(material)


def _builder(world: World) -> list[Path]:
    """What kmods are built in, and the archive that it takes from; nothing where there is no such image."""
    if world.quick:
        return [quick.fedora(), quick.archive(world)]
    return [kernels.fedora(world)] if world.real else []


def _as_wanted(release: Release, layout: Path, state: Path) -> Path:
    """The release's image with the label and the age that the world wants."""
    labels = {"ostree.linux": release.label} if release.label else {}
    created = datetime.now(UTC) - timedelta(hours=release.age_hours) if release.age_hours else None
    return changed(layout, state / "images" / release.version, labels, created) if labels or created else layout


def _old_kmods(world: World) -> list[str]:
    return [
        f"zfs-2.3.{number % 10}_kernel-6.{number // 10}.1-200.fc42.x86_64" for number in range(world.more_kmods_tags)
    ]


def _padding(world: World) -> list[str]:
    return [f"41.20240101.{number}.0" for number in range(world.more_base_tags)]


def start(state: Path) -> list[subprocess.Popen[bytes]]:
    """Start both registries on loopback; the gateway stands in front of them."""
    started = []
    for host, port in PORTS.items():
        root = state / "registry" / host
        root.mkdir(parents=True, exist_ok=True)
        config = state / f"registry-{host}.yml"
        config.write_text(_CONFIG.format(root=root, port=port))
        log = (state / f"registry-{host}.log").open("ab")
        started.append(subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log))
    return started
