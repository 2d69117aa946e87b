"""What is attached to an image in its registry: records, attestations and the list of packages.

Forms: the referrers API and its fallback tag in github.com/opencontainers/distribution-spec.
"""

from concurrent.futures import ThreadPoolExecutor

from tasks.clients import registry
from tasks.model.errors import TaskError
from tasks.model.registry.manifest import OCI_INDEX, Descriptor, Manifest, referrers_tag


def of(name: str, subject: str) -> tuple[Descriptor, ...]:
    """What is attached to a digest: under its fallback tag, and by the registry's referrers API where it has one.

    Both are read, since who attaches with a registry that has the API writes no tag.
    """
    with ThreadPoolExecutor(1) as pool:
        listed = pool.submit(_from_api, name, subject)
        tagged = registry.manifest(name, referrers_tag(subject))
        both = (*(tagged.children if tagged else ()), *listed.result())
    return tuple({entry.digest: entry for entry in both}.values())


_without_api: set[str] = set()  # hosts that were found to have no referrers API


def _from_api(name: str, subject: str) -> tuple[Descriptor, ...]:
    """What the referrers API lists, in all pages; nothing without the API, where GHCR leads to a page of GitHub's."""
    host = name.partition("/")[0]
    what, path = f"what is attached to {name}@{subject} could not be listed", f"referrers/{subject}"
    found: list[Descriptor] = []
    while path and host not in _without_api:
        answer = registry.get(name, path, what, follow=False)
        page = (
            Manifest.parse(answer.body, what) if answer.headers.get("Content-Type", "").startswith(OCI_INDEX) else None
        )
        if page is None and found:
            raise TaskError(what, "a page of the list is missing", "try again in a few minutes")
        if page is None:
            _without_api.add(host)
            break
        found += page.children
        more = registry.NEXT.search(answer.headers.get("Link", ""))
        path = f"referrers/{subject}?{more[1]}" if more else ""
    return tuple(found)
