"""The whole main job, step by step, in its own lab."""

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import checkout, session, start
from lab.hosts.ghcr import TOKEN
from lab.open import open_lab
from lab.world import World

_LOCK = "rehearsal.lock.json"
_LOGIN = (
    "mkdir -p ~/.docker && podman login --authfile ~/.docker/config.json --username owner --password-stdin ghcr.io"
    f" <<< {TOKEN}"
)
_HOST = "lab/host.sh . $(sed -n 's/^  image: *\\([^ ]*\\).*/\\1/p' invoke.yaml):stable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A recipe as a user types it, what the lab uses for real in it, and what it replaces."""

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
    Step(name="keygen", command="inv keygen", real="the key pair, the policy", stand_in="nothing"),
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
    Step(name="ignition", command="inv ignition", real="butane, ignition-merge", stand_in="nothing"),
    Step(
        name="publish", command=f"{_LOGIN} && inv publish",
        real="podman push and pull, signatures, policy, oras, SBOM", stand_in="the registry is not GitHub's",
    ),
    Step(name="a host pulls stable", command=_HOST, real="podman, policy.json, registries.d", stand_in="bootc"),
    Step(
        name="publish the next", command="mkdir -p overlay-root/etc && date > overlay-root/etc/motd && inv publish",
        real="as above", stand_in="as above",
    ),
    Step(
        name="site", command="inv site --out {state}/site",
        real="butane, records and SBOMs in the registry", stand_in="GitHub Pages",
    ),
    Step(name="history", command="inv history", real="records in the registry", stand_in="nothing"),
    Step(name="diff", command="inv diff stable~1 stable", real="SBOMs in the registry", stand_in="nothing"),
    Step(name="rollback", command="inv rollback", real="skopeo, signatures, policy", stand_in="nothing"),
    Step(name="the host pulls again", command=_HOST, real="as above", stand_in="bootc"),
    Step(
        name="cleanup plan", command="inv cleanup --retention-days 0",
        real="manifests in the registry", stand_in="GitHub's API",
    ),
    Step(
        name="cleanup", command="inv cleanup --retention-days 0 --apply",
        real="what is deleted is gone from the registry", stand_in="GitHub's API",
    ),
    Step(name="the host pulls once more", command=_HOST, real="as above", stand_in="bootc"),
)  # fmt: skip


def run(world: World, state: Path) -> list[Outcome]:
    """Run the steps in a fresh lab and a copy of the checkout; stop at the first that fails."""

    def fresh() -> None:
        session.clear(state)
        checkout.copy(state / "checkout")

    words = shlex.join(start.argv(__name__, str(state)))
    open_lab(world, words, state, prepare=fresh)
    outcomes = state / "outcomes.json"
    return [Outcome(**row) for row in json.loads(outcomes.read_text())] if outcomes.exists() else []


def main() -> None:
    """Run the steps in the lab, time each, and write the outcomes to the state folder."""
    state = Path(sys.argv[1])
    copied = state / "checkout"
    env = {**os.environ, "PATH": f"{copied}:{os.environ['PATH']}", "GITHUB_TOKEN": TOKEN}
    outcomes: list[Outcome] = []
    for number, step in enumerate(STEPS, 1):
        command = step.command.format(state=shlex.quote(str(state)))
        sys.stderr.write(f"\n=== {number} of {len(STEPS)}: {command}\n")
        start = time.monotonic()
        status = subprocess.run(["bash", "-c", command], cwd=copied, env=env, check=False).returncode
        outcomes.append(Outcome(name=step.name, status=status, seconds=time.monotonic() - start))
        sys.stderr.write(
            f"=== {step.name}: {'done' if status == 0 else f'ended with {status}'} in {outcomes[-1].seconds:.1f} s\n"
        )
        (state / "outcomes.json").write_text(json.dumps([asdict(outcome) for outcome in outcomes]))
        if status:
            break
