"""The benchmarks, each in a lab of its own whose hosts are far away."""

import json
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab import session, workflows
from lab.world import load

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from benchmarks.{} import main; main()"
_WORLDS = {"resolve": "far", "published": "far-past", "installing": "season"}


def run(states: Path) -> list[dict[str, Any]]:
    """Measure in fresh labs; no results of a benchmark that ended early."""
    results = [result for name, world in _WORLDS.items() for result in _one(name, world, states / f"bench-{name}")]
    return [*results, *_days(states / "bench-workflows")]


def _one(name: str, world: str, state: Path) -> list[dict[str, Any]]:
    start = [sys.executable, "-c", _START.format(name), str(session.ROOT), str(state)]
    session.run(load(world), shlex.join(start), state, prepare=lambda: session.clear(state))
    results = state / "results.json"
    return json.loads(results.read_text()) if results.exists() else []


def _days(state: Path) -> list[dict[str, Any]]:
    """A day with everything to do and one with nothing, as act runs them; hosts on this machine."""
    from benchmarks.resolve import Result

    session.run(load("everyday"), "true", state, prepare=lambda: session.clear(state))
    event, rows = workflows.Event(file="build.yaml", name="schedule", inputs={}), []
    for name, limit in (("a build's whole chain and the page", 60), ("a second cron event of the day", 6)):
        begun = time.monotonic()
        runs = workflows.run(load("everyday"), event, state)
        taken = time.monotonic() - begun
        told = ", ".join(f"{run.file} {run.conclusion}" for run in runs)
        rows.append(Result(name=name, measured=taken, limit=limit, unit="s", told=told))
    return [asdict(row) | {"kept": row.kept} for row in rows]
