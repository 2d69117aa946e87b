"""Kmods of our own: built or loaded on this machine, then saved in a file or pushed to our own repository."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import archives, oras, podman, registry, signer, workspace
from tasks.clients.github import actions
from tasks.console import answer, say
from tasks.flows import kmods as images
from tasks.flows import own_kmods, publish
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.versions import Kernel, parse_zfs

if TYPE_CHECKING:
    from tasks.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The OCI archives that an image is written to, and taken from; nothing for none."""

    save: str
    load: str


def build_kmods(settings: "Settings", zfs: str, kernel: str, files: Files, key: str | None) -> None:
    """Have the kmods of a pair, and answer their image; with a key's file, or "" for its usual places, pushed."""
    pair = KmodsTag(parse_zfs(zfs), Kernel.parse(kernel))
    image = _here(settings, pair, files) if key is None else _pushed(settings, pair, files, key)
    if image is None:
        return
    actions.output("image", image.name)
    actions.output("digest", image.digest)
    say(f"next: ./inv build --kmods {image}" if key is None else "next: ./inv versions")
    answer(image)


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
    secret = publish.ready(settings, key)
    image = own_kmods.there(settings, pair)
    if image is None and (made := _here(settings, pair, files)):
        image = _push(settings, str(made), pair, secret)
    return image


def _push(settings: "Settings", image: str, pair: "KmodsTag", key: signer.Key) -> ImageRef | None:
    """Have a kmods image in our own repository under its pair's tag, signed before; None under `inv -R`.

    The tag moves last, so that it never names an image that no build would take.
    """
    repository = settings.own_kmods
    own_kmods.require_pair(image, pair)
    shipped = workspace.host_files().of(repository)
    pushed = publish.push(repository, image, key, shipped)
    if pushed is None:
        return None
    podman.accept(pushed, shipped)
    if not oras.tag(pushed, str(pair)):
        return None
    held = registry.digest(repository, str(pair))
    if held != pushed.digest:
        say(f"another run moved {repository}:{pair} to {held or 'nothing'} meanwhile; continuing with {pushed.digest}")
    return pushed
