"""Cautions about users and groups that Ignition or useradd do not find, so that the first boot stops."""

from collections.abc import Iterator

from tasks.model.install import stock
from tasks.model.install.ignition import Path
from tasks.model.install.login.users import existing, has_own_group, is_new
from tasks.model.install.merged import Merged

_HIDDEN = stock.GROUPS - stock.ETC_GROUPS
_JOINED = "grep ^{0}: /usr/lib/group >> /etc/group && usermod -aG {0} {1}"


def unknown(merged: Merged) -> Iterator[tuple[Path, str]]:
    """The place of every name that the first boot does not find, and what to do.

    A new user gets a group of the same name, unless the config gives another.
    """
    users = existing(merged, "users")
    groups = {group["name"] for group in existing(merged, "groups")}
    own = {user["name"] for user in users if has_own_group(user)}
    known = {"user": stock.USERS | {user["name"] for user in users}, "group": stock.GROUPS | groups | own}
    unless = f", unless the config from {merged.remote[0]} does" if merged.remote else ""
    for kind, name, place in _named(merged):
        if name and name not in known[kind]:
            why = f"nobody makes the {kind} {name}{unless}, so the first boot stops: add it to passwd.{kind}s"
            yield place, why
    yield from _hidden(merged, groups)


def _hidden(merged: Merged, made: set[str]) -> Iterator[tuple[Path, str]]:
    """Groups of /usr/lib/group: files may belong to them, but useradd and groupmod only know those of /etc/group."""
    for user in filter(is_new, existing(merged, "users")):
        for number, name in enumerate(user.get("groups") or []):
            if name in _HIDDEN - made:
                why = f"useradd does not look into /usr/lib/group, where the group {name} is, so the first boot stops"
                how = _JOINED.format(name, user["name"])
                yield ("passwd", f"users[{user['name']}]", f"groups[{number}]"), f"{why}: let a unit run once `{how}`"
    for name in sorted(_HIDDEN & made):
        why = f"Fedora CoreOS has the group {name} in /usr/lib/group, so the first boot stops: leave it out"
        yield ("passwd", f"groups[{name}]"), why


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
