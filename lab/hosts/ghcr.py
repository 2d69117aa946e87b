"""Replaces GitHub's packages API: its versions are the manifests in the registry's storage; it deletes them there."""

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.hosts.storage import Storage
from lab.hosts.upstreams import Answer

TOKEN = "lab-token"  # noqa: S105  (it opens nothing but the lab)
NARROW_TOKEN = f"{TOKEN}-without-packages"  # may do everything except touch packages
WORKFLOW_TOKEN = f"{TOKEN}-of-a-workflow"  # the token that GitHub gives a run
SCOPES = {
    TOKEN: "repo, workflow, write:packages, delete:packages",
    NARROW_TOKEN: "repo, workflow",
    WORKFLOW_TOKEN: "",
}
_VERSIONS = re.compile(r"/(users|orgs)/([^/]+)/packages/container/([^/]+)/versions(?:/(\d+)(?:/restore)?)?")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A manifest in the storage; GitHub uses a number where the registry uses a digest."""

    digest: str
    created: datetime
    tags: tuple[str, ...]

    def document(self) -> dict[str, object]:
        moment = f"{self.created:%Y-%m-%dT%H:%M:%SZ}"
        metadata = {"package_type": "container", "container": {"tags": list(self.tags)}}
        return {
            "id": _number(self.digest),
            "name": self.digest,
            "created_at": moment,
            "updated_at": moment,
            "metadata": metadata,
        }


class Packages:
    """GitHub's API for the packages of one registry."""

    def __init__(self, registry: Path, trash: Path, owner_kind: str, *, private: bool = False) -> None:
        self.storage = Storage(registry)
        self.trash = trash
        self.owner_kind = owner_kind
        self.private = private

    def answer(self, method: str, path: str, query: dict[str, str], authorization: str) -> Answer | None:
        """Return GitHub's answer; None if the request is not about packages."""
        match = _VERSIONS.fullmatch(path)
        if not match:
            return self._named(path, authorization)
        kind, owner, name, number = match.groups()
        repository = f"{owner}/{name.replace('%2F', '/')}"
        owner_kind = {"users": "User", "orgs": "Organization"}[kind]
        token = authorization.removeprefix("Bearer ")
        if token not in SCOPES:
            return _json({"message": "Requires authentication"}, 401)
        if token == NARROW_TOKEN:
            return _too_narrow()
        if owner_kind != self.owner_kind or not self._manifests(repository).exists():
            return _json({"message": "Package not found."}, 404)
        if not number:
            return self._listing(path, repository, query)
        change = {"GET": self._version, "DELETE": self._delete, "POST": self._restore}[method]
        return change(repository, int(number))

    def _named(self, path: str, authorization: str) -> Answer | None:
        """Return who somebody is, or who can see a package."""
        scopes = SCOPES.get(authorization.removeprefix("Bearer "))
        if path == "/user" and scopes:
            return _json({"login": "owner"}, 200, **{"X-OAuth-Scopes": scopes})
        if re.fullmatch(r"/users/[^/]+", path):
            return _json({"login": path.rpartition("/")[2], "type": self.owner_kind})
        match = re.fullmatch(r"/(?:users|orgs)/([^/]+)/packages/container/([^/]+)", path)
        if not match:
            return None
        owner, name = match.groups()
        if authorization == f"Bearer {NARROW_TOKEN}":
            return _too_narrow()
        if not self._manifests(f"{owner}/{name.replace('%2F', '/')}").exists():
            return _json({"message": "Package not found."}, 404)
        return _json({"name": name, "visibility": "private" if self.private else "public"})

    def _entries(self, repository: str) -> list[_Entry]:
        """List every manifest, newest first."""
        folder, tags, entries = self._manifests(repository), self._tags(repository), []
        for revision in _inside(folder / "revisions/sha256"):
            digest = f"sha256:{revision.name}"
            created = datetime.fromtimestamp(int(Path(revision.path, "link").stat().st_mtime), UTC)
            entries.append(_Entry(digest, created, tuple(sorted(tags.get(digest, [])))))
        return sorted(entries, key=lambda entry: (entry.created, entry.digest), reverse=True)

    def _tags(self, repository: str) -> dict[str, list[str]]:
        """Return the tags of each digest."""
        tags: dict[str, list[str]] = {}
        for tag in _inside(self._manifests(repository) / "tags"):
            with suppress(FileNotFoundError):
                tags.setdefault(Path(tag.path, "current/link").read_text(), []).append(tag.name)
        return tags

    def _manifests(self, repository: str) -> Path:
        return self.storage.repository(repository) / "_manifests"

    def _listing(self, path: str, repository: str, query: dict[str, str]) -> Answer:
        entries, size, page = self._entries(repository), int(query.get("per_page", "30")), int(query.get("page", "1"))
        last = -(-len(entries) // size)
        rows = [entry.document() for entry in entries[(page - 1) * size : page * size]]
        url = f"https://api.github.com{path}?per_page={size}"
        links = {"next": page + 1, "last": last} if page < last else {}
        link = ", ".join(f'<{url}&page={number}>; rel="{name}"' for name, number in links.items())
        return _json(rows, 200, **({"Link": link} if link else {}))

    def _version(self, repository: str, number: int) -> Answer:
        entries = (entry.document() for entry in self._entries(repository) if _number(entry.digest) == number)
        found = next(entries, None)
        return _json(found) if found else _json({"message": "Package version not found."}, 404)

    def _delete(self, repository: str, number: int) -> Answer:
        manifests, tags = self._manifests(repository), self._tags(repository)
        digests = (f"sha256:{revision.name}" for revision in _inside(manifests / "revisions/sha256"))
        digest = next((digest for digest in digests if _number(digest) == number), None)
        if digest is None:
            return _json({"message": "Package version not found."}, 404)
        if list(tags) == [digest]:
            message = "You cannot delete the last tagged version of a package. You must delete the package instead."
            return _json({"message": message}, 400)
        trashed = self.trash / str(number)
        for path in (f"revisions/sha256/{digest[7:]}", *(f"tags/{tag}" for tag in tags.get(digest, []))):
            (trashed / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(manifests / path, trashed / path)
        return Answer(body=b"", status=204)

    def _restore(self, repository: str, number: int) -> Answer:
        trashed = self.trash / str(number)
        if not trashed.exists():
            return _json({"message": "Package version not found."}, 404)
        shutil.copytree(trashed, self.storage.repository(repository) / "_manifests", dirs_exist_ok=True)
        shutil.rmtree(trashed)
        return Answer(body=b"", status=204)


def _number(digest: str) -> int:
    """Return GitHub's number for a version."""
    return int(digest[7:19], 16)


def _inside(folder: Path) -> list[os.DirEntry[str]]:
    return list(os.scandir(folder)) if folder.exists() else []


def _json(document: object, status: int = 200, **headers: str) -> Answer:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(body=json.dumps(document).encode(), status=status, headers={**kind, **headers})


def _too_narrow() -> Answer:
    return _json({"message": "You need at least read:packages scope to list packages."}, 403)
