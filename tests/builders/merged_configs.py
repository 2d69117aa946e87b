"""Configs that Ignition has merged, and what is said about them."""

from typing import Any

from tasks.model.install import cautions
from tasks.model.install.merged import Merged

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def warned(config: dict[str, Any], *remote: str, owner: str = "o") -> list[str]:
    """Return what is said about a merged config."""
    return [why for _, why in cautions.cautions(Merged(config, remote, (), ()), (), owner)]


def with_file(path: str, content: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{content}"}}]}}


def with_unit(content: str) -> dict[str, Any]:
    return {"systemd": {"units": [{"name": "own.service", "dropins": [{"name": "a.conf", "contents": content}]}]}}


def with_keys(*keys: str, password: str = "") -> dict[str, Any]:
    return {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": list(keys), "passwordHash": password}]}}


def user(**changes: object) -> dict[str, Any]:
    return {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": [ED25519], **changes}]}}
