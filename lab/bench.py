"""The benchmarks, each in a lab of its own whose hosts are far away."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from lab import session
from lab.world import load

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from benchmarks.{} import main; main()"
_WORLDS = {"resolve": "far", "published": "far-past", "installing": "season"}


def run(state: Path) -> list[dict[str, Any]]:
    """Measure in fresh labs; no results of a benchmark that ended early."""
    session.remove_state(state)
    return [result for name, world in _WORLDS.items() for result in _one(name, world, state / name)]


def _one(name: str, world: str, state: Path) -> list[dict[str, Any]]:
    start = [sys.executable, "-c", _START.format(name), str(session.ROOT), str(state)]
    session.run(load(world), shlex.join(start), state)
    results = state / "results.json"
    return json.loads(results.read_text()) if results.exists() else []
