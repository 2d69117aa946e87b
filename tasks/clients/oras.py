"""What is written beside an image, through oras: a tag, and artifacts attached to its digest.

Artifacts are listed under the fallback tag, which every registry has; one with the referrers API lists them there too.
"""

from collections.abc import Mapping
from pathlib import Path

from tasks.clients import login, shell
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef

_SECONDS = 300
_HINT = "is the login still good, and may it write? run it again"


def tag(image: ImageRef, name: str) -> bool:
    """Point a tag at an image that is in the registry, byte for byte; False under `inv -R`.

    One manifest is read and written, no layer is looked at: the shorter the move, the less another can come between.
    """
    known = login.file_for(image.name.partition("/")[0])
    argv = ["oras", "tag", *([f"--registry-config={known}"] if known else []), str(image), name]
    what = f"{image.name}:{name} could not be moved to {image.digest}"
    return shell.run(argv, what=what, seconds=_SECONDS, hint=_HINT)


def attach(image: ImageRef, artifact_type: str, annotations: Mapping[str, str], file: Path | None = None) -> bool:
    """Attach an artifact of annotations, with one file or none; False under `inv -R`. Twice makes two of it."""
    host = image.name.partition("/")[0]
    known = login.file_for(host)
    if known is None:
        raise TaskError(f"nothing can be attached to {image}", f"there is no login for {host}", f"podman login {host}")
    argv = [
        "oras", "attach", "--no-tty", f"--registry-config={known}", f"--artifact-type={artifact_type}",
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
