"""Who may log in to a machine: everybody who exists and has a shell, with their groups and the files of their keys."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.model.install.login.logins import can_enter, has_password, home, is_usable, keyed, real
from tasks.model.install.merged import Merged, fetched
from tasks.model.install.units import units

_BASE: Mapping[str, tuple[str, ...]] = {  # who exists without being named, with their groups
    "core": ("adm", "sudo", "systemd-journal", "wheel"),
    "root": (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody who may log in.

    `groups` are those that Ignition gives; `beside` holds the words that the config writes beside the name, which may
    be more of them. `keys` are the files with a key of theirs, and `password` tells whether one fits.
    """

    name: str
    groups: frozenset[str]
    beside: frozenset[str]
    home: str
    keys: frozenset[str]
    password: bool


def visitors(merged: Merged) -> Iterator[Visitor]:
    """Everybody who exists and has a shell."""
    named = {user["name"]: user for user in merged.items("passwd", "users")}
    files = keyed(merged)
    for name, user in ({name: {"name": name} for name in _BASE} | named).items():
        if can_enter(user):
            yield Visitor(
                name=name,
                groups=_groups(user),
                beside=_beside(merged, name),
                home=home(user),
                keys=files.get(name, frozenset()),
                password=has_password(user),
            )


def files_with_keys(merged: Merged) -> frozenset[str]:
    """Every file with a key that works, or that the machine fetches."""
    stored = [
        real(file["path"])
        for file in merged.items("storage", "files")
        if fetched(file) or is_usable(merged.content(file["path"]) or "")
    ]
    return frozenset(stored).union(*keyed(merged).values())


def _groups(user: Mapping[str, Any]) -> frozenset[str]:
    """The groups in which Ignition puts a user."""
    primary = user.get("primaryGroup") or ("users" if user.get("noUserGroup") else user["name"])
    return frozenset([primary, *map(str, user.get("groups") or []), *_BASE.get(user["name"], ())])


def _beside(merged: Merged, name: str) -> frozenset[str]:
    """The words on lines of units and files that name a user, as such a line may put the user into a group."""
    texts = [text.content for unit in units(merged).values() for text in unit.texts]
    paths = [file["path"] for file in merged.items("storage", "files") if not file["path"].startswith("/etc/ssh/")]
    texts += [merged.content(path) or "" for path in paths]
    lines = (re.findall(r"[\w.-]+", line) for text in texts for line in text.splitlines())
    return frozenset(word for words in lines if name in words for word in words)
