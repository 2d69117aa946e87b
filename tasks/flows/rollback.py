"""Move the public tag back to an image that it pointed at before."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tasks.clients import login, skopeo, workspace
from tasks.console import answer, say, warn
from tasks.flows import history, keys, promote
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import KEYS_LABEL
from tasks.model.registry.preconditions import Waivers
from tasks.model.versions import given, parse_zfs

if TYPE_CHECKING:
    from tasks.model.registry.history import Promoted
    from tasks.settings.values import Settings


def rollback(settings: "Settings", to: str) -> None:
    """Point the public tag at a digest, by default the one promoted before, and show how to block the one it left."""
    keys.require(settings)
    login.require(settings.host)
    past = history.promoted(settings)
    left = past.back(0)
    moved_from = past.unrecorded()
    image = ImageRef(settings.image, to or (left if moved_from else past.target()).digest)
    if image.digest == left.digest:
        if moved_from:
            promote.record_move(image, moved_from)
        say(f"stable already points at {image.digest}")
    else:
        _warn_of_pools(left, image)
        _warn_of_keys(image)
        _move(settings, left, image)
    answer(image.digest)


def _move(settings: "Settings", left: "Promoted", image: ImageRef) -> None:
    """Move the tag and say what follows; also if the move is refused, say how to block the image that stays."""
    try:
        promote.move(settings, image, left.digest, Waivers(allow_downgrade=True, any_contract=True))
    except TaskError:
        _say_blocks(left)
        raise
    _say_blocks(left)
    say("hosts follow with their next update; to update one now: sudo bootc upgrade --apply")
    say("on a host that does not boot, choose the older entry in the boot menu")


def _warn_of_pools(left: "Promoted", image: ImageRef) -> None:
    """Warn if OpenZFS goes back: an older line cannot import a pool that a newer line upgraded."""
    older, newer = history.lock_of(image).zfs_version, parse_zfs(left.facts.get("zfs-version", ""))
    if older.release[:2] < newer.release[:2]:
        warn(f"OpenZFS goes back from {newer} to {older}: it cannot import pools after `zpool upgrade`")


def _warn_of_keys(image: ImageRef) -> None:
    """Warn if machines that follow would lose a key that ships: the next image needs another key's signature."""
    shipped = workspace.host_files().fingerprints
    trusted = (given(skopeo.inspect(image.name, image.digest).labels.get(KEYS_LABEL)) or "").split()
    new = [PurePosixPath(key).name for key in shipped if shipped[key] not in trusted]
    old = [PurePosixPath(key).name for key in shipped if shipped[key] in trusted]
    if new and old:
        sign = f"sign the next image with the private half of {' or '.join(old)}"
        warn(f"{image} does not trust {' and '.join(new)}: {sign}, or machines that follow it refuse it")


def _say_blocks(left: "Promoted") -> None:
    facts = left.facts
    say("to keep the next build from bringing it back, block the image you left, by its content or by its pair:")
    say(f"  its content: ./inv block --inputs {facts.get('inputs')} --reason '…'")
    say(f"  its pair:    ./inv block --fcos {facts.get('fcos-version')} --zfs {facts.get('zfs-version')} --reason '…'")
