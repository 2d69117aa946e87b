"""Waits that a host asks for, and answers kept with their ETag."""

from pathlib import Path

import pytest

from tasks.clients import etags
from tasks.clients.http import _asked_wait

DATE = {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}
SECONDS = 1795435200  # the same moment since the epoch


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (200, {}, None),
        (404, {}, None),
        (403, {}, None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(SECONDS + 7), **DATE}, 7),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(SECONDS - 7), **DATE}, 1),
        (429, {"Retry-After": "3", **DATE}, 3),
        (403, {"Retry-After": "3600", **DATE}, 3600),
        (503, {"Retry-After": "Mon, 23 Nov 2026 12:00:05 GMT", **DATE}, 5),
        (503, {"Retry-After": "soon", **DATE}, 0.5),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "null", **DATE}, 0.5),
    ],
)
def test_a_wait_is_counted_by_the_hosts_own_clock(status: int, headers: dict[str, str], wait: float | None) -> None:
    """Ours may be two days off; what is no number is no wait of that kind."""
    assert _asked_wait(status, headers, 0.5) == wait


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with one answer; returns its file."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(tmp_path))
    etags.keep("https://x/1", 'W/"1"', b'{"a": 1}\n')
    return next((tmp_path / "http").iterdir())


@pytest.mark.usefixtures("kept")
def test_an_answer_is_kept_with_its_etag() -> None:
    """For its own address alone, and only with an ETag."""
    found = etags.load("https://x/1")
    assert found == etags.Kept('W/"1"', b'{"a": 1}\n')
    assert etags.load("https://x/2") is None
    etags.keep("https://x/2", "", b"{}")
    assert etags.load("https://x/2") is None


def test_an_answer_that_is_not_whole_is_dropped(kept: Path) -> None:
    """Cut at any place, or another file in its place."""
    whole = kept.read_bytes()
    for spoiled in (*(whole[:length] for length in range(len(whole))), b"null\n{}", b"[]\n", b"\xff\n"):
        kept.write_bytes(spoiled)
        assert etags.load("https://x/1") is None
        assert not kept.exists()


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder's name is taken by a file."""
    (tmp_path / "custom-coreos").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    etags.keep("https://x/1", '"1"', b"{}")
    assert etags.load("https://x/1") is None
