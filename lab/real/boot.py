"""The image that the recipes build, booted: a lab of its own, in which a machine goes through every stage."""

import json
import os
import re
import shlex
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import checkout, session
from lab.real import ingredients, parts, stages
from lab.real.checks import Check
from lab.world import load
from tasks.model.errors import TaskError

WORLD = "real"
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lab.real.boot import main; main()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a stage went, and how long it took."""

    stage: str
    seconds: float
    checks: tuple[Check, ...]


def boot(states: Path, image: str, config: str, *, verbose: bool) -> list[Outcome]:
    """Go through all stages in a fresh lab of our own; those that came to their end are returned.

    `image` is the digest of an image in the lab `real`, and `config` an Ignition file; each empty where the recipes are
    to make it. The consoles' logs stay until the next boot.
    """
    if config and not Path(config).is_file():
        raise TaskError("nothing was booted", f"{config} is no file", "make one: ./inv ignition")
    for left in states.glob("boot-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    state = states / f"boot-{os.getpid()}"
    made, layout = parts.made(), state / "given"

    def fresh() -> None:
        session.clear(state)
        checkout.copy(state / "checkout")
        if image:
            _take(states / WORLD, image, layout)

    absolute = str(Path(config).resolve()) if config else ""
    given = {
        "state": str(state),
        "parts": str(made),
        "image": str(layout) if image else "",
        "config": absolute,
        "verbose": verbose,
    }
    start = shlex.join([sys.executable, "-c", _START, str(session.ROOT), json.dumps(given)])
    session.run(load(WORLD), start, state, prepare=fresh)
    outcomes = state / "outcomes.json"
    rows = json.loads(outcomes.read_text()) if outcomes.exists() else []
    return [Outcome(**(row | {"checks": tuple(Check(**each) for each in row["checks"])})) for row in rows]


def _take(lab: Path, digest: str, target: Path) -> None:
    """Copy an image of the lab `real` by its digest, as `podman images --digests` shows it there."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        hint = f"look for it: ./inv lab -w {WORLD} -- 'podman images --digests'"
        raise TaskError("nothing was booted", f"{digest!r} is no digest", hint)
    listed = "podman images --no-trunc --format '{{.Digest}} {{.Id}}'"
    find = f"id=$({listed} | sed -n 's/^{digest} //p' | head -n 1); test -n \"$id\""
    if session.run(load(WORLD), f'{find} && podman push --quiet "$id" oci:{shlex.quote(str(target))}:given', lab):
        hint = f"build one there: ./inv lab -w {WORLD} -- 'inv build'"
        raise TaskError("nothing was booted", f"the lab {WORLD} has no image {digest}", hint)


def main() -> None:
    """Run in the lab: make ready, then stage by stage, the outcomes left in the state folder."""
    given = json.loads(sys.argv[1])
    state, begun = Path(given["state"]), time.monotonic()
    outcomes: list[Outcome] = []
    try:
        bench = ingredients.gather(given)
        _say(f"made ready: {time.monotonic() - begun:.1f} s")
        machine = stages.Machine(bench=bench)
        for name, stage in stages.STAGES:
            begun = time.monotonic()
            checks = tuple(stage(machine))
            outcomes.append(Outcome(stage=name, seconds=time.monotonic() - begun, checks=checks))
            failed = sum(1 for check in checks if check.fault)
            how = f"{failed} of {len(checks)} checks FAILED" if failed else f"{len(checks)} checks hold"
            _say(f"{name}: {outcomes[-1].seconds:.1f} s, {how}")
            (state / "outcomes.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes]))
    except TaskError as error:
        sys.exit(str(error))


def _say(sentence: str) -> None:
    sys.stderr.write(f"=== {sentence}\n")
    sys.stderr.flush()
