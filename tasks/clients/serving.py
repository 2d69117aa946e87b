"""A folder, held in memory, over HTTP: nothing but its files can be asked for."""

import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tasks.console import say
from tasks.model.errors import TaskError

_KINDS = {"html": "text/html; charset=utf-8", "json": "application/json", "ign": "application/json"}
_ELSEWHERE = ("192.0.2.1", 9)  # an address of RFC 5737: nothing is sent there, only the way out is looked up
_PORTS = 65535


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of the files; each is told."""

    files: Mapping[str, bytes] = {}

    def do_GET(self) -> None:
        """Answer with a file, or refuse."""
        name = self.path.partition("?")[0].removeprefix("/") or "index.html"
        content = self.files.get(name)
        status = HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK
        self.send_response(status)
        self.send_header("Content-Type", _KINDS.get(name.rpartition(".")[2], "text/plain; charset=utf-8"))
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    do_HEAD = do_GET  # noqa: N815  (http.server's name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (http.server's name)
        """Tell who asked for what."""
        say(f"{self.client_address[0]}: {ascii(format % args)[1:-1]}")


class Server(ThreadingHTTPServer):
    """A listening server; `serve` gives it something to serve."""

    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        super().__init__(("", port), _Handler)
        self.base_url = f"http://{address}:{self.server_port}/"

    def __enter__(self) -> Self:
        return self

    def serve(self, files: Mapping[str, bytes]) -> None:
        """Serve until Ctrl-C or SIGTERM."""
        self.RequestHandlerClass = type("_Serving", (_Handler,), {"files": files})
        try:
            self.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


def listen(address: str, port: str) -> Server:
    """Take the port on every address of this machine; `address` is the one that is shown."""
    if not port.isdecimal() or int(port) > _PORTS:
        raise TaskError(f"--port {port!r} is no port", "it must be a number up to 65535", "such as: --port 8000")
    try:
        return Server(address or _own_address(), int(port))
    except OSError as error:
        why = error.strerror or str(error)
        raise TaskError(f"port {port} cannot be listened at", why, "choose another: --port 8001") from error


def _own_address() -> str:
    """The address of this machine that other machines of the LAN see."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(_ELSEWHERE)
        except OSError:
            return "127.0.0.1"
        return str(way.getsockname()[0])
