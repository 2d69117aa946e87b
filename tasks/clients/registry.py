"""Registries, read over HTTP for many small reads: all of them share one token and one connection.

Protocol: github.com/opencontainers/distribution-spec and the token format of distribution.github.io.
"""

import base64
import re
from functools import cache
from time import sleep
from urllib.parse import urlencode, urljoin

from tasks.clients import http, login
from tasks.model.errors import TaskError
from tasks.model.registry.manifest import KNOWN, Descriptor, Manifest

_MISSING, _UNAUTHORIZED, _FORBIDDEN, _NOT_ALLOWED = 404, 401, 403, 405
_REFUSED = (_UNAUTHORIZED, _FORBIDDEN)
_PAUSES_SECONDS = (0.3, 1.0)  # between tries of a refused read: GHCR sometimes refuses without a reason
_PAGE = 10_000
NEXT = re.compile(r'<[^>]*\?([^>]*)>; *rel="next"')
_MAX_BLOB = 64_000_000
_ACCEPT = ", ".join(KNOWN)


class AbsentError(TaskError):
    """A registry has no such repository, tag or digest."""


class RefusedError(TaskError):
    """A registry answers 401 or 403."""


class HiddenError(RefusedError):
    """A registry gives no token without a login: the repository is missing or private; it does not say which."""


def manifest(name: str, reference: str) -> Manifest | None:
    """A manifest by tag or digest; None if the registry has none."""
    answer = get(name, f"manifests/{reference}", f"{name}:{reference} could not be read")
    if answer.status == _MISSING:
        return None
    document = Manifest.parse(answer.body, f"{name}:{reference}")
    if reference.startswith("sha256:") and document.digest != reference:
        why = f"its bytes have the digest {document.digest}"
        raise TaskError(f"{name}@{reference} has other content than it names", why, "do not trust this registry now")
    return document


def digest(name: str, tag: str) -> str:
    """The digest that a tag points at; empty if there is no such tag."""
    target = manifest(name, tag)
    return target.digest if target else ""


def tags(name: str) -> tuple[str, ...]:
    """Every tag of a repository; without a requested page size, registries answer in pages of 100."""
    what, path = f"the tags of {name} could not be listed", f"tags/list?n={_PAGE}"
    names: list[str] = []
    while path:
        answer = get(name, path, what)
        if answer.status == _MISSING:
            raise AbsentError(
                what,
                "the registry has no such repository",
                f"publish the first image, or correct {name} in invoke.yaml",
            )
        document = http.parse_json(answer.body, what, name.partition("/")[0])
        page = document.get("tags") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(page, list | None):
            raise TaskError(what, "the registry's answer has no list of tags", "try again in a few minutes")
        names += [str(tag) for tag in page or []]
        more = NEXT.search(answer.headers.get("Link", ""))
        path = f"tags/list?{more[1]}" if more else ""
    return tuple(names)


def tags_where_shown(name: str) -> tuple[str, ...]:
    """Every tag of a repository; empty if it does not exist or this login may not see it.

    A repository that exists has tags, so an empty list is an error of the registry.
    """
    try:
        names = tags(name)
    except (AbsentError, HiddenError):
        return ()
    if not names:
        raise TaskError(f"{name} lists no tags", "the registry sent an empty list", "try again in a few minutes")
    return names


def is_absent(name: str, user: str, password: str) -> bool:
    """Whether the registry tells this login that it has no such repository; False if it shows or refuses it."""
    try:
        answer = get(name, "tags/list?n=1", f"the tags of {name} could not be listed", basic=_basic((user, password)))
    except RefusedError:
        return False
    return answer.status == _MISSING


def labels(name: str, image: Manifest) -> dict[str, str]:
    """The labels of an image, from its configuration; empty if it has none."""
    what = f"the labels of {name}@{image.digest} could not be read"
    config = image.blobs[0].digest if image.blobs else ""
    answer = get(name, f"blobs/{config}", what)
    document = http.parse_json(answer.body, what, name.partition("/")[0]) if answer.status != _MISSING else None
    match document:
        case {"config": {"Labels": {**texts}}}:
            return {str(key): str(value) for key, value in texts.items()}
        case {"rootfs": _}:
            return {}
    raise TaskError(what, "its configuration is missing or has an unknown form", "run it again")


def attached(name: str, entry: Descriptor) -> bytes:
    """The first layer of an attached artifact."""
    artifact = manifest(name, entry.digest)
    layers = artifact.blobs[1:] if artifact else ()
    if not layers:
        raise TaskError(f"{name}@{entry.digest} has no content", "its manifest has no layer", "attach it again")
    what = f"{name}@{layers[0].digest} could not be read"
    answer = get(name, f"blobs/{layers[0].digest}", what)
    if answer.status == _MISSING:
        raise TaskError(what, "the registry no longer has it", "attach it again")
    return answer.body


