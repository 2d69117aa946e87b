"""Publish is ended around every call that it makes: stable is never wrong, and the next run finishes."""

import json
import shlex
import sys

import pytest

from tests.lab.conftest import Clone


def outcomes(clone: Clone, step: int) -> list[dict[str, object]]:
    """Every run that was ended, with the one after it; the first line counts the calls."""
    state = clone.path / ".lab/everyday"
    argv = [sys.executable, f"{clone.path}/lab/crashes.py", str(clone.path), str(state), str(step)]
    words = ["lab", "--", f"PYTHONPATH={clone.path} {shlex.join(argv)}"]
    done = clone.inv(*words, seconds=6 * 3600)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.full)])
def test_whatever_dies_stable_is_old_or_new_and_the_next_run_finishes(own_clone: Clone, step: int) -> None:
    """Killed, failing or hanging, before and after each call; a sample, and all of them with --full."""
    counted, *runs = outcomes(own_clone, step)
    sys.stdout.write(f"{counted['calls']} calls, {len(runs)} runs ended\n")
    assert len(runs) >= (2 * int(str(counted["calls"])) if step == 1 else 5)
    wrong = [
        run
        for run in runs
        if run["stable"] not in ("old", "new") or not run["accepted"] or run["again"] != 0 or not run["new_stable"]
    ]
    assert not wrong
    assert {run["how"] for run in runs} >= {"kill", "fail"}
