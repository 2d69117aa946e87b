"""HTTPS reads: timeouts, retries with backoff, a limit on size, and answers checked for shape."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tasks.model.errors import TaskError

_TIMEOUT_SECONDS = (5, 30)  # to connect, between bytes
_MAX_BYTES = 20_000_000
_AGAIN = "check the network, or try again in a few minutes"


@cache
def _session() -> requests.Session:
    """One session for every read: connections are reused, and reads alone are repeated."""
    retry = Retry(
        total=3,
        backoff_factor=0.3,
        status_forcelist=(500, 502, 503, 504),
        retry_after_max=20,
        raise_on_status=False,
    )
    session = requests.Session()
    session.adapters.clear()  # so that no redirect can lead to an address without TLS
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.headers["User-Agent"] = "custom-coreos"
    return session


def get_json(url: str, *, what: str, headers: Mapping[str, str] | None = None, max_bytes: int = _MAX_BYTES) -> object:
    """The JSON document at `url`; None when the server says that there is none (404)."""
    host = urlsplit(url).hostname or url
    try:
        with _session().get(url, headers=headers, timeout=_TIMEOUT_SECONDS, stream=True) as response:
            if response.status_code == requests.codes.not_found:
                return None
            _check(response, what, host)
            body = _read(response, what, max_bytes)
    except requests.exceptions.InvalidSchema as error:
        raise TaskError(what, f"{host} led to an address without TLS", "do not go on over this network") from error
    except requests.RequestException as error:
        raise TaskError(what, f"{host} did not answer: {_cause(error)}", _AGAIN) from error
    try:
        return json.loads(body)
    except ValueError as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON"
        raise TaskError(what, f"{host} answered with {kind}", _AGAIN) from error


def _check(response: requests.Response, what: str, host: str) -> None:
    """Refuse an answer that says no."""
    if response.headers.get("x-ratelimit-remaining") == "0" and response.status_code in (403, 429):
        raise TaskError(
            what,
            f"{host} allows no more requests; {_reset(response)}",
            "wait until then, or set GITHUB_TOKEN",
        )
    if not response.ok:
        raise TaskError(what, f"{host} answered {response.status_code} {response.reason}", _AGAIN)


def _reset(response: requests.Response) -> str:
    """When the host allows more, from its epoch seconds."""
    seconds = response.headers.get("x-ratelimit-reset", "")
    if not seconds.isdigit():
        return "it does not say when it allows more"
    return f"it allows more at {datetime.fromtimestamp(int(seconds), UTC):%H:%M} UTC"


def _read(response: requests.Response, what: str, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > max_bytes:
            raise TaskError(
                what,
                f"{response.url} is larger than {max_bytes} bytes",
                "this is not the document it should be",
            )
    return bytes(body)


def _cause(error: requests.RequestException) -> str:
    """The innermost reason, without the object names around it."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[0], BaseException):
        inner = inner.args[0]
    reason = getattr(inner, "reason", None) or inner
    return str(reason).rsplit(": ", 1)[-1].strip(" '\")") or type(error).__name__