def require_push(name: str) -> None:
    """Stop unless the login may push: start an upload and cancel it at once."""
    host, _, repository = name.partition("/")
    what, url = f"{name} cannot be pushed", f"https://{host}/v2/{repository}/blobs/uploads/"
    answer = http.ask(url, what=what, method="POST", accept_status=_REFUSED)
    if answer.status == _UNAUTHORIZED:
        bearer = {"Authorization": _token(name, answer.headers.get("WWW-Authenticate", ""), "pull,push")}
        answer = http.ask(url, what=what, method="POST", headers=bearer, accept_status=_REFUSED)
        if answer.status not in _REFUSED and "Location" in answer.headers:
            upload = urljoin(url, answer.headers["Location"])
            http.ask(
                upload, what=what, method="DELETE", headers=bearer, accept_status=(*_REFUSED, _MISSING, _NOT_ALLOWED)
            )
    if answer.status in _REFUSED:
        why = f"{host} answered {answer.status}: the login may not write there"
        raise TaskError(what, why, f"log in with a token that has write:packages: podman login {host}")


def get(name: str, path: str, what: str, *, basic: str = "", follow: bool = True) -> http.Answer:
    """Read a part of a repository; try again after a refusal, but only once without a login, since it may be final.

    `basic` is the header of another login than the one stored for the host.
    """
    for tries, pause in enumerate((*_PAUSES_SECONDS, None), 1):
        try:
            return _once(name, path, what, basic=basic, follow=follow)
        except RefusedError as error:
            _token.cache_clear()
            is_hidden = isinstance(error, HiddenError)
            if pause is None or (is_hidden and tries > 1):
                why = f"{error.why} (tried {tries} times)"
                raise type(error)(error.what if is_hidden else what, why, error.next) from error
        sleep(pause)
    raise AssertionError("the last try has no pause")


def _once(name: str, path: str, what: str, *, basic: str, follow: bool) -> http.Answer:
    """Try once; the first request to a host has no token, and its answer says where to get one."""
    host, _, repository = name.partition("/")
    url = f"https://{host}/v2/{repository}/{path}"
    for _ in range(2):
        known = _challenges.get(host, "")
        headers = {"Accept": _ACCEPT} | ({"Authorization": _token(name, known, basic=basic)} if known else {})
        answer = http.ask(
            url, what=what, headers=headers, accept_status=(_MISSING, *_REFUSED), max_bytes=_MAX_BLOB, follow=follow
        )
        challenge = answer.headers.get("WWW-Authenticate", "")
        if answer.status != _UNAUTHORIZED or challenge in ("", known):
            break
        _challenges[host] = challenge
    if answer.status in _REFUSED:
        raise _refused(name, what, answer.status)
    return answer


_challenges: dict[str, str] = {}  # by host: where its first answer says to get a token


def _refused(name: str, what: str, status: int) -> RefusedError:
    """Explain a refusal and what helps: a login, a new login, or one with more rights."""
    host, _, repository = name.partition("/")
    file = login.file_for(host)
    if file is None:
        why = f"{host} answered {status}: it requires a login for {repository}"
        return RefusedError(what, why, f"log in: podman login --authfile ~/.docker/config.json {host}")
    if status == _UNAUTHORIZED:
        why = f"{host} answered {status}: it does not accept the login in {file}"
        return RefusedError(what, why, f"log in again: podman login --authfile {file} {host}")
    why = f"{host} answered {status}: the login in {file} has no right to read {repository}"
    hint = f"log in with a token that has read:packages: podman login --authfile {file} {host}"
    return RefusedError(what, why, hint)


@cache
def _token(name: str, challenge: str, rights: str = "pull", basic: str = "") -> str:
    host, _, repository = name.partition("/")
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    basic = basic or _basic(login.credentials(host))
    if not challenge.lower().startswith("bearer") or "realm" not in fields:
        return basic
    query = urlencode({"service": fields.get("service", host), "scope": f"repository:{repository}:{rights}"})
    what, headers = f"{host} gave no token for {repository}", {"Authorization": basic} if basic else {}
    answer = http.ask(f"{fields['realm']}?{query}", what=what, headers=headers, accept_status=_REFUSED)
    if answer.status == _FORBIDDEN and not basic and login.file_for(host) is None:
        hint = f"if it is private, log in: podman login --authfile ~/.docker/config.json {host}"
        raise HiddenError(
            f"{host} does not show {repository} without a login", "it does not exist yet, or it is private", hint
        )
    if answer.status in _REFUSED:
        raise _refused(name, what, answer.status)
    document = http.parse_json(answer.body, what, host)
    token = document.get("token") or document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(token, str):
        raise TaskError(what, "its answer has no token", "try again in a few minutes")
    return f"Bearer {token}"


def _basic(known: tuple[str, str] | None) -> str:
    """The header of a login; empty without one."""
    return f"Basic {base64.b64encode(':'.join(known).encode()).decode()}" if known else ""
