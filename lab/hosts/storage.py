"""Writes OCI layouts into a registry's storage.

The storage has distribution's own layout (registry/storage/paths.go). Blobs are hard links into the cache, so a world
starts at once and needs no extra space. The cache is safe, because a registry never writes into a blob.
"""

import hashlib
import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from lab.make.layout import link


class Storage:
    """One registry's storage folder."""

    def __init__(self, root: Path) -> None:
        self.top = root / "docker/registry/v2"

    def add(self, name: str, tags: list[str], layout: Path) -> None:
        """Add an image from an OCI layout, with everything it refers to, under a repository's tags."""
        digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
        self._add_manifest(name, digest, layout)
        for tag in tags:
            folder = self.repository(name) / "_manifests/tags" / tag
            self._link(folder / "current", digest)
            self._link(folder / "index/sha256" / digest.partition(":")[2], digest)

    def remove(self, name: str) -> None:
        """Remove a repository."""
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

    def put_manifest(self, name: str, content: bytes, tags: list[str], created: datetime) -> None:
        """Add a manifest under tags, dated `created`."""
        digest = self.put_blob(name, content)
        revision = self.repository(name) / "_manifests/revisions/sha256" / digest.partition(":")[2]
        self._link(revision, digest)
        os.utime(revision / "link", (created.timestamp(), created.timestamp()))
        for tag in tags:
            folder = self.repository(name) / "_manifests/tags" / tag
            self._link(folder / "current", digest)
            self._link(folder / "index/sha256" / digest.partition(":")[2], digest)

    def put_blob(self, name: str, content: bytes) -> str:
        """Add a blob to a repository; return its digest."""
        hexadecimal = hashlib.sha256(content).hexdigest()
        target = self.top / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self._link(self.repository(name) / "_layers/sha256" / hexadecimal, f"sha256:{hexadecimal}")
        return f"sha256:{hexadecimal}"

    def repository(self, name: str) -> Path:
        """Return a repository's folder."""
        return self.top / "repositories" / name

    @staticmethod
    def _link(folder: Path, digest: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link").write_text(digest)
