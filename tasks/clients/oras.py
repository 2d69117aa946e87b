"""Tags of an image and artifacts attached to its digest, written with oras.

Artifacts are listed under the fallback tag, which works in every registry; one with the referrers API lists them there
too.
"""

from collections.abc import Mapping
from pathlib import Path

from tasks.clients import login, shell
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef

_SECONDS = 300
_HINT = "check that the login is still valid and may write, then run it again"


def tag(image: ImageRef, name: str) -> bool:
    """Point a tag at an image in the registry, byte for byte; False under `inv -R`.

    This reads and writes one manifest and no layer. The shorter the move, the less likely another publisher interferes.
    """
    auth_file = login.file_for(image.name.partition("/")[0])
    argv = ["oras", "tag", *([f"--registry-config={auth_file}"] if auth_file else []), str(image), name]
    what = f"{image.name}:{name} could not be moved to {image.digest}"
    return shell.run(argv, what=what, seconds=_SECONDS, hint=_HINT)


def attach(image: ImageRef, artifact_type: str, annotations: Mapping[str, str], file: Path | None = None) -> bool:
    """Attach an artifact with annotations and at most one file; False under `inv -R`. Not idempotent."""
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
    )
