"""Cautions about users and groups that a config names and nobody makes: Ignition stops at them."""

from collections.abc import Iterator

from tasks.model.install import stock
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged


def unknown(merged: Merged) -> Iterator[tuple[Path, str]]:
    """The place of every name that neither the config nor Fedora CoreOS makes, and what to do.

    A new user gets a group of the same name, unless the config gives another.
    """
    users = [user for user in merged.items("passwd", "users") if user.get("shouldExist") is not False]
    groups = {group["name"] for group in merged.items("passwd", "groups") if group.get("shouldExist") is not False}
    own = {user["name"] for user in users if not (user.get("noUserGroup") or user.get("primaryGroup"))}
    known = {"user": stock.USERS | {user["name"] for user in users}, "group": stock.GROUPS | groups | own}
    unless = f", unless the config from {merged.remote[0]} does" if merged.remote else ""
    for kind, name, place in _named(merged):
        if name and name not in known[kind]:
            why = f"nobody makes the {kind} {name}{unless}, so the first boot stops: add it to passwd.{kind}s"
            yield place, why


def _named(merged: Merged) -> Iterator[tuple[str, str, Path]]:
    """Every name in a config: whether it is a user or a group, and its place."""
    for part in ("directories", "files", "links"):
        for item in merged.items("storage", part):
            for kind in ("user", "group"):
                name = (item.get(kind) or {}).get("name") or ""
                yield kind, name, ("storage", f"{part}[{item['path']}]", kind, "name")
    for user in merged.items("passwd", "users"):
        place = ("passwd", f"users[{user['name']}]")
        yield "group", user.get("primaryGroup") or "", (*place, "primaryGroup")
        for number, name in enumerate(user.get("groups") or []):
            yield "group", str(name), (*place, f"groups[{number}]")
