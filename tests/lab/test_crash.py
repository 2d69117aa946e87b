"""Publish is ended around every call that it makes: stable is never wrong, and the next run finishes."""

import json
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, fresh_clone

pytestmark = pytest.mark.full


def outcomes(clone: Clone, share: str) -> list[dict[str, object]]:
    """Return every run of this share of two that was ended, with the run after it; the first line counts the calls."""
    state = clone.path / ".lab/everyday"
    argv = [sys.executable, f"{clone.path}/tests/lab/crashes/crashes.py", str(clone.path), str(state), share, "2"]
    words = ["lab", "--", f"PYTHONPATH={clone.path} {shlex.join(argv)}"]
    done = clone.inv(*words, seconds=6 * 3600)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def assert_good(runs: list[dict[str, object]]) -> None:
    """Check that stable was old or new and accepted, whatever died, and that the next run finished."""
    wrong = [
        run
        for run in runs
        if run["stable"] not in ("old", "new") or not run["accepted"] or run["again"] != 0 or not run["new_stable"]
    ]
    assert not wrong


def test_at_every_moment_and_in_every_way(own_clone: Clone, tmp_path: Path) -> None:
    """Two labs go through all moments side by side."""
    clones = (own_clone, fresh_clone(tmp_path / "second/custom-coreos"))
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(outcomes, clones, ("1", "2")))
    clones[1].inv("lab-clean")
    runs = [run for half in halves for run in half[1:]]
    calls = int(str(halves[0][0]["calls"]))
    sys.stdout.write(f"{calls} calls, {len(runs)} runs ended\n")
    assert len(runs) > 3.8 * calls  # two ways, before and after each call; the labs may differ by a call or two
    assert_good(runs)
    assert {run["how"] for run in runs} == {"kill", "fail", "hang"}
