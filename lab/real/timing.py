"""How long an image takes from prebuilt modules, and from their source."""

import time
from dataclasses import dataclass
from pathlib import Path

from lab import session
from lab.world import load
from tasks.model.errors import TaskError

_PULLED = "podman pull --quiet quay.io/fedora/fedora-coreos:stable quay.io/fedora/fedora:44"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildTimes:
    """Seconds on this machine, of one run."""

    prebuilt: float
    source: float


def build_times(states: Path) -> BuildTimes:
    """Build the first release of the real world in both ways, one after the other; what both pull is there before."""
    pair = load("real").kmods[0]
    recipe = f"inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel}"
    return BuildTimes(
        prebuilt=_timed(states / "build-time-real", "real", "inv build"),
        source=_timed(states / "build-time-source", "source", f'image=$({recipe}) && inv build --kmods "$image"'),
    )


def _timed(state: Path, world: str, command: str) -> float:
    for words, prepare in ((_PULLED, lambda: session.clear(state)), (command, None)):
        begun = time.monotonic()
        if session.run(load(world), f"{{ {words}; }} >&2", state, prepare=prepare):
            hint = f"see for yourself: ./inv lab -w {world} -- '{words}'"
            raise TaskError("nothing was measured", f"{words} said the above", hint)
    return time.monotonic() - begun
