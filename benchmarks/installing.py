"""How long the Ignition file and the page take; runs in the lab's world `season`, in a copy of the checkout."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.resolve import Result, alternating
from lab import checkout


def main() -> None:
    """Measure in the state folder's lab, and leave the results there."""
    state = Path(sys.argv[1])
    here = state / "checkout"
    checkout.copy(here)

    def inv(*words: str) -> None:
        env = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}"}
        subprocess.run(["inv", *words], cwd=here, env=env, capture_output=True, check=True)

    inv("keygen")
    inv("ignition")
    start, ignition, site = map(
        median, alternating(lambda: inv("--list"), lambda: inv("ignition"), lambda: inv("site"), rounds=5)
    )
    results = [
        Result(
            name="`inv ignition` beyond Invoke's start", measured=ignition - start, limit=0.6, unit="s",
            told=f"{ignition:.2f} s less {start:.2f} s",
        ),
        Result(name="`inv site`", measured=site, limit=2, unit="s", told="120 published images, hosts on this machine"),
    ]  # fmt: skip
    (state / "results.json").write_text(json.dumps([asdict(result) | {"kept": result.kept} for result in results]))
