"""One login for every tool: the file with a registry's login that podman, skopeo, oras and actions read."""

import base64
from os import environ, geteuid
from pathlib import Path

from tasks.clients import shell
from tasks.model import json_text
from tasks.model.errors import TaskError


def _files() -> list[Path]:
    """The files that may hold logins, in the order in which podman reads them."""
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{geteuid()}"
    config = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    docker = environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    named = environ.get("REGISTRY_AUTH_FILE")
    places = [Path(runtime, "containers/auth.json"), Path(config, "containers/auth.json"), Path(docker, "config.json")]
    root = [Path("/run/containers/0/auth.json")] if geteuid() == 0 else []
    return [Path(named)] if named else [*root, *places]


def file_for(host: str) -> Path | None:
    """The file with a registry's login; None if there is none."""
    return next((path for path in _files() if _entry(path, host) is not None), None)


def _entry(path: Path, host: str) -> str | None:
    """The entry for a host: `user:password` in base64, empty if a helper keeps it, None if there is none."""
    try:
        document = json_text.loads(path.read_text())
    except (OSError, ValueError):
        return None
    match document:
        case {"auths": {**logins}} if host in logins:
            entry = logins[host]
            encoded = entry.get("auth") if isinstance(entry, dict) else None
            return encoded if isinstance(encoded, str) else None
        case {"credHelpers": {**helpers}} if host in helpers:
            return ""
    return None


def credentials(host: str) -> tuple[str, str] | None:
    """User and password for a host; None if no file has them."""
    path = file_for(host)
    try:
        user, _, password = base64.b64decode((_entry(path, host) if path else "") or "").decode().partition(":")
    except ValueError:
        return None
    return (user, password) if password else None


def require(host: str) -> Path:
    """The file with a login that the registry accepts now."""
    hint = f"log in once for every tool: podman login --authfile ~/.docker/config.json {host}"
    path = file_for(host)
    if path is None:
        raise TaskError(f"there is no login for {host}", f"looked in {', '.join(map(str, _files()))}", hint)
    argv = ["podman", "login", f"--authfile={path}", host]
    done = shell.attempt(argv, what=f"the login for {host} could not be tested")
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise TaskError(
            f"{host} does not accept the login in {path}", lines[-1] if lines else "no reason was given", hint
        )
    return path
