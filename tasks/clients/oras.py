"""Tags of an image and artifacts attached to its digest, written with oras.

Artifacts are listed under the fallback tag, which works in every registry; one with the referrers API lists them there
too.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import login, referrers, shell
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import PREFIX
from tasks.model.registry.manifest import OCI_INDEX, Descriptor, referrers_tag

_SECONDS = 300
_TRIES = 3
_ATTEMPT = f"{PREFIX}-attempt"  # an annotation; those of a record's facts begin with PREFIX and a dot
_attached: dict[str, dict[str, Descriptor]] = {}  # by image: what this process has seen attached to it
_HINT = "check that the login is still valid and may write, then run it again"


def tag(image: ImageRef, name: str) -> bool:
    """Point a tag at an image in the registry, byte for byte; False under `inv -R`.

    This reads and writes one manifest and no layer. The shorter the move, the less likely another publisher interferes.
    """
    auth_file = login.file_for(image.name.partition("/")[0])
    argv = ["oras", "tag", *([f"--registry-config={auth_file}"] if auth_file else []), str(image), name]
    what = f"{image.name}:{name} could not be moved to {image.digest}"
    return shell.run(argv, what=what, seconds=_SECONDS, hint=_HINT, tries=_TRIES)


def attach(image: ImageRef, artifact_type: str, annotations: Mapping[str, str], file: Path | None = None) -> bool:
    """Attach an artifact with annotations and at most one file, and read it back; False under `inv -R`.

    The list of artifacts is read, extended and written by each client. A stale answer or another client can lose
    entries of it, so what is missing is written again, also if it was missing before this call. Each attempt is a
    manifest of its own: oras does not list one that the registry has already.
    """
    known = _attached.setdefault(str(image), {})
    known |= _listed(image)
    after = _attach_until_listed(image, artifact_type, annotations, file, known)
    known |= after
    return bool(after)


def _listed(image: ImageRef) -> dict[str, Descriptor]:
    return {entry.digest: entry for entry in referrers.of(image.name, image.digest)}


def _attach_until_listed(
    image: ImageRef, artifact_type: str, annotations: Mapping[str, str], file: Path | None,
    before: Mapping[str, Descriptor],
) -> dict[str, Descriptor]:  # fmt: skip
    """Attach until the registry lists it next to what it had `before`; return the list, empty under `inv -R`."""
    for number in range(_TRIES):
        attempt = {_ATTEMPT: str(number)} if number else {}
        if not _attach(image, artifact_type, {**annotations, **attempt}, file):
            return {}
        after = _listed(image)
        new = [
            entry for digest, entry in after.items() if digest not in before and entry.artifact_type == artifact_type
        ]
        added = any(entry.annotations.items() >= annotations.items() for entry in new)
        lost = [entry for digest, entry in before.items() if digest not in after]
        if added and not lost:
            return after
        say(f"the list of what is attached to {image.digest} lost entries; writing it again")
        if lost:
            _write_list(image, [*after.values(), *lost])
        if added:
            return _require_kept(image, {*before, *after})
    what = f"a record could not be attached to {image}"
    raise TaskError(what, f"it was written {_TRIES} times, and the registry does not list it", _HINT)


def _require_kept(image: ImageRef, wanted: set[str]) -> dict[str, Descriptor]:
    """Return what the registry lists now; stop if these digests are still missing."""
    listed = _listed(image)
    lost = wanted - set(listed)
    if lost:
        what = f"{len(lost)} artifacts attached to {image} are not listed any more"
        raise TaskError(what, f"the registry does not list {', '.join(sorted(lost))}", _HINT)
    return listed


def _write_list(image: ImageRef, entries: Iterable[Descriptor]) -> None:
    """Write the fallback tag's list again."""
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry.row for entry in entries]}
    with TemporaryDirectory() as folder:
        file = Path(folder, "index.json")
        file.write_text(json.dumps(index))
        auth_file = login.file_for(image.name.partition("/")[0])
        argv = [
            "oras", "manifest", "push", f"--registry-config={auth_file}", f"--media-type={OCI_INDEX}",
            f"{image.name}:{referrers_tag(image.digest)}", str(file),
        ]  # fmt: skip
        shell.run(argv, what=f"the list of {image} could not be written", seconds=_SECONDS, hint=_HINT, tries=_TRIES)


def _attach(image: ImageRef, artifact_type: str, annotations: Mapping[str, str], file: Path | None) -> bool:
    host = image.name.partition("/")[0]
    auth_file = login.file_for(host)
    if auth_file is None:
        raise TaskError(
            f"nothing can be attached to {image}", f"there is no login for {host}", f"log in: podman login {host}"
        )
    argv = [
        "oras", "attach", "--no-tty", f"--registry-config={auth_file}", f"--artifact-type={artifact_type}",
        "--distribution-spec=v1.1-referrers-tag",
        *(f"--annotation={name}={value}" for name, value in annotations.items()),
        str(image), *([f"{file.name}:{artifact_type}"] if file else []),
    ]  # fmt: skip
    return shell.run(
        argv,
        what=f"a record could not be attached to {image}",
        seconds=_SECONDS,
        hint=_HINT,
        cwd=file.parent if file else None,
        tries=_TRIES,
    )
