"""Measures how long the Ignition file and the page take, in the lab's world `season` and a copy of the checkout."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.resolve import Result, alternating
from lab import checkout

FILES = 3000


def plant(folder: Path) -> None:
    """Make butane.yaml in a checkout bring a tree of many small files."""
    for number in range(FILES):
        file = folder / f"tree/etc/mine/{number % 60}/{number}.conf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# file {number}\nname = value{number}\n" * 5)
    (folder / "butane.yaml").write_text("variant: fcos\nversion: 1.6.0\nstorage: {trees: [{local: tree}]}\n")


def main() -> None:
    """Measure in the state folder's lab, and write the results there."""
    state = Path(sys.argv[1])
    copied = state / "checkout"
    checkout.copy(copied)

    def inv(*words: str) -> None:
        env = {**os.environ, "PATH": f"{copied}:{os.environ['PATH']}"}
        subprocess.run(["inv", *words], cwd=copied, env=env, capture_output=True, check=True)

    results = _measured(copied, inv)
    (state / "results.json").write_text(json.dumps([asdict(result) | {"kept": result.kept} for result in results]))


def _measured(copied: Path, inv: Callable[..., None]) -> list[Result]:
    """Measure in a checkout, in which `inv` types a recipe."""
    inv("keygen")
    inv("ignition")
    start, ignition, site = map(
        median, alternating(lambda: inv("--list"), lambda: inv("ignition"), lambda: inv("site"), rounds=5)
    )
    plant(copied)
    (tree,) = map(median, alternating(lambda: inv("ignition"), rounds=3))
    return [
        Result(
            name="`inv ignition`, beyond `inv`'s start", measured=ignition - start, limit=0.6, unit="s",
            note=f"{ignition:.2f} s less {start:.2f} s; hosts on this machine",
        ),
        Result(
            name=f"`inv ignition` with a tree of {FILES:,} files", measured=tree, limit=3, unit="s",
            note="most of it is butane",
        ),
        Result(
            name="`inv site` with 120 published images", measured=site, limit=2, unit="s",
            note="hosts on this machine",
        ),
    ]  # fmt: skip
