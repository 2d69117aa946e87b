"""Artifacts attached to an image in its registry: records, attestations and the list of packages.

Formats: the referrers API and its fallback tag in github.com/opencontainers/distribution-spec.
"""

from concurrent.futures import ThreadPoolExecutor

from tasks.clients import registry
from tasks.model.errors import TaskError
from tasks.model.registry.manifest import OCI_INDEX, Descriptor, Manifest, referrers_tag


def of(name: str, subject: str) -> tuple[Descriptor, ...]:
    """The artifacts attached to a digest, from its fallback tag and from the registry's referrers API if it has one.

    Both are read, because a tool that attaches through the API writes no tag.
    """
    with ThreadPoolExecutor(1) as pool:
        listed = pool.submit(_from_api, name, subject)
        tagged = registry.manifest(name, referrers_tag(subject))
        both = (*(tagged.children if tagged else ()), *listed.result())
    return tuple({entry.digest: entry for entry in both}.values())


_without_api: set[str] = set()  # hosts known to have no referrers API


def _from_api(name: str, subject: str) -> tuple[Descriptor, ...]:
    """The artifacts on all pages of the referrers API; empty without the API: GHCR redirects to a page of GitHub."""
    host = name.partition("/")[0]
    what, path = f"the artifacts attached to {name}@{subject} could not be listed", f"referrers/{subject}"
    entries: list[Descriptor] = []
    while path and host not in _without_api:
        answer = registry.get(name, path, what, follow=False)
        page = (
            Manifest.parse(answer.body, what) if answer.headers.get("Content-Type", "").startswith(OCI_INDEX) else None
        )
        if page is None and entries:
            raise TaskError(what, "a page of the list is missing", "try again in a few minutes")
        if page is None:
            _without_api.add(host)
            break
        entries += page.children
        more = registry.NEXT.search(answer.headers.get("Link", ""))
        path = f"referrers/{subject}?{more[1]}" if more else ""
    return tuple(entries)
