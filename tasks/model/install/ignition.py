"""Ignition documents and all their values, even in data URLs, gzip and merged configs.

Format: https://coreos.github.io/ignition/configuration-v3_5/
"""

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from tasks.model import json_text
from tasks.model.errors import TaskError

NAMES = ("path", "name", "device")  # the keys that name the items of a list, in any order

Path = tuple[str, ...]
Caution = tuple[Path, str]  # the Ignition path of the danger; why it is one, and what to do


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a document: its path (`storage`, `files[/etc/hostname]`, …) and its decoded content."""

    path: Path
    content: str

    @property
    def name(self) -> str:
        """The path in one word; items of a list have their names in it, so that their order does not matter."""
        return ".".join(self.path)


def parse(text: str, what: str = "the Ignition file") -> dict[str, Any]:
    """Read a document as JSON."""
    try:
        document = json_text.loads(text)
    except ValueError as error:
        raise TaskError(f"{what} is not JSON", str(error), "create it: ./inv ignition") from error
    if not isinstance(document, dict):
        raise TaskError(f"{what} is not a JSON object", f"it begins with {text[:20]!r}", "create it: ./inv ignition")
    return document


def merged(document: str, child: str | None) -> str:
    """`document`, with `child` for the machine to merge into it: if both set the same value, `child` wins.

    Without a `child` it stays as it is.
    """
    whole = parse(document)
    config = whole["ignition"].setdefault("config", {})
    source, following = (config.get("replace") or {}).get("source") or "", "use `merge` instead of `replace`"
    if is_remote(source):
        why = f"`ignition.config.replace` makes it fetch {source}, and nothing of this config is left"
        raise TaskError("butane.yaml makes the machine take another config", why, following)
    if child is None:
        return document
    if source:
        why = "`ignition.config.replace` installs another config instead, without key and policy"
        raise TaskError("the machine would never switch", why, following)
    encoded = base64.b64encode(child.encode()).decode()
    config["merge"] = [*config.get("merge", []), {"source": f"data:;base64,{encoded}"}]
    return json.dumps(whole, separators=(",", ":")) + "\n"


def flatten(document: str) -> tuple[Entry, ...]:
    """Every value of a document, in its order, including those of embedded configs."""
    return tuple(_deeply(parse(document)))


def _deeply(document: dict[str, Any]) -> Iterator[Entry]:
    for entry in _entries(document):
        child = _child(entry)
        if child is None:
            yield entry
        else:
            yield from (Entry((*entry.path[:-1], *each.path), each.content) for each in _deeply(child))


def _entries(value: object, path: Path = (), *, compressed: bool = False) -> Iterator[Entry]:
    if isinstance(value, dict):
        packed = value.get("compression") == "gzip"
        for key, each in value.items():
            yield from _entries(each, (*path, str(key)), compressed=packed)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _entries(each, (*path[:-1], f"{path[-1]}[{identity(each, number)}]"))
    else:
        yield Entry(path, decode(value, compressed=compressed) if isinstance(value, str) else json.dumps(value))


def identity(item: object, number: int) -> str:
    """The name of a list's item: its path, name or device, else its number."""
    named = next((item[key] for key in NAMES if isinstance(item.get(key), str)), "") if isinstance(item, dict) else ""
    return named or str(number)


def named(keys: Sequence[str], value: Any) -> Path:  # noqa: ANN401  (JSON's own shapes)
    """Turn `storage`, `files`, `0` into `storage`, `files[/etc/hostname]`."""
    path: list[str] = []
    for key in filter(None, keys):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value) and path:
            value = value[int(key)]
            path[-1] = f"{path[-1]}[{identity(value, int(key))}]"
        else:
            value = value.get(key) if isinstance(value, dict) else None
            path.append(key)
    return tuple(path)


def item_name(part: str) -> str:
    """The name of the item in a part of a path: `core` for `users[core]`."""
    return part.partition("[")[2].removesuffix("]")


def is_remote(source: str) -> bool:
    """Whether a decoded source is an address that the machine fetches, such as https://… or arn:aws:s3:…."""
    return re.match(r"[a-z0-9]+://|arn:", source, re.IGNORECASE) is not None


def _child(entry: Entry) -> dict[str, Any] | None:
    """The embedded config that an entry is; None if it is something else, or no JSON object."""
    match [part.partition("[")[0] for part in entry.path]:
        case [*_, "config", "merge" | "replace", "source"]:
            try:
                document = json_text.loads(entry.content)
            except ValueError:
                return None
            return document if isinstance(document, dict) else None
    return None


@cache
def decode(value: str, *, compressed: bool = False) -> str:
    """Decode a data URL (RFC 2397) and decompress its content; any other string is unchanged."""
    content = carried(value)
    if content is None:
        return value
    if compressed or content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return value
    return _text(content)


def carried(source: str) -> bytes | None:
    """The bytes in a data URL (RFC 2397), still compressed; None if it is another address, or cannot be read."""
    kind, comma, data = source.partition(",")
    if kind[:5].lower() != "data:":
        return None
    content = unquote_to_bytes(data)
    try:
        return base64.b64decode(content) if comma and kind.endswith(";base64") else content
    except binascii.Error:
        return None


def _text(content: bytes) -> str:
    """Bytes as text: UTF-16 if its mark or its zeros show it, else UTF-8, else one character per byte."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if content[1:2] == b"\0" and content[3:4] == b"\0":
        return content.decode("utf-16-le", "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
