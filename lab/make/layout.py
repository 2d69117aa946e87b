"""Changes an OCI layout's labels or date without making the image again."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any


def link(source: str | Path, target: str | Path) -> None:
    """Make a hard link, or copy to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def changed(layout: Path, target: Path, labels: Mapping[str, str], created: datetime | None = None) -> Path:
    """Copy an image list with more labels and another date: three new documents, hard links for everything else."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(layout, target, copy_function=link)
    index = json.loads((target / "index.json").read_text())
    listing = _blob(target, index["manifests"][0]["digest"])
    manifest = _blob(target, listing["manifests"][0]["digest"])
    config = _blob(target, manifest["config"]["digest"])
    config["config"]["Labels"] |= labels
    config["created"] = f"{created:%Y-%m-%dT%H:%M:%SZ}" if created else config["created"]
    manifest["config"] |= _keep(target, config)
    listing["manifests"][0] |= _keep(target, manifest)
    index["manifests"][0] |= _keep(target, listing)
    (target / "index.json").unlink()
    (target / "index.json").write_text(json.dumps(index))
    return target


def _blob(layout: Path, digest: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
    return document


def _keep(layout: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Write a document into a layout; return its digest and size."""
    content = json.dumps(document).encode()
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}
