"""Registries, read through skopeo: digests, labels and tags; nothing is pulled."""

import json

from tasks.clients import shell
from tasks.model.errors import TaskError
from tasks.model.image import BaseImage

_SKOPEO = ("skopeo", "--override-os=linux", "--override-arch=amd64")
_RETRIES = "--retry-times=2"


def inspect(name: str, reference: str) -> BaseImage:
    """Digest and labels of `name:tag`, or of `name@digest`; of a manifest list, the list's digest."""
    image = f"{name}{'@' if ':' in reference else ':'}{reference}"
    what = f"{image} could not be read"
    document = _json([*_SKOPEO, "inspect", _RETRIES, "--no-tags", f"docker://{image}"], what)
    digest, labels = document.get("Digest"), document.get("Labels")
    if not isinstance(digest, str) or not isinstance(labels, dict | None):
        raise TaskError(
            what, "skopeo's answer has no digest or no labels", f"look at it: skopeo inspect docker://{image}"
        )
    return BaseImage(name=name, digest=digest, labels={str(key): str(value) for key, value in (labels or {}).items()})


def tags(name: str) -> tuple[str, ...]:
    """Every tag of a repository, in one listing."""
    what = f"the tags of {name} could not be read"
    found = _json([*_SKOPEO, "list-tags", _RETRIES, f"docker://{name}"], what).get("Tags")
    if not isinstance(found, list):
        raise TaskError(what, "skopeo's answer has no list of tags", f"look at it: skopeo list-tags docker://{name}")
    return tuple(str(tag) for tag in found)


def _json(argv: list[str], what: str) -> dict[str, object]:
    answer = shell.query(argv, what=what)
    try:
        document = json.loads(answer)
    except ValueError as error:
        raise TaskError(what, f"skopeo's answer is not JSON: {error}", "try again in a few minutes") from error
    if not isinstance(document, dict):
        raise TaskError(what, "skopeo's answer is no JSON object", "try again in a few minutes")
    return document
