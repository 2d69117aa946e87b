"""Registries, read with skopeo: digests, labels and tags; nothing is pulled.

If skopeo fails, the registry itself is asked for the cause: skopeo's words differ between versions, and its "denied" or
"not found" may mean a file on this machine.
"""

import re
from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING

from tasks.clients import registry, shell
from tasks.model import hints, json_text
from tasks.model.errors import TaskError
from tasks.model.image import BaseImage

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_SKOPEO = ("skopeo", "--override-os=linux", "--override-arch=amd64")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_SECONDS = 20  # for one try
_PAUSES_SECONDS = (0.3, 1.0)  # between tries of a read
_MEANINGS = {
    "invalid character '<'": "it answered with a web page, as a proxy or a login portal does",
    "unexpected end of JSON input": "its answer was cut short",
}


def inspect(name: str, reference: str) -> BaseImage:
    """Digest and labels of `name:tag` or `name@digest`; for a manifest list, the list's digest."""
    image = f"{name}{'@' if ':' in reference else ':'}{reference}"
    what = f"{image} could not be read"
    document = _json([*_SKOPEO, "inspect", "--no-tags", f"docker://{image}"], what, name, reference)
    digest, labels = document.get("Digest"), document.get("Labels")
    if not isinstance(digest, str) or not isinstance(labels, dict | None):
        raise TaskError(
            what, "skopeo's answer has no digest or no labels", f"look at it: skopeo inspect docker://{image}"
        )
    texts = {str(key): str(value) for key, value in (labels or {}).items()}
    return BaseImage(
        name=name, digest=digest, labels=texts, created=_moment(document.get("Created")),
        architecture=str(document.get("Architecture") or ""),
    )  # fmt: skip


def find(name: str, reference: str) -> BaseImage | None:
    """Like `inspect`, but None if the registry has no such image. A refusal is an error (see `registry`)."""
    try:
        return inspect(name, reference)
    except registry.AbsentError:
        return None


def _moment(text: object) -> datetime | None:
    """An image's creation time to the second, read from a text like `2026-11-10T18:00:00.123456789Z`."""
    matched = _MOMENT.match(text) if isinstance(text, str) else None
    return datetime.fromisoformat(f"{matched[0]}+00:00") if matched else None


def tags(name: str) -> tuple[str, ...]:
    """Every tag of a repository, in one listing; an empty list is an error."""
    what = f"the tags of {name} could not be read"
    names = _json([*_SKOPEO, "list-tags", f"docker://{name}"], what, name).get("Tags")
    if not isinstance(names, list | None):
        raise TaskError(what, "skopeo's answer has no list of tags", f"look at it: skopeo list-tags docker://{name}")
    if not names:
        why = "the registry answered with an empty list"
        raise TaskError(
            f"{name} lists no tags", why, f"try again in a few minutes, or: skopeo list-tags docker://{name}"
        )
    return tuple(str(tag) for tag in names)


def _json(argv: list[str], what: str, name: str, reference: str = "") -> dict[str, object]:
    try:
        document = json_text.loads(_read(argv, what, name, reference))
    except ValueError as error:
        raise TaskError(what, f"skopeo's answer is not JSON: {error}", "try again in a few minutes") from error
    if not isinstance(document, dict):
        raise TaskError(what, "skopeo's answer is not a JSON object", "try again in a few minutes")
    return document


def _read(argv: list[str], what: str, name: str, reference: str) -> str:
    """Run skopeo and return its output; retries reads that fail at a busy registry, which skopeo itself does not."""
    for tries, pause in enumerate((*_PAUSES_SECONDS, None), 1):
        try:
            done = shell.attempt(argv, what=what, seconds=_SECONDS)
            if done.returncode == 0:
                return done.stdout
            failure = _failed(argv, what, done)
            if tries == 1 or pause is None:
                _require_shown(name, reference, what)
        except shell.TooSlowError as error:
            failure = error
        if pause is None:
            raise TaskError(what, f"{failure.why} (tried {tries} times)", failure.next)
        sleep(pause)
    raise AssertionError("the last try has no pause")


def _require_shown(name: str, reference: str, what: str) -> None:
    """Stop if the registry itself says that it has no such image, or refuses it; else skopeo's words say more."""
    try:
        answer = registry.manifest(name, reference) if reference else registry.tags(name)
    except (registry.AbsentError, registry.RefusedError):
        raise
    except TaskError:
        return
    if answer is None:
        raise registry.AbsentError(
            what, "the registry has no such image", f"see its tags: skopeo list-tags docker://{name}"
        )


def _failed(argv: list[str], what: str, done: "CompletedProcess[str]") -> TaskError:
    """The error in skopeo's words, or in plain words if skopeo reports its parser."""
    meaning = next((meaning for words, meaning in _MEANINGS.items() if words in done.stderr), "")
    error = shell.failed(argv, what, done.returncode, done.stderr)
    hint = hints.following(error.why, f"check the network, or try again in a few minutes; {error.next}")
    return TaskError(what, meaning or error.why, hint)
