"""Sits in front of each service: TLS, tokens, pages of tags, and the failures that the world describes.

One process answers for every host, each on its own loopback address. Requests to registries continue to the real
docker-registry behind. Every request adds a line to requests.jsonl.
"""

import asyncio
import base64
import json
import re
import ssl
import sys
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from lab.hosts import distance, referrers, upstreams
from lab.hosts.faults import Faults, denied, paced, refusal, send
from lab.hosts.forge import Asked, Forge
from lab.hosts.ghcr import TOKEN, WORKFLOW_TOKEN, Packages
from lab.hosts.past_images import OWN
from lab.hosts.registries import PORTS
from lab.world import HOSTS, Fault, World, load, more_tags

PAGE = 100
WORKFLOW = f"owner:{WORKFLOW_TOKEN}"
LOGINS = (f"owner:{TOKEN}", WORKFLOW)  # the lab's ghcr.io accepts these; they open nothing else
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "authorization"}


class Gateway:
    """The front of one host."""

    def __init__(self, world: World, host: str, client: aiohttp.ClientSession, log: Path) -> None:
        self.world = world
        self.host = host
        self.client = client
        self.log = log
        self.faults = Faults(world, host)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, and log it."""
        start = time.monotonic()
        fault = self.faults.next(request.method, request.path_qs)
        if fault:
            await asyncio.sleep(fault.delay_ms / 1000)
        refused = refusal(fault) if fault else None
        if fault and refused and fault.done:
            await self._carry_out(request)
        response = refused or await self._answer(request, fault)
        entry = {"host": self.host, "method": request.method, "path": request.path_qs, "status": response.status}
        entry["authorized"] = "Authorization" in request.headers
        with self.log.open("a") as file:
            file.write(json.dumps(entry | {"seconds": round(time.monotonic() - start, 4)}) + "\n")
        return response

    async def _carry_out(self, request: web.Request) -> None:
        """Carry out the request, and discard the answer."""
        headers, body = _passed_on(request.headers), await request.read()
        if self.host not in PORTS:
            self._document(request, body, None)
            return
        url = f"{self._backend}{request.raw_path}"
        async with self.client.request(request.method, url, headers=headers, data=body, allow_redirects=False):
            return

    async def _answer(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        if self.host in PORTS:
            return await self._registry(request, fault)
        return await send(request, self._document(request, await request.read(), fault), fault)

    def _document(self, request: web.Request, body: bytes, fault: Fault | None) -> web.Response:
        answer = self._kept(request, body) or upstreams.answer(self.world, self.host, request.path, dict(request.query))
        if fault and fault.pad_bytes:
            answer = replace(answer, body=answer.body + b" " * fault.pad_bytes, headers={})
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    def _kept(self, request: web.Request, body: bytes) -> upstreams.Answer | None:
        """Return GitHub's answer about what it keeps: packages (those of the lab's ghcr.io), runs, issues, settings."""
        if self.host != "api.github.com":
            return None
        state, path, query = self.log.parent, request.raw_path.partition("?")[0], dict(request.query)
        authorization = request.headers.get("Authorization", "")
        registry, trash, world = state / "registry/ghcr.io", state / "deleted", self.world
        packages = Packages(registry, trash, world.owner_kind, private=world.private)
        forge, sent = Forge(state / "forge"), Asked(request.method, path, query, authorization, body)
        return packages.answer(request.method, path, query, authorization) or forge.answer(sent)

    async def _registry(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        if request.path == "/token":
            return await self._token(request)
        rights = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if rights not in ("pull", "push"):
            return self._challenge(request)
        if request.method not in ("GET", "HEAD") and rights != "push":
            return denied(403, "DENIED", "permission_denied: write_package")
        if request.path.endswith("/tags/list"):
            return await self._tags(request)
        return self._referrers(request) or await self._forward(request, fault)

    def _referrers(self, request: web.Request) -> web.Response | None:
        """Return what is attached to a digest, as ghcr.io answers; None for other requests."""
        if self.host != "ghcr.io":
            return None
        return referrers.answer(request, self.log.parent / "registry/ghcr.io", has_api=self.world.referrers)

    async def _token(self, request: web.Request) -> web.Response:
        """Give a token to anyone who asks; only the right login gets one that may push."""
        authorization = request.headers.get("Authorization", "")
        form = await request.post()
        login = ":".join(str(form.get(name, "")) for name in ("username", "password")) if form else ""
        if authorization.startswith("Basic "):
            login = base64.b64decode(authorization.removeprefix("Basic ").encode()).decode()
        if login and login not in LOGINS:
            return denied(401, "UNAUTHORIZED", "authentication required")
        scope = re.fullmatch(r"repository:(.+?):.*", request.query.get("scope", ""))
        by_hand = self.world.private and scope and scope[1].startswith(OWN)
        hidden = by_hand or (scope and not await self._exists(scope[1]))
        if self.host == "ghcr.io" and not login and hidden:
            return denied(403, "DENIED", "requested access to the resource is denied")
        token = "push" if login and not (by_hand and login == WORKFLOW) else "pull"
        return web.json_response({"token": token, "access_token": token, "expires_in": 300})

    async def _exists(self, repository: str) -> bool:
        """Whether a repository has content; ghcr.io answers a stranger the same for a missing and a private one."""
        async with self.client.get(f"{self._backend}/v2/{repository}/tags/list") as answer:
            return answer.status == web.HTTPOk.status_code

    def _challenge(self, request: web.Request) -> web.Response:
        repository = re.match(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/", request.path)
        rights = "pull" if request.method in ("GET", "HEAD") else "pull,push"
        scope = f',scope="repository:{repository[1]}:{rights}"' if repository else ""
        response = denied(401, "UNAUTHORIZED", "authentication required")
        response.headers["WWW-Authenticate"] = f'Bearer realm="https://{self.host}/token",service="{self.host}"{scope}'
        return response

    async def _tags(self, request: web.Request) -> web.Response:
        """Return the tags in pages of 100, unless the request asks for more, as both hosts do."""
        async with self.client.get(f"{self._backend}{request.path}") as answer:
            if answer.status != 200:  # noqa: PLR2004
                return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")
            listing = await answer.json(content_type=None)
        size, last = int(request.query.get("n", PAGE)), request.query.get("last", "")
        known = {*(listing["tags"] or []), *more_tags(self.world, listing["name"])}
        tags = [tag for tag in sorted(known) if tag > last]
        response = web.json_response({"name": listing["name"], "tags": tags[:size]})
        if len(tags) > size:
            response.headers["Link"] = f'<{request.path}?n={size}&last={tags[size - 1]}>; rel="next"'
        return response

    @property
    def _backend(self) -> str:
        return f"http://127.0.0.1:{PORTS[self.host]}"

    async def _forward(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        """Pass a request on and its answer back, both as they arrive."""
        headers = _passed_on(request.headers)
        body: bytes | aiohttp.StreamReader | None = request.content if request.body_exists else None
        subject = ""
        if self.world.referrers and request.method == "PUT" and "/manifests/" in request.path:
            body = await request.read()
            subject = referrers.subject_of(body)
        path = re.sub(fault.path, fault.instead, request.raw_path) if fault and fault.instead else request.raw_path
        url = f"{self._backend}{path}"
        async with self.client.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
            if subject:
                response.headers["OCI-Subject"] = subject  # so the client need not write the fallback tag
            await response.prepare(request)
            async for chunk in paced(aiter(answer.content.iter_chunked(1 << 18)), request, fault):
                await response.write(chunk)
            await response.write_eof()
        return response


def _passed_on(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return all headers except those of one connection; a client may send several with one name."""
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP)


async def serve(world: World, state: Path) -> None:
    """Listen for every host until the process ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(state / "tls/server.pem")
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as client:
        for host, address in HOSTS.items():
            if any(fault.down and fault.host == host for fault in world.fault):
                continue
            gateway = Gateway(world, host, client, state / "requests.jsonl")
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", gateway.handle)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            port = await distance.listen(address, world.round_trip_ms, state / "wire.jsonl")
            await web.TCPSite(runner, address, port, ssl_context=context).start()
        (state / "run" / "gateway-is-up").touch()
        await asyncio.Event().wait()


def main() -> None:
    """Serve the world and the state folder given on the command line."""
    asyncio.run(serve(load(sys.argv[1]), Path(sys.argv[2])))
