"""The session of every HTTPS request, and a limit on the time of a whole one."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

_Answer = TypeVar("_Answer")
REPEATED = ("GET", "HEAD", "PUT", "PATCH", "DELETE")  # all except POST: it is safe to repeat them
_CONNECTIONS = 48  # kept open to one host


class _Session(requests.Session):
    """Sends only the logins that it is given: requests would prefer those in ~/.netrc."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = lambda prepared: prepared

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Take no login along to another host."""
        old, new = response.request.url, prepared_request.url
        if self.should_strip_auth(old, new):  # type: ignore[no-untyped-call]  # requests' own
            prepared_request.headers.pop("Authorization", None)


@cache
def session() -> requests.Session:
    """The session of every request, so that connections are reused."""
    retry = Retry(
        total=3,
        read=2,  # a connection that hangs costs one timeout, a host that hangs three
        backoff_factor=0.3,
        allowed_methods=REPEATED,
        status_forcelist=(500, 502, 504),
        respect_retry_after_header=False,  # http.py does, with a limit
        raise_on_status=False,
    )
    made = _Session()
    made.adapters.clear()  # so that no redirect can lead to an address without TLS
    made.mount("https://", HTTPAdapter(max_retries=retry, pool_maxsize=_CONNECTIONS))
    made.headers["User-Agent"] = "custom-coreos"
    return made


def within(seconds: float, send: Callable[[], _Answer]) -> _Answer:
    """What `send` returns; after the given seconds a TimeoutError, while the thread goes on alone.

    A time limit of the socket counts from byte to byte: a host that trickles never exceeds it.
    """
    answered: Future[_Answer] = Future()

    def work() -> None:
        try:
            answered.set_result(send())
        except BaseException as error:  # noqa: BLE001  (the caller raises it)
            answered.set_exception(error)

    Thread(target=work, daemon=True).start()
    return answered.result(seconds)
