"""The unit suite's own promise."""

import os
import socket
import subprocess

import pytest


def test_no_process_starts_and_no_socket_opens_here() -> None:
    """Each way to the outside is an error, so a unit test that needs one is in the wrong place."""
    for attempt in (
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),  # noqa: S605
        lambda: socket.create_connection(("127.0.0.1", 1)),
        socket.socket,
    ):
        with pytest.raises(AssertionError, match="must not start a process or open a socket"):
            attempt()
