"""Boots the image that the recipes build: in its own lab, a machine goes through every stage."""

import json
import os
import re
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab import checkout, session, start
from lab.make import debian
from lab.open import open_lab
from lab.real import ingredients, parts, stages
from lab.real.checks import Assertion
from lab.world import load
from tasks.model.errors import TaskError

WORLD = "real"


_ENDED = "the stage finished"
_SIDE_BY_SIDE = 2  # machines at once; each has two processors that are mostly idle


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a stage went, and how long it took."""

    stage: str
    seconds: float
    checks: tuple[Assertion, ...]


def boot(states: Path, image: str, config: str, *, verbose: bool) -> list[Outcome]:
    """Go through all stages in our own fresh lab; return the stages that came to their end.

    `image` is the digest of an image in the lab `real`, and `config` an Ignition file. If one is empty, the recipes
    make it. The consoles' logs stay until the next boot; disks, images and keys are removed.
    """
    ignition = _read(config) if config else ""
    debian.require_release(WORLD)
    _forget_older(states)
    state = states / f"boot-{os.getpid()}"
    made_parts, layout = parts.made(), state / "given"

    def fresh() -> None:
        session.clear(state)
        checkout.copy(state / "checkout")
        if image:
            _take(states / WORLD, image, layout)

    given = {
        "state": str(state), "parts": str(made_parts), "image": str(layout) if image else "",
        "config": ignition, "verbose": verbose,
    }  # fmt: skip
    try:
        return _go_through(state, given, fresh)
    finally:
        _keep_consoles(state)


def _go_through(state: Path, given: dict[str, Any], fresh: Callable[[], None]) -> list[Outcome]:
    """Run `main` in the lab, and return the outcomes that it wrote."""
    words = shlex.join(start.argv(__name__, json.dumps(given)))
    outcomes = state / "outcomes.json"
    open_lab(load(WORLD), words, state, prepare=fresh)
    rows = json.loads(outcomes.read_text()) if outcomes.exists() else []
    return [Outcome(**(row | {"checks": tuple(Assertion(**each) for each in row["checks"])})) for row in rows]


def _read(config: str) -> str:
    """Read an Ignition file; stop if a boot cannot prove it."""
    try:
        text = Path(config).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(
            "nothing was booted", f"{config} could not be read: {error}", "make one: ./inv ignition"
        ) from error
    ingredients.require_bootable(text)
    return text


def _forget_older(states: Path) -> None:
    """Remove the folders of boots that have ended."""
    for left in states.glob("boot-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)


def _keep_consoles(state: Path) -> None:
    """Remove everything large that a run made, and keep the logs."""
    machines = state / "machines"
    for path in (*machines.glob("*"), *state.iterdir()):
        if path.is_dir() and path != machines:
            shutil.rmtree(path, ignore_errors=True)
        elif path.parent == machines and path.suffix != ".log":
            path.unlink()


def _take(lab: Path, digest: str, target: Path) -> None:
    """Copy an image of the lab `real` by its digest, as `podman images --digests` shows it there."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        hint = f"list the digests: ./inv lab -w {WORLD} -- 'podman images --digests'"
        raise TaskError("nothing was booted", f"{digest!r} is not a digest", hint)
    list_images = "podman images --no-trunc --format '{{.Digest}} {{.Id}}'"
    find = f"id=$({list_images} | sed -n 's/^{digest} //p' | head -n 1); test -n \"$id\""
    if open_lab(load(WORLD), f'{find} && podman push --quiet "$id" oci:{shlex.quote(str(target))}:given', lab):
        hint = f"build one there: ./inv lab -w {WORLD} -- 'inv build'"
        raise TaskError("nothing was booted", f"the lab {WORLD} has no image {digest}", hint)


def main() -> None:
    """Prepare in the lab, then run the stages group by group; write their outcomes to the state folder."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end at once, do not wait for threads; the machines end with the lab
    given = json.loads(sys.argv[1])
    start, outcomes, pool = time.monotonic(), list[Outcome](), ThreadPoolExecutor(_SIDE_BY_SIDE)
    try:
        machine = stages.Journey(bench=ingredients.gather(given))
        _say(f"made ready: {time.monotonic() - start:.1f} s")
        for group in stages.GROUPS:
            outcomes += pool.map(partial(_outcome, machine), group)
            rows = json.dumps([asdict(outcome) for outcome in outcomes])
            Path(given["state"], "outcomes.json").write_text(rows)
            if len(group) == 1 and outcomes[-1].checks[0].name == _ENDED:
                return  # all other stages need this one
    except TaskError as error:
        sys.exit(str(error))


def _outcome(machine: stages.Journey, stage: stages.Stage) -> Outcome:
    """Go through one stage; a stage that cannot continue counts as one failed check."""
    (name, through), start = stage, time.monotonic()
    try:
        checks = tuple(through(machine))
    except TaskError as error:
        checks = (Assertion(_ENDED, f"{error.what}: {error.why}; {error.next}"),)
    outcome = Outcome(stage=name, seconds=time.monotonic() - start, checks=checks)
    failed = sum(1 for check in checks if check.fault)
    how = f"{failed} of {len(checks)} checks FAILED" if failed else f"{len(checks)} checks hold"
    _say(f"{name}: {outcome.seconds:.1f} s, {how}")
    return outcome


def _say(sentence: str) -> None:
    sys.stderr.write(f"=== {sentence}\n")
    sys.stderr.flush()
