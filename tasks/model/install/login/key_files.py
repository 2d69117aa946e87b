"""Files with keys that sshd does not take: their user may not read them, or others may write them (StrictModes)."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model.install.ignition import Caution, Path
from tasks.model.install.login.logins import is_usable, key_files, keys, real
from tasks.model.install.login.sshd_config import settings
from tasks.model.install.merged import Merged, fetched, plain

_OTHERS_WRITE, _OTHERS_READ, _OTHERS_ENTER = 0o022, 0o004, 0o001
_ROOTS = (None, "", "root")


def untaken(merged: Merged) -> Iterator[Caution]:
    """The place of every such file, or of a folder above it, and what to do."""
    strict = not any(line.keyword == "strictmodes" and line.words == ("no",) for line in settings(merged) or ())
    others = {user["name"] for user in merged.items("passwd", "users") if keys(user)}  # Ignition makes their folders
    for name, file in key_files(merged):
        if not fetched(file) and not is_usable(merged.content(file["path"]) or ""):
            continue
        enter = 0o777 if name in others else _OTHERS_ENTER
        for place, item, bit in (
            (("storage", f"files[{file['path']}]"), file, _OTHERS_READ),
            *((place, folder, enter) for place, folder in _folders(merged, file)),
        ):
            if why := _why(item, name, bit, strict=strict):
                yield place, f"sshd would not take the keys of {name} in {file['path']}: {why}"


def _folders(merged: Merged, file: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The folders of a user's home that lead to a file, each with its place."""
    path = real(file["path"])
    above = {path[: path.index("/.ssh/")] + part for part in ("", "/.ssh", "/.ssh/authorized_keys.d")}
    for folder in merged.items("storage", "directories"):
        if real(plain(folder["path"])) in above:
            yield ("storage", f"directories[{folder['path']}]"), folder


def _why(item: Mapping[str, Any], name: str, needed: int, *, strict: bool) -> str:
    """Why sshd gives up at a file or a folder, and what to do; empty if it does not, or nobody knows here."""
    mode, owner = item.get("mode"), item.get("user") or {}
    if strict and (mode or 0) & _OTHERS_WRITE:
        return "others may write here: take that out of its mode"
    if owner.get("id"):
        return ""
    if strict and owner.get("name") not in (*_ROOTS, name):
        return f"it belongs to {owner['name']}: set `user: {{name: {name}}}`"
    is_roots = owner.get("name") in _ROOTS and name != "root" and not (item.get("group") or {})
    if is_roots and mode is not None and not mode & needed:
        return f"only root may read it: set `user: {{name: {name}}}`"
    return ""
