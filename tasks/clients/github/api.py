"""GitHub's REST API. Formats: docs.github.com/rest; limits: 60 reads an hour without a token, 5,000 with one."""

import json
from collections.abc import Collection, Iterable
from datetime import date
from os import environ

from packaging.version import Version

from tasks.clients import http
from tasks.clients.github import gh
from tasks.model.errors import TaskError
from tasks.model.github.answers import rows
from tasks.model.kmods import Tarball
from tasks.model.solver.ranges import KernelRange
from tasks.model.versions import zfs_releases

_FORM = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_DENIED, _NOT_FOUND = 403, 404


def openzfs_releases() -> dict[Version, date | None]:
    """The newest 100 OpenZFS releases with dates, newest first, without drafts, prereleases and development markers."""
    what = "OpenZFS's releases could not be read"
    url = f"{address()}/repos/openzfs/zfs/releases?per_page=100"
    entries = rows(http.get_json(url, what=what, headers=headers(required=False)), what)
    releases = zfs_releases(entries)
    if not releases:
        raise TaskError(
            what,
            f"none of the {len(entries)} entries is a release",
            "look at github.com/openzfs/zfs/releases",
        )
    return releases


def openzfs_tarball(version: Version) -> Tarball:
    """The address and the digest of a release's source."""
    what = f"the release {version} of OpenZFS could not be read"
    url = f"{address()}/repos/openzfs/zfs/releases/tags/zfs-{version}"
    document = http.get_json(url, what=what, headers=headers(required=False))
    if document is None:
        raise TaskError(what, f"GitHub has no release zfs-{version}", "look at github.com/openzfs/zfs/releases")
    return Tarball.of(version, document)


def openzfs_meta(version: Version, known: Iterable[KernelRange]) -> KernelRange:
    """The kernels that a release supports, from the META file at its tag; stops if the `known` ones contradict it."""
    what = f"the META file of OpenZFS {version} could not be read"
    text = http.get_text(f"https://raw.githubusercontent.com/openzfs/zfs/zfs-{version}/META", what=what)
    if text is None:
        raise TaskError(what, f"there is no such file at the tag zfs-{version}", "look at github.com/openzfs/zfs/tags")
    stated = KernelRange.from_meta(text, f"META of OpenZFS {version}")
    stated.require_plausible(known, version)
    return stated


def call(
    method: str, path: str, *, what: str, body: object = None, accept_status: Collection[int] = ()
) -> tuple[int, object]:
    """Make one call with the token, and return its status and JSON answer (None if it is empty)."""
    sent = json.dumps(body).encode() if body is not None else None
    known = {*accept_status, _DENIED, _NOT_FOUND}
    answer = http.ask(address() + path, what=what, method=method, headers=headers(), body=sent, accept_status=known)
    document = http.parse_json(answer.body, what, "GitHub") if answer.body else None
    if answer.status in (_DENIED, _NOT_FOUND) and answer.status not in accept_status:
        hint = "check the token's rights: gh auth status; in a workflow, check its permissions"
        raise TaskError(what, f"GitHub answered {answer.status}: {reason(document)}", hint)
    return answer.status, document


def reason(document: object) -> str:
    """Why GitHub refused, in its own words."""
    message = document.get("message") if isinstance(document, dict) else None
    return str(message or "no reason was given")


def who() -> tuple[str, str | None]:
    """The token's user, and its scopes as GitHub lists them (None if it lists none)."""
    what = "the GitHub login could not be tested"
    answer = http.ask(f"{address()}/user", what=what, headers=headers(), accept_status=(_DENIED,))
    account = http.parse_json(answer.body, what, "GitHub")
    name = account.get("login") if isinstance(account, dict) else None
    return str(name or "a workflow's token"), answer.headers.get("X-OAuth-Scopes")


def user() -> str:
    """The user name that belongs to the token; in a workflow, the user who started it."""
    return environ.get("GITHUB_ACTOR") or who()[0]


def address() -> str:
    """The API's address: GitHub's own, or that of the server that runs the workflow."""
    return environ.get("GITHUB_API_URL", "https://api.github.com")


def headers(*, required: bool = True) -> dict[str, str]:
    """The headers of every request; stops if a token is required and missing."""
    token = gh.token()
    if required and not token:
        why = "neither GITHUB_TOKEN nor GH_TOKEN is set, and gh is not logged in"
        raise TaskError("there is no token for GitHub", why, "log in: gh auth login; or set GITHUB_TOKEN")
    return _FORM | ({"Authorization": f"Bearer {token}"} if token else {})
