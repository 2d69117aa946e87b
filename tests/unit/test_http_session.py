"""The session of every request."""

import time
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter

from tasks.clients import http, http_session
from tasks.model.errors import TaskError


class _Host(BaseAdapter):
    """Keeps the requests that it gets; answers with the bodies, in turn, or with a redirect to an address."""

    def __init__(self, *chunks: bytes, pause: float = 0, to: str = "") -> None:
        super().__init__()
        self.chunks, self.pause, self.to = chunks, pause, to
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.asked.append(request)
        answer = requests.Response()
        answer.request, answer.url, answer.status_code = request, str(request.url), 302 if self.to else 200
        answer.headers.update({"Location": self.to} if self.to else {})
        answer.raw = self
        return answer

    def stream(self, *_: object, **__: object) -> object:
        for chunk in self.chunks:
            time.sleep(self.pause)
            yield chunk

    def read(self, *_: object, **__: object) -> bytes:
        return b""

    def close(self) -> None:
        """Close nothing."""

    def release_conn(self) -> None:
        """Give nothing back."""


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> requests.Session:
    """Return a session that reaches no host but those which a test mounts."""
    session = http_session.session.__wrapped__()
    session.adapters.clear()
    monkeypatch.setattr(http_session, "session", lambda: session)
    return session


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer ours"}])
def test_no_login_comes_from_netrc(
    hosts: requests.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Neither with a token nor without one, and not after a redirect, which takes no token to another host."""
    (tmp_path / "netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    here, there = _Host(to="https://b.example/there"), _Host(b"{}")
    hosts.mount("https://a.example", here)
    hosts.mount("https://b.example", there)
    assert http.get_json("https://a.example/x", what="x could not be read", headers=headers) == {}
    assert here.asked[0].headers.get("Authorization") == headers.get("Authorization")
    assert "Authorization" not in there.asked[0].headers


def test_an_answer_that_is_nested_too_deeply_is_told(hosts: requests.Session) -> None:
    """It is the host's fault, and no bug."""
    hosts.mount("https://a.example", _Host(b"[" * 100_000))
    with pytest.raises(TaskError, match=r"a\.example answered with 100000 bytes that are not JSON"):
        http.get_json("https://a.example/x", what="x could not be read")


def test_a_host_that_trickles_is_left_after_its_time(hosts: requests.Session) -> None:
    """The limit counts from the request to the last byte."""
    hosts.mount("https://a.example", _Host(*[b"x"] * 50, pause=0.1))
    begun = time.monotonic()
    with pytest.raises(TaskError, match=r"the answer of a\.example takes longer than 0 s"):
        http.ask("https://a.example/x?token=secret", what="x could not be read", seconds=0.2)
    assert time.monotonic() - begun < 2


def test_a_large_answer_is_told_without_its_address(hosts: requests.Session) -> None:
    """The address may be signed, and the log is public."""
    hosts.mount("https://a.example", _Host(to="https://b.example/blob?sig=secret"))
    hosts.mount("https://b.example", _Host(b"x" * 100))
    with pytest.raises(TaskError) as error:
        http.ask("https://a.example/x", what="x could not be read", max_bytes=10)
    assert error.value.why == "the answer of b.example is larger than 10 bytes"
