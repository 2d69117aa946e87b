"""Makes a host fail as the world describes: refusals, delays, answers that are cut off."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

from aiohttp import web

from lab.world import Fault, World

_BODIES = {
    "html": ("text/html", b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"),
    "json": ("application/json", b'{"message": "the lab answers so"}'),
    "half-json": ("application/json", b'{"Name": "fedora/fedora-coreos", "tags": ["44.2026'),
    "no-tags": ("application/json", b'{"name": "samhclark/fedora-zfs-kmods", "tags": null}'),
    "": ("text/plain", b""),
}


class Faults:
    """The world's faults for one host; counts how often each has hit."""

    def __init__(self, world: World, host: str) -> None:
        self.rules = [fault for fault in world.fault if fault.host == host]
        self.hits = dict.fromkeys(range(len(self.rules)), 0)

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request."""
        for number, rule in enumerate(self.rules):
            if (
                rule.method in ("", method)
                and re.search(rule.path, path)
                and (not rule.first or self.hits[number] < rule.first)
            ):
                self.hits[number] += 1
                return rule
        return None


async def send(request: web.Request, whole: web.Response, fault: Fault | None) -> web.StreamResponse:
    """Send our answer through the fault that hits it."""
    if not fault or (fault.cut_after_bytes < 0 and not fault.bytes_per_second):
        return whole
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers={**whole.headers, "Content-Length": str(len(body))})
    await response.prepare(request)

    async for chunk in paced(_once(body), request, fault):
        await response.write(chunk)
    return response


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def paced(chunks: AsyncIterator[bytes], request: web.Request, fault: Fault | None) -> AsyncIterator[bytes]:
    """Yield the chunks no faster than the fault allows, and cut them off where it says."""
    sent = 0
    async for chunk in chunks:
        if fault and 0 <= fault.cut_after_bytes < sent + len(chunk):
            yield chunk[: fault.cut_after_bytes - sent]
            await asyncio.sleep(0.05)
            if request.transport:
                request.transport.abort()
            return
        if fault and fault.bytes_per_second:
            await asyncio.sleep(len(chunk) / fault.bytes_per_second)
        sent += len(chunk)
        yield chunk


def refusal(fault: Fault) -> web.Response | None:
    """Return the answer that a fault gives instead of the real one."""
    if fault.reset_in_s:
        reset = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0"}
        reset["x-ratelimit-reset"] = str(int(time.time()) + fault.reset_in_s)
        return web.json_response({"message": "API rate limit exceeded"}, status=403, headers=reset)
    if fault.location:
        return web.Response(status=302, headers={"Location": fault.location})
    if fault.retry_after_s:
        return web.Response(status=429, headers={"Retry-After": str(fault.retry_after_s)})
    if not fault.status:
        return None
    kind, body = _BODIES[fault.body]
    return web.Response(status=fault.status, body=body, content_type=kind)


def denied(status: int, code: str, message: str) -> web.Response:
    """Return a registry's refusal."""
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status)
