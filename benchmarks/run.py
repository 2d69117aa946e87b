"""The benchmarks. Each runs in its own lab, whose hosts are far away."""

import json
import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import session, start, workflows
from lab.open import open_lab
from lab.world import load
from tasks.model.errors import TaskError
from tasks.model.kmods import fedora_of
from tasks.model.versions import Kernel

_WORLDS = {"resolve": "far", "published": "far-past", "installing": "season"}
_BUILD_TIME = "build-time"
_BASE = "quay.io/fedora/fedora-coreos:stable"


def run(states: Path, only: str) -> list[dict[str, Any]]:
    """Run the benchmarks in fresh labs. `only` selects one that does not run by default.

    A benchmark that ends early has no results.
    """
    if only:
        if only != _BUILD_TIME:
            raise TaskError(
                f"there is no benchmark {only!r}", f"--only accepts {_BUILD_TIME}", "run all others: ./inv bench"
            )
        return [_build_time(states)]
    results = [result for name, world in _WORLDS.items() for result in _one(name, world, states / f"bench-{name}")]
    return [*results, *_days(states / "bench-workflows")]


def _build_time(states: Path) -> dict[str, Any]:
    """Compare an image from prebuilt modules with one from source; both labs pull their images beforehand."""
    from benchmarks.resolve import Result

    pair = load("real").kmods[0]
    recipe = f"inv build-kmods --zfs {pair.zfs} --kernel {pair.kernel}"
    builder = f"quay.io/fedora/fedora:{fedora_of(Kernel.parse(pair.kernel, 'world real'))}"
    prebuilt = _timed(states / "bench-prebuilt", "real", [_BASE], "inv build")
    both = f'image=$({recipe}) && inv build --kmods "$image"'
    source = _timed(states / "bench-source", "source", [_BASE, builder], both)
    row = Result(
        name="an image from prebuilt modules, relative to one from source", measured=prebuilt / source, limit=0.3,
        unit="", note=f"{prebuilt:.1f} s of {source:.1f} s",
    )  # fmt: skip
    return asdict(row) | {"kept": row.kept}


def _timed(state: Path, world: str, pulled: list[str], command: str) -> float:
    """Time a command, in seconds, in a fresh lab that has already pulled some images."""
    for words, prepare in (
        (shlex.join(["podman", "pull", "--quiet", *pulled]), lambda: session.clear(state)),
        (command, lambda: None),
    ):
        begun = time.monotonic()
        if open_lab(load(world), f"{{ {words}; }} >&2", state, prepare=prepare):
            hint = f"repeat it: ./inv lab -w {world} -- '{words}'"
            raise TaskError("the benchmark failed", f"{words} failed with the output above", hint)
    return time.monotonic() - begun


def _one(name: str, world: str, state: Path) -> list[dict[str, Any]]:
    words = start.argv(f"benchmarks.{name}", str(state))
    open_lab(load(world), shlex.join(words), state, prepare=lambda: session.clear(state))
    results = state / "results.json"
    return json.loads(results.read_text()) if results.exists() else []


def _days(state: Path) -> list[dict[str, Any]]:
    """Time a day with everything to do and one with nothing to do, as act runs them; hosts on this machine."""
    from benchmarks.resolve import Result

    open_lab(load("everyday"), "true", state, prepare=lambda: session.clear(state))
    event, rows = workflows.Event(file="build.yaml", name="schedule", inputs={}), []
    days = {"a day with a new release: build.yaml and the page's workflow": 60, "the second cron event of that day": 6}
    for name, limit in days.items():
        begun = time.monotonic()
        runs = workflows.run(load("everyday"), event, state)
        seconds = time.monotonic() - begun
        note = ", ".join(f"{run.file} {run.conclusion}" for run in runs)
        rows.append(Result(name=name, measured=seconds, limit=limit, unit="s", note=note))
    return [asdict(row) | {"kept": row.kept} for row in rows]
