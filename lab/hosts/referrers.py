"""OCI's referrers API, which ghcr.io has in the worlds that say so: what names a digest as its subject.

Form: github.com/opencontainers/distribution-spec, Listing Referrers. What has a subject is found in the storage.
"""

import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.hosts.storage import Storage

INDEX = "application/vnd.oci.image.index.v1+json"
PATH = re.compile(r"/v2/(.+)/referrers/(sha256:[0-9a-f]{64})")
_PAGE = 1  # so few, that every list has pages
_ELSEWHERE = "https://github.com/-/v2/packages/container/package/{}%2Freferrers%2Fsha256"  # as ghcr.io has it today


def answer(request: web.Request, registry: Path, *, has_api: bool) -> web.Response | None:
    """The answer to a question for referrers; None for any other request."""
    asked = PATH.fullmatch(request.path)
    if not asked:
        return None
    repository, subject = asked.groups()
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
    """The digest that a manifest is attached to; nothing for one that is not."""
    document = json.loads(manifest)
    return str(document["subject"]["digest"]) if "subject" in document else ""


def _attached(storage: Storage, repository: str, subject: str) -> list[dict[str, Any]]:
    """A descriptor of everything that is attached to a digest."""
    found = []
    for revision in sorted((storage.repository(repository) / "_manifests/revisions/sha256").glob("*/link")):
        hexadecimal = revision.parent.name
        content = (storage.top / "blobs/sha256" / hexadecimal[:2] / hexadecimal / "data").read_bytes()
        if subject_of(content) == subject:
            document = json.loads(content)
            kind = document.get("artifactType") or document["config"]["mediaType"]
            found.append({
                "mediaType": document["mediaType"], "digest": f"sha256:{hexadecimal}", "size": len(content),
                "artifactType": kind, "annotations": document.get("annotations", {}),
            })  # fmt: skip
    return found
