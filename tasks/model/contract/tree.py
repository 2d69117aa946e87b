"""The configuration files inside an image, which the probe packs into one archive."""

import base64
import binascii
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tasks.model.errors import TaskError
from tasks.model.systemd import UnitFiles

_REGULAR, _FOLDER, _LINK = "file", "folder", "link"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file with its text, a folder, or a link with its target."""

    kind: str = _REGULAR
    mode: int = 0o644
    owner: int = 0
    group: int = 0
    text: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """Entries by their absolute path."""

    entries: Mapping[str, Entry]

    def text(self, path: str) -> str:
        """A file's text; empty if it is missing."""
        entry = self.entries.get(path)
        return entry.text if entry else ""

    def files(self, *folders: str, suffix: str = "") -> dict[str, Entry]:
        """The files and links below folders, by their paths, in the order of their names."""
        begins = tuple(f"{folder}/" for folder in folders)
        found = sorted(path for path in self.entries if path.startswith(begins) and path.endswith(suffix))
        return {path: self.entries[path] for path in found if self.entries[path].kind != _FOLDER}

    @property
    def unit_files(self) -> UnitFiles:
        """What systemd reads."""
        return UnitFiles(
            {path: each.text for path, each in self.entries.items() if each.kind == _REGULAR},
            {path: each.target for path, each in self.entries.items() if each.kind == _LINK},
        )


@lru_cache(maxsize=4)
def unpack(packed: str) -> Tree:
    """Read the probe's archive: a tar file, compressed by gzip, in base64. Without one there are no files."""
    if not packed:
        return Tree({})
    try:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed, validate=True))) as archive:
            return Tree({f"/{each.name.strip('/')}": _entry(archive, each) for each in archive})
    except (binascii.Error, tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise TaskError(
            "the image could not be inspected", f"the probe's archive of its files is broken: {error}",
            "look yourself: podman run --rm -it --network=none IMAGE sh",
        ) from error  # fmt: skip


@lru_cache(maxsize=4)
def unit_files(packed: str) -> UnitFiles:
    """What systemd reads in the probe's archive."""
    return unpack(packed).unit_files


def _entry(archive: tarfile.TarFile, item: tarfile.TarInfo) -> Entry:
    kind = _LINK if item.issym() else _FOLDER if item.isdir() else _REGULAR
    read = archive.extractfile(item) if item.isfile() or item.islnk() else None
    text = read.read().decode(errors="replace") if read else ""
    target = item.linkname if item.issym() else ""
    return Entry(kind=kind, mode=item.mode, owner=item.uid, group=item.gid, text=text, target=target)
