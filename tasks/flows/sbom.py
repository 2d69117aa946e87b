"""The SBOM: the list of what an image contains."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import podman, workspace
from tasks.console import answer, say
from tasks.model.lock import created_of
from tasks.model.registry.sbom import Contents, spdx

if TYPE_CHECKING:
    from tasks.settings.values import Settings


def sbom(settings: "Settings", image: str, out: str) -> None:
    """Write an image's SPDX document to a file, or print it."""
    listed = document(settings, image)
    if not out:
        answer(listed.rstrip())
    elif workspace.write_whole(Path(out), listed):
        say(f"wrote {out}")


def document(settings: "Settings", image: str) -> str:
    """Return the SPDX document of a local image; an image named with its registry is pulled first."""
    labels = podman.require(image)
    contents = Contents.parse(podman.contents(image), image)
    created = created_of(labels, image)
    return spdx(contents, settings.local_name, settings.source, f"sha256:{podman.image_id(image)}", created)
