"""Unit tests decide about values: here no process starts and no socket opens."""

import socket
import subprocess

import pytest


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every process start and every connection an error, and hide the workflow that runs the tests."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a unit test must not start a process or open a socket")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr(socket.socket, "__init__", refuse)
    for name in ("execv", "fork", "posix_spawn", "system"):
        monkeypatch.setattr(f"os.{name}", refuse)
