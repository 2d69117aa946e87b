"""Own kmods: build or load them on this machine, then save them to a file or push them to our own repository."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import archives, key_pairs, oras, podman, registry, workspace
from tasks.clients.github import actions
from tasks.console import answer, say
from tasks.flows import kmods as images
from tasks.flows import own_kmods, publish
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.versions import Kernel, parse_zfs

if TYPE_CHECKING:
    from tasks.settings.values import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The OCI archives to save an image to and to load it from; "" means none."""

    save: str
    load: str


def build_kmods(settings: "Settings", zfs: str, kernel: str, files: Files, key: str | None) -> None:
    """Make the kmods of a pair and print their image; push it unless `key` is None ("": the key's usual places)."""
    pair = KmodsTag(parse_zfs(zfs), Kernel.parse(kernel))
    image = _local(settings, pair, files) if key is None else _pushed(settings, pair, files, key)
    if image is None:
        return
    actions.output("image", image.name)
    actions.output("digest", image.digest)
    say(f"next: ./inv build --kmods {image}" if key is None else "next: ./inv versions")
    answer(image)


def _local(settings: "Settings", pair: "KmodsTag", files: Files) -> "ImageRef | None":
    """Load the image from an archive, or build it on this machine."""
    archives.require_folder(Path(files.save))
    image = images.load(settings, pair, files.load) if files.load else images.build(settings, pair)
    if image and files.save and archives.save(str(image), Path(files.save)):
        again = f"./inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel} --load {files.save} --push"
        say(f"{files.save} written; next: {again}")
    return image


def _pushed(settings: "Settings", pair: "KmodsTag", files: Files, key: str) -> "ImageRef | None":
    """Return the image in our own repository; make and push it only if builds would not accept the one there."""
    if files.save:
        hint = "run it with --save on one machine, then with --load and --push on the other"
        raise TaskError("--save and --push cannot be combined", "a saved file is for a push from another machine", hint)
    secret = publish.ready(settings, key)
    image = own_kmods.usable_image(settings, pair)
    if image is None and (local := _local(settings, pair, files)):
        image = _push(settings, str(local), pair, secret)
    return image


def _push(settings: "Settings", image: str, pair: "KmodsTag", key: key_pairs.Key) -> ImageRef | None:
    """Sign a kmods image and push it to our own repository under its pair's tag; return None under `inv -R`.

    The tag moves last, so that it never names an image that builds would refuse.
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
