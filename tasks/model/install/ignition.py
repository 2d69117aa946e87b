"""Ignition documents: what they say, wherever it hides (data URLs, gzip, merged configs).

Form: https://coreos.github.io/ignition/configuration-v3_5/
"""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from tasks.model.errors import TaskError

_NAMES = ("path", "name", "device")  # what distinguishes the items of a list, whatever their order

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a document says: where (`storage`, `files[/etc/hostname]`, …) and what, decoded."""

    path: Path
    content: str

    @property
    def name(self) -> str:
        """The path in one word; list items by what names them, so that another order changes nothing."""
        return ".".join(self.path)


def parse(text: str, what: str = "the Ignition file") -> dict[str, Any]:
    """A document as JSON has it."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise TaskError(f"{what} is no JSON", str(error), "make it with ./inv ignition") from error
    if not isinstance(document, dict):
        raise TaskError(f"{what} is no JSON object", f"it begins with {text[:20]!r}", "make it with ./inv ignition")
    return document


def merged(document: str, child: str) -> str:
    """`document` with `child` merged into it on the machine: where both speak of one thing, `child` wins."""
    whole = parse(document)
    config = whole["ignition"].setdefault("config", {})
    if config.get("replace", {}).get("source"):
        why = "`ignition.config.replace` puts another config in its place, without key and policy"
        raise TaskError("the machine would never switch", why, "use `merge` instead of `replace`")
    encoded = base64.b64encode(child.encode()).decode()
    config["merge"] = [*config.get("merge", []), {"source": f"data:;base64,{encoded}"}]
    return json.dumps(whole, separators=(",", ":")) + "\n"


def children(document: str) -> Iterator[str]:
    """Every config that a document carries within itself to be merged or to replace it, and theirs."""
    for said in _said(parse(document)):
        if _is_child(said):
            yield said.content
            yield from children(said.content)


def flatten(document: str) -> tuple[Entry, ...]:
    """Everything that a document says, in its order; carried configs are gone into."""
    return tuple(_deeply(parse(document)))


def _deeply(document: dict[str, Any]) -> Iterator[Entry]:
    for said in _said(document):
        if _is_child(said):
            inner = _deeply(parse(said.content, ".".join(said.path)))
            yield from (Entry((*said.path[:-1], *each.path), each.content) for each in inner)
        else:
            yield said


def _said(value: object, path: Path = (), *, compressed: bool = False) -> Iterator[Entry]:
    if isinstance(value, dict):
        packed = value.get("compression") == "gzip"
        for key, each in value.items():
            yield from _said(each, (*path, str(key)), compressed=packed)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _said(each, (*path[:-1], f"{path[-1]}[{_identity(each, number)}]"))
    else:
        yield Entry(path, decode(value, compressed=compressed) if isinstance(value, str) else json.dumps(value))


def _identity(item: object, number: int) -> str:
    named = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), "") if isinstance(item, dict) else ""
    return named or str(number)


def _is_child(said: Entry) -> bool:
    """Whether it is a config that is carried, not the address of one."""
    match [part.partition("[")[0] for part in said.path]:
        case [*_, "config", "merge" | "replace", "source"]:
            return said.content.lstrip().startswith("{")
    return False


def decode(value: str, *, compressed: bool = False) -> str:
    """What a string means: a data URL's content (RFC 2397), unpacked; any other string as it is."""
    if not value.startswith("data:"):
        return value
    kind, comma, data = value.partition(",")
    content = unquote_to_bytes(data)
    if comma and kind.endswith(";base64"):
        try:
            content = base64.b64decode(content)
        except binascii.Error:
            return value
    if compressed or content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return value
    return _text(content)


def _text(content: bytes) -> str:
    """Bytes as text: UTF-8, UTF-16 where its mark or its zeros show it, else byte for byte."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if content[1:2] == b"\0" and content[3:4] == b"\0":
        return content.decode("utf-16-le", "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
