"""GitHub's REST API. Forms: docs.github.com/rest; read limits: 60 an hour without a token, 5,000 with one."""

from datetime import date
from os import environ

from packaging.version import Version

from tasks.clients import gh, http
from tasks.model.compat import KernelRange
from tasks.model.errors import TaskError
from tasks.model.versions import zfs_releases

API_VERSION = "2022-11-28"


def openzfs_releases() -> dict[Version, date | None]:
    """The newest 100 releases of OpenZFS less drafts, prereleases and development markers; newest first, with dates."""
    what = "OpenZFS's releases could not be read"
    entries = _get("/repos/openzfs/zfs/releases?per_page=100", what)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TaskError(what, "GitHub's answer is no list of releases", "try again in a few minutes")
    releases = zfs_releases(entries)
    if not releases:
        raise TaskError(
            what,
            f"none of the {len(entries)} entries is a release",
            "look at github.com/openzfs/zfs/releases",
        )
    return releases


def openzfs_meta(version: Version) -> KernelRange:
    """The kernels that a release supports, from the META file at its tag."""
    what = f"the META file of OpenZFS {version} could not be read"
    text = http.get_text(f"https://raw.githubusercontent.com/openzfs/zfs/zfs-{version}/META", what=what)
    if text is None:
        raise TaskError(what, f"there is none at the tag zfs-{version}", "look at github.com/openzfs/zfs/tags")
    return KernelRange.from_meta(text, f"META of OpenZFS {version}")


def _get(path: str, what: str) -> object:
    base = environ.get("GITHUB_API_URL", "https://api.github.com")
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
    token = gh.token()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return http.get_json(f"{base}{path}", what=what, headers=headers)
