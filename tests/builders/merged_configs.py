"""Configs that Ignition has merged, and what is said about them."""

from typing import Any
from urllib.parse import quote

from tasks.model.install import cautions
from tasks.model.install.merged import Merged

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def warned(config: dict[str, Any], *remote: str, owner: str = "o") -> list[str]:
    """Return what is said about a merged config."""
    return [why for _, why in cautions.cautions(Merged(config, remote, (), ()), (), owner)]


def with_file(path: str, content: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{content}"}}]}}


def unit_of(name: str, content: str, **more: object) -> dict[str, Any]:
    """Return a config with a drop-in of a unit."""
    return {"systemd": {"units": [{"name": name, "dropins": [{"name": "a.conf", "contents": content}], **more}]}}


def with_unit(content: str) -> dict[str, Any]:
    return unit_of("own.service", content)


def with_script(content: str, run: str = "/usr/local/bin/x") -> dict[str, Any]:
    """Return a config with a script, and a unit that runs something."""
    return with_file("/usr/local/bin/x", quote(content)) | with_unit(f"[Service]\nExecStart={run}\n")


def with_keys(*keys: str, password: str = "") -> dict[str, Any]:
    return {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": list(keys), "passwordHash": password}]}}


def user(**changes: object) -> dict[str, Any]:
    return {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": [ED25519], **changes}]}}
