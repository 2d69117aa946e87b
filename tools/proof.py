"""Whether the podman that is here can sign an image and hold it against a policy: `python -m tools.proof` ends with 0.

It is tried, since a version number does not tell: Debian and its relatives switch sigstore off.
A registry in memory, plain http on loopback, takes an empty image; nothing else is touched.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

_SECONDS = 60
_CREATED, _ACCEPTED, _FOUND, _NOT_FOUND = 201, 202, 200, 404


class _Registry(BaseHTTPRequestHandler):
    """As much of the registry protocol as one push and one pull need."""

    kept: dict[str, tuple[str, bytes]]  # by path: content type and content

    def do_GET(self) -> None:
        kind, body = self.kept.get(urlsplit(self.path).path, ("", b""))
        status = _FOUND if kind or self.path == "/v2/" else _NOT_FOUND
        self._answer(status, {"Content-Type": kind} if kind else {}, body)

    do_HEAD = do_GET  # noqa: N815  (the standard library's name)

    def do_POST(self) -> None:
        self._answer(_ACCEPTED, {"Location": f"{urlsplit(self.path).path}1"})

    def do_PATCH(self) -> None:
        self.kept[self.path] = ("", self._body())
        self._answer(_ACCEPTED, {"Location": self.path})

    def do_PUT(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        body = self._body() or self.kept.get(path, ("", b""))[1]
        kind, name = self.headers.get("Content-Type") or "application/octet-stream", path.rsplit("/", 1)[0]
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for place in {path.replace("uploads/1", query["digest"][0])} if query else {path, f"{name}/{digest}"}:
            self.kept[place] = (kind, body)
        self._answer(_CREATED, {"Docker-Content-Digest": digest, "Location": path})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def signs(folder: Path, host: str) -> bool:
    """Make a key, push an empty image signed with it, and pull it again under a policy that asks for the key."""
    image, key = f"{host}/proof", folder / "key"
    places = folder / ".config/containers"
    (places / "registries.d").mkdir(parents=True)
    (places / "registries.d/proof.yaml").write_text(f"docker:\n  {image}:\n    use-sigstore-attachments: true\n")
    rule = {"type": "sigstoreSigned", "keyPath": f"{key}.pub", "signedIdentity": {"type": "matchRepository"}}
    policy = {"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {image: [rule]}}}
    (places / "policy.json").write_text(json.dumps(policy))
    (folder / "empty").touch()
    podman = ["podman", f"--root={folder / 'graph'}", f"--runroot={folder / 'run'}", "--storage-driver=vfs"]
    sign = [f"--sign-by-sigstore-private-key={key}.key", f"--sign-passphrase-file={folder / 'empty'}"]
    steps = (
        ["host-policy", "generate-key", str(key)],
        ["tar", "--create", f"--file={folder / 'layer.tar'}", "--files-from=/dev/null"],
        [*podman, "import", "--quiet", str(folder / "layer.tar"), "localhost/proof"],
        [*podman, "push", "--quiet", "--tls-verify=false", *sign, "localhost/proof", f"docker://{image}"],
        [*podman, "pull", "--quiet", "--tls-verify=false", f"docker://{image}"],
    )
    return all(_succeeds(step, folder) for step in steps) and any("sha256-" in path for path in _Registry.kept)


def _succeeds(argv: list[str], home: Path) -> bool:
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            argv, env=environment, input=b"", capture_output=True, timeout=_SECONDS, check=False, cwd=home
        )
        return done.returncode == 0
    return False


def main() -> int:
    """0 when podman signs and verifies."""
    _Registry.kept = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return 0 if signs(Path(folder), f"localhost:{server.server_port}") else 1


if __name__ == "__main__":
    sys.exit(main())
