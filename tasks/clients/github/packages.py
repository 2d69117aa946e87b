"""Container packages on GitHub: list, delete and restore versions. Formats: docs.github.com/rest/packages."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from tasks.clients import http, registry
from tasks.clients.github import api, gh
from tasks.model.errors import TaskError
from tasks.model.github.answers import rows, unexpected
from tasks.model.github.repo_settings import package_page
from tasks.model.registry.retention import PackageVersion

_PAGE = 100
_AT_ONCE = 8
_LISTINGS = 4  # after the first, until two are equal
_NOT_FOUND = 404
_FORBIDDEN = 403
_REFUSED = (400, _FORBIDDEN)
_PATIENCE_SECONDS = 120  # GitHub limits deletions per minute, and asks for a wait of a minute
_LAST = re.compile(r'<[^>]*[?&]page=(\d+)[^>]*>; *rel="last"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """GitHub's refusal to delete a version: the HTTP status and GitHub's reason."""

    status: int
    reason: str

    def __str__(self) -> str:
        """Show status and reason."""
        return f"{self.status}: {self.reason}"

    @property
    def is_forbidden(self) -> bool:
        """Whether the token lacks the right; GitHub refuses a single version, for its downloads, with 400."""
        return self.status in (_FORBIDDEN, _NOT_FOUND)


@dataclass(frozen=True, slots=True)
class GhcrPackage:
    """A container package by its owner and name; `path` is its place in GitHub's API."""

    name: str
    path: str

    @classmethod
    def of(cls, image: str) -> "GhcrPackage":
        """The package of an image, owned by a user or an organisation."""
        owner, _, name = image.partition("/")[2].partition("/")
        api.headers()  # stops here without a token
        return cls(image, f"/{kind(owner)}/{owner}/packages/container/{quote(name, safe='')}/versions")

    def versions(self) -> tuple[PackageVersion, ...] | None:
        """Every active version, from all pages; None if the package does not exist yet.

        What is published or deleted between two pages shifts the rest, and a version could be missed: several pages
        are listed until two listings are equal.
        """
        before, number = self._listing()
        if number <= 1:
            return before
        for _ in range(_LISTINGS):
            after, _ = self._listing()
            if after == before:
                return after
            before = after
        what, why = f"the versions of {self.name} could not be listed", "they change while they are listed"
        raise TaskError(what, why, "wait until no other run publishes or deletes, then run it again")

    def _listing(self) -> tuple[tuple[PackageVersion, ...] | None, int]:
        """Every version by its id, and the number of pages."""
        first = self._page(1)
        if first.status == _NOT_FOUND:
            return None, 0
        last = _LAST.search(first.headers.get("Link", ""))
        number = int(last[1]) if last else 1
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pages = [first, *pool.map(self._page, range(2, number + 1))]
        versions = {version.id: version for page in pages for version in self._rows(page.body)}
        return tuple(versions[each] for each in sorted(versions)), number

    def _page(self, number: int) -> http.Answer:
        what = f"the versions of {self.name} could not be listed"
        url = f"{api.address()}{self.path}?state=active&per_page={_PAGE}&page={number}"
        refused = (*_REFUSED, _NOT_FOUND)
        answer = http.ask(url, what=what, headers=api.headers(), accept_status=refused)
        if answer.status == _NOT_FOUND and registry.is_absent(self.name, api.user(), gh.token()):
            return answer  # GitHub also answers 404 for a package that the token may not see; the registry does not
        if answer.status in refused:
            why = f"GitHub answered {answer.status}: {api.reason(http.parse_json(answer.body, what, 'GitHub'))}"
            hint = "a personal token must be a classic one with read:packages and delete:packages; set GITHUB_TOKEN"
            raise TaskError(what, why, hint)
        return answer

    def _rows(self, body: bytes) -> list[PackageVersion]:
        what = f"the versions of {self.name} could not be listed"
        return [_version(row, what) for row in rows(http.parse_json(body, what, "GitHub"), what)]

    def delete(self, version: PackageVersion) -> Refusal | None:
        """Delete a version; return GitHub's refusal, if any. A version that is already gone is not a refusal.

        GitHub also answers 404 where the token lacks a right, so a version that it still shows was refused.
        """
        what = f"version {version.id} of {self.name} could not be deleted"
        url = f"{api.address()}{self.path}/{version.id}"
        accepted = (*_REFUSED, _NOT_FOUND)
        answer = http.ask(
            url, what=what, method="DELETE", headers=api.headers(), accept_status=accepted, patience=_PATIENCE_SECONDS
        )
        if answer.status == _NOT_FOUND:
            seen = http.ask(url, what=what, headers=api.headers(), accept_status=accepted)
            hidden = "it denies that the version exists, and still shows it"
            return None if seen.status == _NOT_FOUND else Refusal(_NOT_FOUND, hidden)
        if answer.status not in _REFUSED:
            return None
        return Refusal(answer.status, api.reason(http.parse_json(answer.body, what, "GitHub")))

    @property
    def page(self) -> str:
        """The package's page, with its settings."""
        return page(self.name)

    def restore_command(self, version: PackageVersion) -> str:
        """The command that restores a deleted version, within 30 days."""
        return f"gh api -X POST {self.path}/{version.id}/restore"


def kind(owner: str) -> str:
    """The kind of an owner in GitHub's paths: `users` or `orgs`; works without a token."""
    what = f"{owner} could not be read"
    url = f"{api.address()}/users/{owner}"
    answer = http.ask(url, what=what, headers=api.headers(required=False), accept_status=(_NOT_FOUND,))
    account = http.parse_json(answer.body, what, "GitHub") if answer.status != _NOT_FOUND else None
    if not isinstance(account, dict):
        raise TaskError(what, f"GitHub has no user or organisation {owner}", "correct image in invoke.yaml")
    return "orgs" if account.get("type") == "Organization" else "users"


def page(image: str) -> str:
    """The page where a package's visibility is set; if the owner's kind is unknown, a page that links to it."""
    owner, _, name = image.partition("/")[2].partition("/")
    try:
        return package_page(kind(owner), owner, name)
    except TaskError:
        return f"https://github.com/{owner}/{name}/pkgs/container/{quote(name, safe='')}"


def _version(row: Mapping[str, object], what: str) -> PackageVersion:
    """Read a version in a listing."""
    match row:
        case {
            "id": int(number),
            "name": str(name),
            "created_at": str(created),
            "metadata": {"container": {"tags": [*tags]}},
        } if name.startswith("sha256:"):
            with suppress(ValueError):
                moment = datetime.fromisoformat(created)
                return PackageVersion(id=number, digest=name, created=moment, tags=tuple(map(str, tags)))
    raise unexpected(what, row)
