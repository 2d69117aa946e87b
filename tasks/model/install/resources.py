"""Contents in a config that Ignition cannot unpack, or whose hash is another: the first boot stops at them."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from typing import Any

from tasks.model.install.ignition import Path, carried, identity
from tasks.model.install.merged import Finding, Merged

_KINDS = ("sha256", "sha512")


def impossible(merged: Merged) -> Iterator[Finding]:
    """The place of every content that the first boot cannot use."""
    yield from _within(merged.config, ())


def _within(value: Any, path: Path) -> Iterator[Finding]:  # noqa: ANN401  (JSON's own shapes)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _within(item, (*path[:-1], f"{path[-1]}[{identity(item, number)}]"))
    elif isinstance(value, dict):
        if isinstance(source := value.get("source"), str) and (content := carried(source)) is not None:
            yield from _wrong(content, value, path)
        for key, each in value.items():
            yield from _within(each, (*path, key))


def _wrong(content: bytes, resource: dict[str, Any], path: Path) -> Iterator[Finding]:
    """What is wrong with a content; its hash is that of the unpacked one."""
    if resource.get("compression") == "gzip":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            why = f"the first boot stops, because this is not gzip ({error}): leave out `compression`"
            yield Finding((*path, "compression"), why)
            return
    kind, _, wanted = ((resource.get("verification") or {}).get("hash") or "").partition("-")
    if kind in _KINDS and (actual := hashlib.new(kind, content).hexdigest()) != wanted.lower():
        why = f"the first boot stops, because the content has another hash, {kind}-{actual}: correct one of them"
        yield Finding((*path, "verification", "hash"), why)
