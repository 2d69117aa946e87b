"""Ends publish around every call that it makes: stable is never wrong, and the next run finishes."""

import json
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab.conftest import Clone, fresh_clone


def assert_good_at_every_moment(way: str, clone: Clone, folder: Path) -> None:
    """Check every moment of a publication, ended this way; two labs go through them side by side.

    Stable was old or new and accepted, whatever died, and the next run finished.
    """
    clones = (clone, fresh_clone(folder / "second/custom-coreos"))
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(_outcomes, clones, (way, way), ("1", "2")))
    clones[1].inv("lab-clean")
    runs = [run for half in halves for run in half[1:]]
    calls = int(str(halves[0][0]["calls"]))
    sys.stdout.write(f"{calls} calls, {len(runs)} runs ended\n")
    assert len(runs) > 1.9 * calls  # before and after each call; the labs may differ by a call or two
    wrong = [
        run
        for run in runs
        if run["stable"] not in ("old", "new") or not run["accepted"] or run["again"] != 0 or not run["new_stable"]
    ]
    assert not wrong
    assert {run["how"] for run in runs} == ({"kill"} if way == "kill" else {"fail", "hang"})


def _outcomes(clone: Clone, way: str, share: str) -> list[dict[str, object]]:
    """Return every run of this share of two that was ended, with the run after it; the first line counts the calls."""
    state = clone.path / ".lab/everyday"
    argv = [sys.executable, f"{clone.path}/tests/lab/crashes/crashes.py", str(clone.path), str(state), way, share, "2"]
    words = ["lab", "--", f"PYTHONPATH={clone.path} {shlex.join(argv)}"]
    done = clone.inv(*words, seconds=6 * 3600)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
