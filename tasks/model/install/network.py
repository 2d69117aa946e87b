"""Cautions about files of NetworkManager's connections."""

import re
from collections.abc import Iterator

from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged

_CONNECTION = re.compile(r"/etc/NetworkManager/system-connections/[^/.][^/]*(?<!~)")
_DEFAULT = 0o644  # what Ignition gives a file without a mode
_OTHERS = 0o077


def ignored(merged: Merged) -> Iterator[tuple[Path, str]]:
    """The place of every connection that others than root may read: NetworkManager takes none of them."""
    for file in merged.items("storage", "files"):
        mode = file.get("mode")
        if _CONNECTION.fullmatch(file["path"]) and (_DEFAULT if mode is None else mode) & _OTHERS:
            why = "NetworkManager ignores a connection that others may read: set `mode: 0600` for it in storage.files"
            yield ("storage", f"files[{file['path']}]"), why
