"""HTTPS reads: timeouts, retries with backoff, waits that a host asks for, limits on size and time, ETags."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tasks.clients import etags
from tasks.model.errors import TaskError
from tasks.story import say

_Answer = TypeVar("_Answer")
_TIMEOUT_SECONDS = (5, 30)  # to connect, between bytes
_TOTAL_SECONDS = 90
_PATIENCE_SECONDS = 20  # a longer wait is told, not waited for
_PAUSES_SECONDS = (0.5, 2.0)  # where a busy host names none
_MAX_BYTES = 5_000_000
_AGAIN = "check the network, or try again in a few minutes"
_NOT_MODIFIED, _UNAUTHORIZED, _BUSY = 304, 401, (403, 429, 503)


@cache
def _session() -> requests.Session:
    """One session for every read: connections are reused, and reads alone are repeated."""
    retry = Retry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=(500, 502, 504),
        respect_retry_after_header=False,  # `_patiently` does, with a limit
        raise_on_status=False,
    )
    session = requests.Session()
    session.adapters.clear()  # so that no redirect can lead to an address without TLS
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.headers["User-Agent"] = "custom-coreos"
    return session


def get_json(url: str, *, what: str, headers: Mapping[str, str] | None = None) -> object:
    """The JSON document at `url`; None when the server says that there is none (404)."""
    return _read(url, what, headers, lambda body: _parse(body, what, urlsplit(url).hostname or url))


def get_text(url: str, *, what: str) -> str | None:
    """The text at `url`; None when the server says that there is none (404)."""
    return _read(url, what, None, lambda body: body.decode(errors="replace"))


def _read(url: str, what: str, headers: Mapping[str, str] | None, parse: Callable[[bytes], _Answer]) -> _Answer | None:
    """The parsed answer; one that cannot be parsed is not kept."""
    kept = etags.load(url)
    conditional = {"If-None-Match": kept.etag} if kept else {}
    response, body = _patiently(url, what, {**(headers or {}), **conditional})
    if response.status_code == requests.codes.not_found:
        return None
    if kept and response.status_code == _NOT_MODIFIED:
        return parse(kept.body)
    parsed = parse(body)
    etags.keep(url, response.headers.get("ETag", ""), body)
    return parsed


def _patiently(url: str, what: str, headers: Mapping[str, str]) -> tuple[requests.Response, bytes]:
    """An answer that says yes or 404, with its body; waits where the host asks for a moment."""
    host = urlsplit(url).hostname or url
    for pause in (*_PAUSES_SECONDS, None):
        response, body = _once(url, what, headers, host)
        wait = _asked_wait(response.status_code, response.headers, pause)
        if wait is None:
            break
        if pause is None or wait > _PATIENCE_SECONDS:
            raise _limited(response, what, host, wait)
        say(f"{host} asks for {wait:.0f} s of patience")
        time.sleep(wait)
    _check(response, what, host)
    return response, body


def _once(url: str, what: str, headers: Mapping[str, str], host: str) -> tuple[requests.Response, bytes]:
    try:
        with _session().get(url, headers=headers, timeout=_TIMEOUT_SECONDS, stream=True) as response:
            return response, _body(response, what)
    except requests.exceptions.InvalidSchema as error:
        raise TaskError(what, f"{host} led to an address without TLS", "do not go on over this network") from error
    except requests.RequestException as error:
        raise TaskError(what, f"{host} did not answer: {_cause(error)}", _AGAIN) from error


def _asked_wait(status: int, headers: Mapping[str, str], pause: float | None) -> float | None:
    """Seconds that a busy host wants us to wait, by its own clock; None when it is not busy."""
    limited = headers.get("x-ratelimit-remaining") == "0"
    if status not in _BUSY or (status == requests.codes.forbidden and not limited and "Retry-After" not in headers):
        return None
    now, after = _date(headers.get("Date", "")) or datetime.now(UTC), headers.get("Retry-After", "")
    if after.isdigit():
        return float(after)
    until = _date(after)
    if until is None and limited and headers.get("x-ratelimit-reset", "").isdigit():
        until = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
    return max(1.0, (until - now).total_seconds()) if until else pause or 0


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _limited(response: requests.Response, what: str, host: str, wait: float) -> TaskError:
    now = _date(response.headers.get("Date", "")) or datetime.now(UTC)
    more = datetime.fromtimestamp(now.timestamp() + wait, UTC)
    token = "" if "Authorization" in response.request.headers or not host.endswith("github.com") else "set GITHUB_TOKEN"
    return TaskError(
        what, f"{host} answered {response.status_code}: it allows more at {more:%H:%M} UTC",
        f"wait until then{f', or {token}' if token else ''}",
    )  # fmt: skip


def _check(response: requests.Response, what: str, host: str) -> None:
    """Refuse an answer that says no."""
    if response.status_code == _UNAUTHORIZED:
        raise TaskError(what, f"{host} does not accept the token", "correct or unset GITHUB_TOKEN and GH_TOKEN")
    if not response.ok and response.status_code != requests.codes.not_found:
        raise TaskError(what, f"{host} answered {response.status_code} {response.reason}", _AGAIN)


def _body(response: requests.Response, what: str) -> bytes:
    """The body, unless it is too large or takes too long."""
    body, end = bytearray(), time.monotonic() + _TOTAL_SECONDS
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > _MAX_BYTES:
            raise TaskError(
                what, f"{response.url} is larger than {_MAX_BYTES} bytes", "this is not the document it should be"
            )
        if time.monotonic() > end:
            raise TaskError(what, f"{response.url} takes longer than {_TOTAL_SECONDS} s", _AGAIN)
    return bytes(body)


def _parse(body: bytes, what: str, host: str) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON"
        raise TaskError(what, f"{host} answered with {kind}", _AGAIN) from error


def _cause(error: requests.RequestException) -> str:
    """The innermost reason, without the object names around it."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    return str(reason).rsplit(": ", 1)[-1].strip(" '\")") or type(error).__name__
