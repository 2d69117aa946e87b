"""OCI's referrers API: it lists what names a digest as its subject. Only some worlds' ghcr.io has it.

Source: github.com/opencontainers/distribution-spec, Listing Referrers. It searches the storage for subjects.
"""

import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.hosts.storage import Storage

INDEX = "application/vnd.oci.image.index.v1+json"
PATH = re.compile(r"/v2/(.+)/referrers/(sha256:[0-9a-f]{64})")
_PAGE = 1  # so small that every list has pages
_ELSEWHERE = "https://github.com/-/v2/packages/container/package/{}%2Freferrers%2Fsha256"  # where ghcr.io redirects


def answer(request: web.Request, registry: Path, *, has_api: bool) -> web.Response | None:
    """Return the answer to a request for referrers; None for any other request."""
    match = PATH.fullmatch(request.path)
    if not match:
        return None
    repository, subject = match.groups()
    if not has_api:
        return web.Response(status=303, headers={"Location": _ELSEWHERE.format(repository.replace("/", "%2F"))})
    entries = _attached(Storage(registry), repository, subject)
    start = int(request.query.get("after", "0"))
    page = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries[start : start + _PAGE]}
    response = web.Response(body=json.dumps(page).encode(), content_type=INDEX)
    if start + _PAGE < len(entries):
        response.headers["Link"] = f'<{request.path}?after={start + _PAGE}>; rel="next"'
    return response


def subject_of(manifest: bytes) -> str:
    """Return the digest that a manifest is attached to; an empty string if there is none."""
    document = json.loads(manifest)
    return str(document["subject"]["digest"]) if "subject" in document else ""


def _attached(storage: Storage, repository: str, subject: str) -> list[dict[str, Any]]:
    """Return a descriptor of everything that is attached to a digest."""
    descriptors = []
    for revision in sorted((storage.repository(repository) / "_manifests/revisions/sha256").glob("*/link")):
        hexadecimal = revision.parent.name
        content = (storage.top / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data").read_bytes()
        if subject_of(content) == subject:
            document = json.loads(content)
            kind = document.get("artifactType") or document["config"]["mediaType"]
            descriptors.append({
                "mediaType": document["mediaType"], "digest": f"sha256:{hexadecimal}", "size": len(content),
                "artifactType": kind, "annotations": document.get("annotations", {}),
            })  # fmt: skip
    return descriptors
