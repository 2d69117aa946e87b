"""The benchmarks, in a lab of their own whose hosts are far away."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from lab import session
from lab.world import load

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from benchmarks.resolve import main; main()"


def run(state: Path) -> list[dict[str, Any]]:
    """Measure in a fresh lab; no results where the benchmark ended early."""
    session.remove_state(state)
    session.run(load("far"), shlex.join([sys.executable, "-c", _START, str(session.ROOT), str(state)]), state)
    results = state / "results.json"
    return json.loads(results.read_text()) if results.exists() else []
