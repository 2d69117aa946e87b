"""Registries, read over HTTP where many small things are asked for: one token and one connection serve all.

Protocol: github.com/opencontainers/distribution-spec and the token form of distribution.github.io.
"""

import base64
import re
from functools import cache
from urllib.parse import urlencode, urljoin

from tasks.clients import http, login
from tasks.model.errors import TaskError
from tasks.model.manifest import KNOWN, Descriptor, Manifest, referrers_tag

_MISSING, _UNAUTHORIZED, _FORBIDDEN, _NOT_ALLOWED = 404, 401, 403, 405
_PAGE = 10_000
_NEXT = re.compile(r'<[^>]*\?([^>]*)>; *rel="next"')
_MAX_BLOB = 64_000_000
_ACCEPT = ", ".join(KNOWN)


class HiddenError(TaskError):
    """A registry gives no token: a repository does not exist, or is not shown to this login; it does not say which."""


def manifest(name: str, reference: str) -> Manifest | None:
    """A manifest by tag or digest; None when the registry has none."""
    answer = _get(name, f"manifests/{reference}", f"{name}:{reference} could not be read")
    if answer.status == _MISSING:
        return None
    found = Manifest.parse(answer.body, f"{name}:{reference}")
    if reference.startswith("sha256:") and found.digest != reference:
        why = f"its bytes have the digest {found.digest}"
        raise TaskError(f"{name}@{reference} is not what was asked for", why, "trust nothing from this registry now")
    return found


def digest(name: str, tag: str) -> str:
    """The digest that a tag points at; nothing when there is no such tag."""
    found = manifest(name, tag)
    return found.digest if found else ""


def tags(name: str) -> tuple[str, ...]:
    """Every tag of a repository; registries answer in pages of 100 unless more are asked for."""
    what, path = f"the tags of {name} could not be listed", f"tags/list?n={_PAGE}"
    found: list[str] = []
    while path:
        answer = _get(name, path, what)
        if answer.status == _MISSING:
            raise HiddenError(what, "the registry has no such repository", "is there such a package?")
        document = http.parse_json(answer.body, what, name.partition("/")[0])
        page = document.get("tags") if isinstance(document, dict) else None
        if not isinstance(page, list | None) or document is None:
            raise TaskError(what, "the registry's answer has no list of tags", "is there such a package?")
        found += [str(tag) for tag in page or []]
        more = _NEXT.search(answer.headers.get("Link", ""))
        path = f"tags/list?{more[1]}" if more else ""
    return tuple(found)


def tags_where_shown(name: str) -> tuple[str, ...]:
    """The same of a repository that need not exist: none where there is none, or none that this login may see."""
    try:
        return tags(name)
    except HiddenError:
        return ()


def referrers(name: str, subject: str) -> tuple[Descriptor, ...]:
    """What is attached to a digest, from the list under its fallback tag, which GHCR has in the place of an API."""
    found = manifest(name, referrers_tag(subject))
    return found.children if found else ()


def labels(name: str, image: Manifest) -> dict[str, str]:
    """The labels of an image, from its configuration; none where it has none."""
    what = f"the labels of {name}@{image.digest} could not be read"
    config = image.blobs[0].digest if image.blobs else ""
    answer = _get(name, f"blobs/{config}", what)
    document = http.parse_json(answer.body, what, name.partition("/")[0]) if answer.status != _MISSING else None
    match document:
        case {"config": {"Labels": {**found}}}:
            return {str(key): str(value) for key, value in found.items()}
        case {"rootfs": _}:
            return {}
    raise TaskError(what, "the registry does not have its configuration, or one of another form", "run it again")


def attached(name: str, entry: Descriptor) -> bytes:
    """The first layer of an attached artifact."""
    found = manifest(name, entry.digest)
    layers = found.blobs[1:] if found else ()
    if not layers:
        raise TaskError(f"{name}@{entry.digest} has no content", "its manifest has no layer", "attach it anew")
    what = f"{name}@{layers[0].digest} could not be read"
    answer = _get(name, f"blobs/{layers[0].digest}", what)
    if answer.status == _MISSING:
        raise TaskError(what, "the registry does not have it any more", "attach it anew")
    return answer.body


def require_push(name: str) -> None:
    """Stop unless the login may push: an upload is begun, and given up at once."""
    host, _, repository = name.partition("/")
    what, url = f"{name} cannot be pushed", f"https://{host}/v2/{repository}/blobs/uploads/"
    refused = (_UNAUTHORIZED, _FORBIDDEN)
    answer = http.ask(url, what=what, method="POST", taken=refused)
    if answer.status == _UNAUTHORIZED:
        bearer = {"Authorization": _token(name, answer.headers.get("WWW-Authenticate", ""), "pull,push")}
        answer = http.ask(url, what=what, method="POST", headers=bearer, taken=refused)
        if answer.status not in refused and "Location" in answer.headers:
            upload = urljoin(url, answer.headers["Location"])
            http.ask(upload, what=what, method="DELETE", headers=bearer, taken=(*refused, _MISSING, _NOT_ALLOWED))
    if answer.status in refused:
        why = f"{host} answered {answer.status}: the login may not write there"
        raise TaskError(what, why, f"log in with a token that has write:packages: podman login {host}")


def _get(name: str, path: str, what: str) -> http.Answer:
    """A part of a repository, with a token where one is asked for."""
    host, _, repository = name.partition("/")
    url = f"https://{host}/v2/{repository}/{path}"
    for fresh in (False, True):
        headers = {"Accept": _ACCEPT, **_authorization(name, fresh=fresh)}
        answer = http.ask(
            url, what=what, headers=headers, taken=(_MISSING, _UNAUTHORIZED, _FORBIDDEN), max_bytes=_MAX_BLOB
        )
        if answer.status == _FORBIDDEN:
            break
        if answer.status != _UNAUTHORIZED:
            return answer
        _challenges[host] = answer.headers.get("WWW-Authenticate", "")
    why = f"{host} answered {answer.status}: it does not let this login (or a stranger) read {repository}"
    raise TaskError(what, why, f"log in: podman login --authfile ~/.docker/config.json {host}")


_challenges: dict[str, str] = {}  # what a registry asked for when it was first spoken to, by host


def _authorization(name: str, *, fresh: bool) -> dict[str, str]:
    """The header with the repository's token; nothing before the registry has said where tokens are had."""
    challenge = _challenges.get(name.partition("/")[0], "")
    if not challenge:
        return {}
    if fresh:
        _token.cache_clear()
    return {"Authorization": _token(name, challenge)}


@cache
def _token(name: str, challenge: str, rights: str = "pull") -> str:
    host, _, repository = name.partition("/")
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    login_header = _basic(host)
    if not challenge.lower().startswith("bearer") or "realm" not in fields:
        return login_header.get("Authorization", "")
    query = urlencode({"service": fields.get("service", host), "scope": f"repository:{repository}:{rights}"})
    what = f"{host} gave no token for {repository}"
    answer = http.ask(f"{fields['realm']}?{query}", what=what, headers=login_header, taken=(_UNAUTHORIZED, _FORBIDDEN))
    if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
        hint = f"log in: podman login --authfile ~/.docker/config.json {host}"
        raise HiddenError(what, "it does not exist, is private, or the login has expired", hint)
    document = http.parse_json(answer.body, what, host)
    token = document.get("token") or document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(token, str):
        raise TaskError(what, "its answer has no token", "try again in a few minutes")
    return f"Bearer {token}"


def _basic(host: str) -> dict[str, str]:
    known = login.credentials(host)
    if known is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(':'.join(known).encode()).decode()}"}
