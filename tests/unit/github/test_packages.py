"""The versions of a package, while somebody else changes them."""

import json
from collections.abc import Callable

import pytest

from tasks.clients import http
from tasks.clients.github import packages
from tasks.model.errors import TaskError

PER_PAGE = 100


class _GitHub:
    """Lists versions by number in pages; `change` may change them before each page is read."""

    def __init__(self, number: int, change: Callable[[list[int], int], None]) -> None:
        self.versions, self.change, self.pages = list(range(number)), change, 0

    def ask(self, url: str, **_: object) -> http.Answer:
        self.pages += 1
        self.change(self.versions, self.pages)
        page = int(url.rpartition("=")[2])
        last = -(-len(self.versions) // PER_PAGE)
        rows = [
            {"id": each, "name": f"sha256:{each}", "created_at": "2026-11-20T06:00:00Z",
             "metadata": {"container": {"tags": []}}}
            for each in self.versions[(page - 1) * PER_PAGE : page * PER_PAGE]
        ]  # fmt: skip
        headers = {"Link": f'<https://api.github.com/x?page={last}>; rel="last"'} if last > 1 else {}
        return http.Answer(status=200, headers=headers, body=json.dumps(rows).encode())


def listed(monkeypatch: pytest.MonkeyPatch, github: _GitHub) -> set[int]:
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    monkeypatch.setattr(http, "ask", github.ask)
    monkeypatch.setattr(packages, "_AT_ONCE", 1)  # one page after the other, so that the test knows which
    return {version.id for version in packages.GhcrPackage("ghcr.io/o/n", "/x").versions() or ()}


def test_a_version_that_moves_to_another_page_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another cleanup deletes one between the pages; cleanup could take what a missed version needs for unused."""

    def delete(versions: list[int], page: int) -> None:
        if page == 2:
            versions.remove(0)

    assert listed(monkeypatch, _GitHub(250, delete)) == set(range(1, 250))


def test_versions_that_never_stand_still_stop_the_cleanup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page shifts."""
    with pytest.raises(TaskError, match="they change while they are listed"):
        listed(monkeypatch, _GitHub(250, lambda versions, _: versions.remove(versions[0])))


def test_one_page_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can shift within it."""
    github = _GitHub(100, lambda _versions, _page: None)
    assert listed(monkeypatch, github) == set(range(100))
    assert github.pages == 1
