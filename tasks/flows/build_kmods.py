"""Kmods of our own: built or loaded on this machine, then saved in a file or pushed to our own repository."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import archives
from tasks.clients.github import actions
from tasks.console import say
from tasks.flows import kmods as images
from tasks.flows import own_kmods as ownkmods
from tasks.flows import publish as publishing
from tasks.model.errors import TaskError

if TYPE_CHECKING:
    from tasks.model.image import ImageRef, KmodsTag
    from tasks.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The OCI archives that an image is written to, and taken from; nothing for none."""

    save: str
    load: str


def kmods(settings: "Settings", pair: "KmodsTag", files: Files, key: str | None) -> "ImageRef | None":
    """The kmods image of a pair; with a key's file, or "" for its usual places, pushed. None under `inv -R`."""
    image = _here(settings, pair, files) if key is None else _pushed(settings, pair, files, key)
    if image:
        actions.output("image", image.name)
        actions.output("digest", image.digest)
    return image


def _here(settings: "Settings", pair: "KmodsTag", files: Files) -> "ImageRef | None":
    """The image on this machine, from an archive or built."""
    archives.require_folder(Path(files.save))
    image = images.load(settings, pair, files.load) if files.load else images.build(settings, pair)
    if image and files.save and archives.save(str(image), Path(files.save)):
        again = f"./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel} --load {files.save} --push"
        say(f"{files.save} written; next: {again}")
    return image


def _pushed(settings: "Settings", pair: "KmodsTag", files: Files, key: str) -> "ImageRef | None":
    """The image in our own repository, made only where a build would take none that is there."""
    if files.save:
        hint = "type it with --save on one machine, then with --load and --push on the other"
        raise TaskError("--save and --push exclude each other", "a file is for a push from another machine", hint)
    secret = publishing.ready(settings, key)
    image = ownkmods.there(settings, pair)
    if image is None and (made := _here(settings, pair, files)):
        image = publishing.push_kmods(settings, str(made), pair, secret)
    return image
