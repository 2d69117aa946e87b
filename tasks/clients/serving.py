"""A folder over HTTP on the LAN, with the standard library's server."""

import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tasks.console import say
from tasks.model.errors import TaskError

_ELSEWHERE = ("192.0.2.1", 9)  # an address of RFC 5737: nothing is sent to it, it only selects the network interface
_PORTS = 65535


class _Handler(SimpleHTTPRequestHandler):
    """Shows each request on stderr."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
        """Show a client's address and request."""
        say(f"{self.client_address[0]}: {ascii(format % args)[1:-1]}")


class Server(ThreadingHTTPServer):
    """A listening server; `serve` gives it a folder."""

    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        super().__init__(("", port), _Handler)
        self.base_url = f"http://{address}:{self.server_port}/"

    def serve(self, folder: Path) -> None:
        """Serve a folder until Ctrl-C or SIGTERM."""
        self.RequestHandlerClass = partial(_Handler, directory=str(folder))
        try:
            self.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


def listen(address: str, port: str) -> Server:
    """Listen on a port of every address of this machine; `address` is the one that is shown."""
    if not port.isdecimal() or int(port) > _PORTS:
        raise TaskError(f"--port {port!r} is not a port", "it must be a number up to 65535", "for example: --port 8000")
    try:
        return Server(address or _own_address(), int(port))
    except OSError as error:
        why = error.strerror or str(error)
        raise TaskError(f"port {port} cannot be opened", why, "choose another: --port 8001") from error


def _own_address() -> str:
    """The address of this machine that other machines on the LAN see."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])
