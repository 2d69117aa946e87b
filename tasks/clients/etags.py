"""Answers kept with their ETag, so that an unchanged one is not sent again and costs nothing of a rate limit.

Kept by address alone, and never with what was sent: well-known HTTP caches store the request's headers beside an
answer that varies by them, as GitHub's vary by Authorization.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tasks.clients import workspace
from tasks.model.errors import TaskError


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and the ETag that it came with."""

    etag: str
    body: bytes


def load(url: str) -> Kept | None:
    """The answer kept for an address; one that is not whole is dropped."""
    path = _path(url)
    if path is None:
        return None
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        entry = json.loads(head)
        if entry["url"] == url and entry["sha256"] == hashlib.sha256(body).hexdigest():
            return Kept(str(entry["etag"]), body)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    with suppress(OSError):
        path.unlink()
    return None


def keep(url: str, etag: str, body: bytes) -> None:
    """Keep an answer that has an ETag; a cache that cannot be written costs a read, nothing else."""
    path = _path(url)
    if path is None or not etag:
        return
    head = {"url": url, "etag": etag, "sha256": hashlib.sha256(body).hexdigest()}
    with suppress(TaskError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        workspace.write_whole(path, json.dumps(head).encode() + b"\n" + body)


def _path(url: str) -> Path | None:
    try:
        return workspace.cache() / "http" / hashlib.sha256(url.encode()).hexdigest()
    except OSError:  # a machine on which nothing may be kept
        return None
