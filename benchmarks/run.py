"""The benchmarks, each in a lab of its own whose hosts are far away."""

import json
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import session, workflows
from lab.open import open_lab
from lab.world import load
from tasks.model.errors import TaskError
from tasks.model.kmods import fedora_of
from tasks.model.versions import Kernel

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from benchmarks.{} import main; main()"
_WORLDS = {"resolve": "far", "published": "far-past", "installing": "season"}
_BUILD_TIME = "build-time"
_BASE = "quay.io/fedora/fedora-coreos:stable"


def run(states: Path, only: str) -> list[dict[str, Any]]:
    """Measure in fresh labs; no results of a benchmark that ended early. `only` names one of what is left out else."""
    if only:
        if only != _BUILD_TIME:
            raise TaskError(
                f"there is no benchmark {only!r}", f"only {_BUILD_TIME} goes by itself", "leave it out for all others"
            )
        return [_build_time(states)]
    results = [result for name, world in _WORLDS.items() for result in _one(name, world, states / f"bench-{name}")]
    return [*results, *_days(states / "bench-workflows")]


def _build_time(states: Path) -> dict[str, Any]:
    """One image from prebuilt modules and one from their source; what both pull is there before."""
    from benchmarks.resolve import Result

    pair = load("real").kmods[0]
    recipe = f"inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel}"
    builder = f"quay.io/fedora/fedora:{fedora_of(Kernel.parse(pair.kernel, 'world real'))}"
    prebuilt = _timed(states / "bench-prebuilt", "real", [_BASE], "inv build")
    both = f'image=$({recipe}) && inv build --kmods "$image"'
    source = _timed(states / "bench-source", "source", [_BASE, builder], both)
    row = Result(
        name="an image from prebuilt modules, of one from their source", measured=prebuilt / source, limit=0.3,
        unit="", told=f"{prebuilt:.1f} s of {source:.1f} s",
    )  # fmt: skip
    return asdict(row) | {"kept": row.kept}


def _timed(state: Path, world: str, pulled: list[str], command: str) -> float:
    """How many seconds a command takes in a fresh lab that has pulled some images before."""
    for words, prepare in (
        (shlex.join(["podman", "pull", "--quiet", *pulled]), lambda: session.clear(state)),
        (command, lambda: None),
    ):
        begun = time.monotonic()
        if open_lab(load(world), f"{{ {words}; }} >&2", state, prepare=prepare):
            hint = f"see for yourself: ./inv lab -w {world} -- '{words}'"
            raise TaskError("nothing was measured", f"{words} said the above", hint)
    return time.monotonic() - begun


def _one(name: str, world: str, state: Path) -> list[dict[str, Any]]:
    start = [sys.executable, "-c", _START.format(name), str(session.ROOT), str(state)]
    open_lab(load(world), shlex.join(start), state, prepare=lambda: session.clear(state))
    results = state / "results.json"
    return json.loads(results.read_text()) if results.exists() else []


def _days(state: Path) -> list[dict[str, Any]]:
    """A day with everything to do and one with nothing, as act runs them; hosts on this machine."""
    from benchmarks.resolve import Result

    open_lab(load("everyday"), "true", state, prepare=lambda: session.clear(state))
    event, rows = workflows.Event(file="build.yaml", name="schedule", inputs={}), []
    for name, limit in (("a build's whole chain and the page", 60), ("a second cron event of the day", 6)):
        begun = time.monotonic()
        runs = workflows.run(load("everyday"), event, state)
        taken = time.monotonic() - begun
        told = ", ".join(f"{run.file} {run.conclusion}" for run in runs)
        rows.append(Result(name=name, measured=taken, limit=limit, unit="s", told=told))
    return [asdict(row) | {"kept": row.kept} for row in rows]
