"""Try what this machine's podman can do: `python -m tools.proof`.

Exit status 0: it signs an image, checks it against a policy, and runs a container. 1: it cannot sign or verify.
2: it signs, but cannot run a container. 3: it cannot even store an image, or takes too long; then another podman
could not either. Podman's own error message is printed.

A version number would say little: Debian 12 and Ubuntu 24.04 disable sigstore, and an old crun rejects what a new
podman asks for. The trial pushes a tiny image to a registry in memory, over plain http on loopback, and touches
nothing else.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

CANNOT_SIGN, CANNOT_RUN, CANNOT_WORK = 1, 2, 3
_SECONDS = 60
_CREATED, _ACCEPTED, _FOUND, _NOT_FOUND = 201, 202, 200, 404


class _Registry(BaseHTTPRequestHandler):
    """The part of the registry protocol that one push and one pull need."""

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
        """Log nothing."""


class ProofError(Exception):
    """A step failed; the text is the program's own message."""


class TooSlowError(ProofError):
    """A step did not end in time."""


def layer(path: Path) -> None:
    """Write a layer with one program that can run, `true`, and a file whose owner is not root."""
    program = Path(shutil.which("true") or "/bin/true").resolve()
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    libraries = {word for word in listed.split() if word.startswith("/")}
    with tarfile.open(path, "w") as tar:
        for name in sorted(libraries):
            tar.add(os.path.realpath(name), name)
        tar.add(program, "/true")
        owned = tarfile.TarInfo("owned")
        owned.uid = owned.gid = 1000  # images have files of many owners, and podman must be able to set them
        tar.addfile(owned, io.BytesIO())


def store(podman: list[str], folder: Path) -> None:
    """Make a key and an image; this needs only user namespaces and storage."""
    layer(folder / "layer.tar")
    made = json.loads(_do(["host-policy", "generate-key"], folder))
    for name, half in (("key.key", "private"), ("key.pub", "public")):
        (folder / name).write_text(made[half])
    _do([*podman, "import", "--quiet", str(folder / "layer.tar"), "localhost/proof"], folder)


def sign(podman: list[str], folder: Path, host: str) -> None:
    """Push the image signed with the key, and pull it again under a policy that requires the key."""
    image, key = f"{host}/proof", folder / "key"
    places = folder / ".config/containers"
    (places / "registries.d").mkdir(parents=True)
    (places / "registries.d/proof.yaml").write_text(f"docker:\n  {image}:\n    use-sigstore-attachments: true\n")
    rule = {"type": "sigstoreSigned", "keyPath": f"{key}.pub", "signedIdentity": {"type": "matchRepository"}}
    policy = {"default": [{"type": "insecureAcceptAnything"}], "transports": {"docker": {image: [rule]}}}
    (places / "policy.json").write_text(json.dumps(policy))
    (folder / "empty").touch()
    signed = [f"--sign-by-sigstore-private-key={key}.key", f"--sign-passphrase-file={folder / 'empty'}"]
    for step in (
        [*podman, "push", "--quiet", "--tls-verify=false", *signed, "localhost/proof", f"docker://{image}"],
        [*podman, "pull", "--quiet", "--tls-verify=false", f"docker://{image}"],
    ):
        _do(step, folder)
    if not any("sha256-" in path for path in _Registry.kept):
        raise ProofError("podman pushed an image without a signature")


def run(podman: list[str], folder: Path) -> None:
    """Run a container as the recipes do to inspect an image; its limit of open files does not matter here."""
    confined = ["--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--ulimit=host"]
    _do([*podman, "run", "--rm", *confined, "localhost/proof", "/true"], folder)


def _do(argv: list[str], home: Path) -> str:
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    try:
        done = subprocess.run(
            argv, env=environment, input="", capture_output=True, text=True, errors="replace", timeout=_SECONDS,
            check=False, cwd=home,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ProofError(f"{argv[0]} is missing") from error
    except subprocess.TimeoutExpired as error:
        raise TooSlowError(f"{argv[0]} did not end within {_SECONDS} s") from error
    except OSError as error:
        raise ProofError(f"{argv[0]}: {error}") from error
    if done.returncode:
        raise ProofError(next(iter(done.stderr.strip().splitlines()[-1:]), f"{argv[0]} ended with {done.returncode}"))
    return done.stdout


def main() -> int:
    """Run all steps; the exit status says which one failed."""
    _Registry.kept = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status = CANNOT_WORK
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        podman = ["podman", f"--root={folder / 'graph'}", f"--runroot={folder / 'run'}", "--storage-driver=vfs"]
        try:
            store(podman, folder)
            status = CANNOT_SIGN
            sign(podman, folder, f"localhost:{server.server_port}")
            status = CANNOT_RUN
            run(podman, folder)
        except ProofError as error:
            sys.stdout.write(f"{error}\n")
            return CANNOT_WORK if isinstance(error, TooSlowError) else status
        finally:
            with contextlib.suppress(ProofError):  # only podman can remove other owners' files in its storage
                _do([*podman, "rmi", "--all", "--force"], folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
