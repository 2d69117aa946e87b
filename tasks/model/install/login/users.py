"""Users and groups that useradd and groupadd refuse on the first boot, or that cannot log in."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.model.install import stock
from tasks.model.install.ignition import Path, identity
from tasks.model.install.merged import Finding, Merged

_NAME = re.compile(r"(?!\d+$|\.\.?$)[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?", re.ASCII)  # as chkname.c of shadow-utils has it
_HIGHEST = 60000  # of the uids that useradd gives, by Fedora's login.defs
_LOWEST = 1000
_STOPS = "so the first boot stops"


def existing(merged: Merged, kind: str) -> list[Mapping[str, Any]]:
    """The `users` or `groups` of a config without those that it removes."""
    return [item for item in merged.items("passwd", kind) if item.get("shouldExist") is not False]


def is_new(user: Mapping[str, Any]) -> bool:
    """Whether useradd makes a user; those of Fedora CoreOS are there already, except core."""
    return user["name"] == "core" or user["name"] not in stock.USERS


def has_own_group(user: Mapping[str, Any]) -> bool:
    """Whether useradd makes a group of a user's name."""
    return not (user.get("primaryGroup") or user.get("noUserGroup"))


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every user and group at which the first boot stops; a config from elsewhere may still change ids and groups."""
    for kind, program in (("users", "useradd"), ("groups", "groupadd")):
        for number, item in enumerate(merged.items("passwd", kind)):
            if item.get("shouldExist") is not False and (why := _misnamed(item["name"], program)):
                yield Finding(("passwd", f"{kind}[{identity(item, number)}]"), why)
    for user in existing(merged, "users"):
        if (user.get("shell") or "/")[0] not in "/*":
            why = f"useradd refuses a shell without its whole path, {_STOPS}: use one such as /bin/bash"
            yield Finding(("passwd", f"users[{user['name']}]", "shell"), why)
    if not merged.remote:
        yield from _group_first(merged)
        yield from _uids(merged)
        yield from _gids(merged)


def cautions(merged: Merged) -> Iterator[tuple[Path, str]]:
    """What keeps users out who look as if they could log in."""
    for user in existing(merged, "users"):
        name, shell = user["name"], PurePosixPath(user.get("shell") or "")
        if shell.name in stock.NO_SHELLS and str(shell.parent) in ("/bin", "/usr/bin"):
            why = f"stock Fedora CoreOS has no {shell}, so {name} cannot log in before the image brings it"
            yield ("passwd", f"users[{name}]", "shell"), f"{why}: add its package to packages of invoke.yaml"
        if name in stock.GROUPS - stock.USERS and has_own_group(user):
            why = f"Fedora CoreOS has a group {name}, so useradd refuses a user of that name, {_STOPS}"
            yield ("passwd", f"users[{name}]"), f"{why}: add `primary_group: {name}`, or use another name"


def _misnamed(name: str, program: str) -> str:
    """Why a program refuses a name; empty if it takes it."""
    if not name:
        return f"this entry has no name, {_STOPS}: add `name`, or remove the dash that begins an entry of its own"
    if not _NAME.fullmatch(name):
        return f"{program} refuses the name {name!r}, {_STOPS}: begin with a letter, and use only a-z, 0-9, - and _"
    return ""


def _made(merged: Merged) -> list[Mapping[str, Any]]:
    """The users that useradd makes, in its order: Fedora CoreOS's own config makes core, before any other."""
    users = {user["name"]: user for user in merged.items("passwd", "users") if is_new(user)}
    core = users.pop("core", {"name": "core"})
    return [user for user in (core, *users.values()) if user.get("shouldExist") is not False]


def _group_first(merged: Merged) -> Iterator[Finding]:
    """Users whose own group the config makes: Ignition makes groups first, and useradd does not take them over."""
    groups = {group["name"] for group in existing(merged, "groups")}
    written = {user["name"] for user in merged.items("passwd", "users")}
    for user in _made(merged):
        name = user["name"]
        if name and name in groups and has_own_group(user):
            why = f"the group {name} is made before the user {name}, which useradd refuses, {_STOPS}"
            place = ("passwd", f"{'users' if name in written else 'groups'}[{name}]")
            yield Finding(place, f"{why}: add `primary_group: {name}` to the user {name}")


def _uids(merged: Merged) -> Iterator[Finding]:
    """Users with a uid that another one has by then; who has none gets the one after the highest."""
    taken = {0: "root"}
    for user in _made(merged):
        name, uid = user["name"], user.get("uid")
        if uid is None and not user.get("system"):
            uid = max((each for each in taken if _LOWEST <= each <= _HIGHEST), default=_LOWEST - 1) + 1
        elif uid in taken:
            why = f"uid {uid} is {taken[uid]}'s, who is made first, {_STOPS}: give {name} another one"
            yield Finding(("passwd", f"users[{name}]", "uid"), why)
        if uid is not None:
            taken.setdefault(uid, name)


def _gids(merged: Merged) -> Iterator[Finding]:
    """Groups with a gid that another one has by then."""
    taken = dict(stock.GIDS)
    for group in existing(merged, "groups"):
        name, gid = group["name"], group.get("gid")
        if gid is not None and taken.setdefault(gid, name) != name:
            why = f"gid {gid} is the group {taken[gid]}'s, which is made first, {_STOPS}: give {name} another one"
            yield Finding(("passwd", f"groups[{name}]", "gid"), why)
