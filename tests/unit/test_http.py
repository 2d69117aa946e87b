"""Waits that a host asks for."""

import pytest

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
    """Ours may be off by two days; a value that is not a number is not such a wait."""
    assert _asked_wait(status, headers, 0.5) == wait
