"""Container packages on GitHub: their versions listed, deleted and restored. Forms: docs.github.com/rest/packages."""

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
_NOT_FOUND = 404
_REFUSED = (400, 403)
_PATIENCE_SECONDS = 120  # GitHub lets only so many deletions through in a minute, and asks for one
_LAST = re.compile(r'<[^>]*[?&]page=(\d+)[^>]*>; *rel="last"')


@dataclass(frozen=True, slots=True)
class GhcrPackage:
    """A container package by its owner and name; `path` is its place in GitHub's API."""

    name: str
    path: str

    @classmethod
    def of(cls, image: str) -> "GhcrPackage":
        """The package behind an image's name, of a user or of an organisation."""
        owner, _, name = image.partition("/")[2].partition("/")
        api.headers()  # stops here where there is no token
        return cls(image, f"/{kind(owner)}/{owner}/packages/container/{quote(name, safe='')}/versions")

    def versions(self) -> tuple[PackageVersion, ...] | None:
        """Every active version, of all pages; None where the package does not exist yet."""
        first = self._page(1)
        if first.status == _NOT_FOUND:
            return None
        last = _LAST.search(first.headers.get("Link", ""))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pages = [first, *pool.map(self._page, range(2, int(last[1]) + 1 if last else 2))]
        versions = [version for page in pages for version in self._rows(page.body)]
        return tuple({version.id: version for version in versions}.values())  # a page may shift meanwhile

    def _page(self, number: int) -> http.Answer:
        what = f"the versions of {self.name} could not be listed"
        url = f"{api.address()}{self.path}?state=active&per_page={_PAGE}&page={number}"
        refused = (*_REFUSED, _NOT_FOUND)
        answer = http.ask(url, what=what, headers=api.headers(), accept_status=refused)
        if answer.status == _NOT_FOUND and registry.is_absent(self.name, api.user(), gh.token()):
            return answer  # GitHub says this too of a package that the token may not see, and the registry does not
        if answer.status in refused:
            why = f"GitHub answered {answer.status}: {api.reason(http.parse_json(answer.body, what, 'GitHub'))}"
            hint = "a personal token must be a classic one with read:packages and delete:packages; set GITHUB_TOKEN"
            raise TaskError(what, why, hint)
        return answer

    def _rows(self, body: bytes) -> list[PackageVersion]:
        what = f"the versions of {self.name} could not be listed"
        return [_version(row, what) for row in rows(http.parse_json(body, what, "GitHub"), what)]

    def delete(self, version: PackageVersion) -> str:
        """Delete a version; returns why GitHub refused, or nothing. One that is gone already is no refusal."""
        what = f"version {version.id} of {self.name} could not be deleted"
        url = f"{api.address()}{self.path}/{version.id}"
        taken = (*_REFUSED, _NOT_FOUND)
        answer = http.ask(
            url, what=what, method="DELETE", headers=api.headers(), accept_status=taken, patience=_PATIENCE_SECONDS
        )
        if answer.status not in _REFUSED:
            return ""
        return f"{answer.status}: {api.reason(http.parse_json(answer.body, what, 'GitHub'))}"

    def restore_command(self, version: PackageVersion) -> str:
        """What restores a deleted version within 30 days."""
        return f"gh api -X POST {self.path}/{version.id}/restore"


def kind(owner: str) -> str:
    """Where GitHub keeps what belongs to an owner: `users` or `orgs`; asked without a token too."""
    what = f"{owner} could not be read"
    url = f"{api.address()}/users/{owner}"
    answer = http.ask(url, what=what, headers=api.headers(required=False), accept_status=(_NOT_FOUND,))
    found = http.parse_json(answer.body, what, "GitHub") if answer.status != _NOT_FOUND else None
    if not isinstance(found, dict):
        raise TaskError(what, f"GitHub knows no {owner}", "correct image in invoke.yaml")
    return "orgs" if found.get("type") == "Organization" else "users"


def page(image: str) -> str:
    """Where a package's visibility is set; where GitHub does not tell whose it is, an address that leads there."""
    owner, _, name = image.partition("/")[2].partition("/")
    try:
        return package_page(kind(owner), owner, name)
    except TaskError:
        return f"https://github.com/{owner}/{name}/pkgs/container/{quote(name, safe='')}"


def _version(row: Mapping[str, object], what: str) -> PackageVersion:
    """A version in a listing."""
    match row:
        case {
            "id": int(number),
            "name": str(name),
            "created_at": str(created),
            "metadata": {"container": {"tags": [*tags]}},
        } if name.startswith("sha256:"):
            with suppress(ValueError):
                made = datetime.fromisoformat(created)
                return PackageVersion(id=number, digest=name, created=made, tags=tuple(map(str, tags)))
    raise unexpected(what, row)
