"""The whole main job, step by step, in a lab of its own."""

import json
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import session
from lab.world import World

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lab.rehearsal import main; main()"
_LOCK = "rehearsal.lock.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A recipe as a user types it, and what of it is real in the lab."""

    name: str
    command: str
    real: str
    stand_in: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a step went; `status` is its exit status."""

    name: str
    status: int
    seconds: float


STEPS = (
    Step(
        name="versions", command=f"inv versions --lock {{state}}/{_LOCK}",
        real="skopeo, registries, TLS, tokens", stand_in="releases, GitHub's API",
    ),
    Step(
        name="check-compatibility", command="inv check-compatibility",
        real="the matrix, skopeo", stand_in="releases, GitHub's API",
    ),
    Step(
        name="build", command=f"inv build --lock {{state}}/{_LOCK}",
        real="podman, dnf, rpm, depmod, systemctl", stand_in="CoreOS base, kmods RPMs, bootc",
    ),
    Step(
        name="verify", command=f"inv verify custom-coreos:stable --lock {{state}}/{_LOCK}",
        real="podman, rpm, modinfo, systemctl", stand_in="the modules hold modinfo, no code",
    ),
    Step(name="ignition", command="inv ignition", real="butane, ignition-validate", stand_in="nothing"),
)  # fmt: skip


def run(world: World, state: Path) -> list[Outcome]:
    """Run the steps in a fresh lab, up to the first that fails."""
    session.remove_state(state)
    outcomes = state / "outcomes.json"
    session.run(world, shlex.join([sys.executable, "-c", _START, str(session.ROOT), str(state)]), state)
    return [Outcome(**row) for row in json.loads(outcomes.read_text())] if outcomes.exists() else []


def main() -> None:
    """Run in the lab: each step with its time, the outcomes left in the state folder."""
    state = Path(sys.argv[1])
    outcomes: list[Outcome] = []
    for number, step in enumerate(STEPS, 1):
        command = step.command.format(state=shlex.quote(str(state)))
        sys.stderr.write(f"\n=== {number} of {len(STEPS)}: {command}\n")
        begun = time.monotonic()
        status = subprocess.run(["bash", "-c", command], check=False).returncode
        outcomes.append(Outcome(name=step.name, status=status, seconds=time.monotonic() - begun))
        sys.stderr.write(
            f"=== {step.name}: {'done' if status == 0 else f'ended with {status}'} in {outcomes[-1].seconds:.1f} s\n"
        )
        (state / "outcomes.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes]))
        if status:
            break
