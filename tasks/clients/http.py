"""HTTPS with timeouts, retries with backoff, waits that a host asks for, and limits on size and time."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from tasks.clients import audit, http_session
from tasks.console import say
from tasks.model import hints, json_text
from tasks.model.errors import TaskError
from tasks.model.words import without_signatures

_Answer = TypeVar("_Answer")
_TIMEOUT_SECONDS = (5, 20)  # to connect, between bytes
_TOTAL_SECONDS = 90
_PATIENCE_SECONDS = 20  # a longer wait is an error
_PAUSES_SECONDS = (0.5, 2.0)  # if a busy host names no wait
_MAX_BYTES = 5_000_000
_AGAIN = "check the network, or try again in a few minutes"
_UNAUTHORIZED, _NOT_FOUND, _UNAVAILABLE, _BUSY = 401, 404, 503, (403, 429, 503)


class _CutError(TaskError):
    """A server's answer ended within its body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A server's answer."""

    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes


def get_json(url: str, *, what: str, headers: Mapping[str, str] | None = None) -> object:
    """The JSON document at `url`; None if the server answers 404."""
    return _read(url, what, headers, lambda body: parse_json(body, what, urlsplit(url).hostname or url))


def get_text(url: str, *, what: str) -> str | None:
    """The text at `url`; None if the server answers 404."""
    return _read(url, what, None, lambda body: body.decode(errors="replace"))


def ask(
    url: str,
    *,
    what: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    accept_status: Collection[int] = (),
    max_bytes: int = _MAX_BYTES,
    patience: float = _PATIENCE_SECONDS,
    seconds: float = _TOTAL_SECONDS,
    follow: bool = True,
) -> Answer:
    """Send one request. Raises for an error status not in `accept_status`; without `follow`, returns a redirect.

    If a host asks for a wait, this waits up to `patience` seconds and repeats the request; a longer wait is an error.
    After a failure, every method except POST is repeated. A POST is repeated only if the server did not carry it out.
    """
    return _patiently(
        _Request(method, url, what, headers or {}, accept_status, max_bytes, patience, body, seconds, follow)
    )


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, its limits, and the error statuses that it accepts."""

    method: str
    url: str
    what: str
    headers: Mapping[str, str]
    accept_status: Collection[int]
    max_bytes: int = _MAX_BYTES
    patience: float = _PATIENCE_SECONDS
    body: bytes | None = None
    seconds: float = _TOTAL_SECONDS
    follow: bool = True

    @property
    def host(self) -> str:
        """The host's name, for messages."""
        return urlsplit(self.url).hostname or self.url


def _read(url: str, what: str, headers: Mapping[str, str] | None, parse: Callable[[bytes], _Answer]) -> _Answer | None:
    """The parsed answer; None for a 404."""
    answer = _patiently(_Request("GET", url, what, headers or {}, (_NOT_FOUND,)))
    return None if answer.status == _NOT_FOUND else parse(answer.body)


def _patiently(request: _Request) -> Answer:
    """Return an accepted answer; wait if the host asks for it."""
    for pause in (*_PAUSES_SECONDS, None):
        answer = _once(request)
        wait = _asked_wait(answer.status, answer.headers, pause)
        if wait is None or (request.method not in http_session.REPEATED and answer.status == _UNAVAILABLE):
            break
        if pause is None or wait > request.patience:
            raise _limited(request, answer, wait)
        say(f"{request.host} is busy: retrying in {wait:.0f} s")
        time.sleep(wait)
    if answer.status not in request.accept_status:
        _check(request, answer)
    return answer


def _once(request: _Request) -> Answer:
    """Return the whole answer; repeat a request whose answer was cut, unless a repetition may do harm."""
    for pause in _PAUSES_SECONDS if request.method in http_session.REPEATED else ():
        try:
            return _tried(request)
        except _CutError:
            time.sleep(pause)
    return _tried(request)


def _tried(request: _Request) -> Answer:
    what, host = request.what, request.host
    try:
        with audit.reported(f"{request.method} {request.url}"):
            return _in_time(request)
    except requests.exceptions.InvalidSchema as error:
        raise TaskError(what, f"{host} led to an address without TLS", "do not continue on this network") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise _CutError(what, f"{host} ended the connection before its answer was complete", _AGAIN) from error
    except requests.RequestException as error:
        cause = _cause(error)
        raise TaskError(what, f"{host} did not answer: {cause}", hints.following(cause, _AGAIN)) from error


def _in_time(request: _Request) -> Answer:
    """Send a request, and leave it to itself after its time."""
    try:
        return http_session.within(request.seconds, lambda: _send(request))
    except TimeoutError as error:
        why = f"the answer of {request.host} takes longer than {request.seconds:.0f} s"
        raise TaskError(request.what, why, _AGAIN) from error


def _send(request: _Request) -> Answer:
    with http_session.session().request(
        request.method,
        request.url,
        headers=request.headers,
        data=request.body,
        timeout=_TIMEOUT_SECONDS,
        stream=True,
        allow_redirects=request.follow,
    ) as response:
        return Answer(status=response.status_code, headers=response.headers, body=_body(response, request))


def _asked_wait(status: int, headers: Mapping[str, str], pause: float | None) -> float | None:
    """Seconds that a busy host asks us to wait, by its own clock; None if it is not busy."""
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
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _limited(request: _Request, answer: Answer, wait: float) -> TaskError:
    now = _date(answer.headers.get("Date", "")) or datetime.now(UTC)
    more = datetime.fromtimestamp(now.timestamp() + wait, UTC)
    token = "" if "Authorization" in request.headers or not request.host.endswith("github.com") else "set GITHUB_TOKEN"
    return TaskError(
        request.what, f"{request.host} answered {answer.status}: it accepts requests again at {more:%H:%M} UTC",
        f"wait until then{f', or {token}' if token else ''}",
    )  # fmt: skip


def _check(request: _Request, answer: Answer) -> None:
    """Raise for an error status."""
    if answer.status == _UNAUTHORIZED:
        hint = "correct or unset GITHUB_TOKEN and GH_TOKEN"
        raise TaskError(request.what, f"{request.host} does not accept the token", hint)
    if answer.status >= requests.codes.bad_request:
        raise TaskError(
            request.what, f"{request.host} answered {answer.status} {_reason(answer.status)}".rstrip(), _AGAIN
        )


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _body(response: requests.Response, request: _Request) -> bytes:
    """Read the body; stop if it is too large."""
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > request.max_bytes:
            why = f"the answer of {urlsplit(response.url).hostname} is larger than {request.max_bytes} bytes"
            raise TaskError(request.what, why, "check the address: this is not the expected document")
    return bytes(body)


def parse_json(body: bytes, what: str, host: str) -> object:
    """Parse a host's answer as JSON."""
    try:
        return json_text.loads(body)
    except ValueError as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON"
        raise TaskError(what, f"{host} answered with {kind}", _AGAIN) from error


def _cause(error: requests.RequestException) -> str:
    """The innermost reason, without the names of the objects around it."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    return without_signatures(str(reason).rsplit(": ", 1)[-1].strip(" '\")")) or type(error).__name__
