"""Measures how long the Ignition file and the page take, in the lab's world `season` and a copy of the checkout."""

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
    """Measure in the state folder's lab, and write the results there."""
    state = Path(sys.argv[1])
    copied = state / "checkout"
    checkout.copy(copied)

    def inv(*words: str) -> None:
        env = {**os.environ, "PATH": f"{copied}:{os.environ['PATH']}"}
        subprocess.run(["inv", *words], cwd=copied, env=env, capture_output=True, check=True)

    inv("keygen")
    inv("ignition")
    start, ignition, site = map(
        median, alternating(lambda: inv("--list"), lambda: inv("ignition"), lambda: inv("site"), rounds=5)
    )
    results = [
        Result(
            name="`inv ignition`, beyond `inv`'s start", measured=ignition - start, limit=0.6, unit="s",
            note=f"{ignition:.2f} s less {start:.2f} s; hosts on this machine",
        ),
        Result(
            name="`inv site` with 120 published images", measured=site, limit=2, unit="s",
            note="hosts on this machine",
        ),
    ]  # fmt: skip
    (state / "results.json").write_text(json.dumps([asdict(result) | {"kept": result.kept} for result in results]))
