"""Measures how long it takes to decide what to build, compared with the Justfile; runs in the lab's world `far`.

One run on one machine takes every figure, and the ways alternate. The results compare medians.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

ROUNDS = 7
BASE = "docker://quay.io/fedora/fedora-coreos:stable"
KERNEL = "7.1.9-200.fc44.x86_64"
KMODS = f"docker://ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-{KERNEL}"
STABLE = "ghcr.io/samhclark/custom-coreos:stable"
RELEASES = "https://api.github.com/repos/openzfs/zfs/releases?per_page=100"
BUILDS = "https://builds.coreos.fedoraproject.org/prod/streams/stable/builds"
COMMITMETA = f"{BUILDS}/44.20261110.3.0/x86_64/commitmeta.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A figure, its limit, and a note on what it was compared with."""

    name: str
    measured: float
    limit: float
    unit: str
    note: str

    @property
    def kept(self) -> bool:
        """Whether the figure is within its limit."""
        return self.measured <= self.limit


def main() -> None:
    """Measure everything in the state folder's lab, and write the results there."""
    state = Path(sys.argv[1])
    results = [*resolving(state), *nothing_new(state), solver()]
    (state / "results.json").write_text(json.dumps([asdict(result) | {"kept": result.kept} for result in results]))


def resolving(state: Path) -> list[Result]:
    """Time `inv versions` with an empty cache, the Justfile's commands, and the longest chain of requests."""

    def cold() -> None:
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        run("inv", "versions")

    seconds = alternating(cold, justfile, chain, lambda: run("inv", "--list"))
    ours, theirs, longest, start = (median(each) for each in seconds)
    requests = requests_of(state, justfile)
    return [
        Result(
            name="`inv versions`, cold, relative to the Justfile", measured=ours / theirs, limit=1 / 5, unit="",
            note=f"{ours:.2f} s of {theirs:.2f} s ({requests} requests)",
        ),
        Result(
            name="`inv versions`, cold, relative to its longest chain of requests and `inv`'s start",
            measured=ours / (longest + start), limit=1.5, unit="",
            note=f"{ours:.2f} s of {longest:.2f} s + {start:.2f} s",
        ),
    ]  # fmt: skip


def justfile() -> None:
    """Do what `just versions` does: three full inspections, two lists of releases, one inspection of the kmods."""
    for _ in range(3):
        run("skopeo", "inspect", BASE)
    for _ in range(2):
        fetch(RELEASES)
    run("skopeo", "inspect", KMODS)


def chain() -> None:
    """Send requests that each need the previous answer: the base, then the kernel of its version."""
    run("skopeo", "inspect", "--no-tags", BASE)
    fetch(COMMITMETA)


def nothing_new(state: Path) -> list[Result]:
    """Measure a day after publishing, which ends in SKIP: its requests and all bytes on the wire."""
    run("inv", "build")
    run("podman", "login", "--username=owner", "--password=lab-token", "ghcr.io")
    run("podman", "push", "custom-coreos:stable", STABLE)
    skipped()
    time.sleep(2)  # until the bytes of build and push are counted
    before = wire_of(state)
    requests = requests_of(state, skipped)
    time.sleep(1)  # until the last connections are closed and counted
    kilobytes = (wire_of(state) - before) / 1000
    (seconds,) = (median(each) for each in alternating(skipped))
    skip = f"SKIP after {seconds:.2f} s"
    return [
        Result(name="a day with nothing new: requests", measured=requests, limit=20, unit="", note=skip),
        Result(name="a day with nothing new: on the wire", measured=kilobytes, limit=300, unit="kB", note="with TLS"),
    ]


def skipped() -> None:
    """Run `inv versions`, which must find nothing to do."""
    verdict = json.loads(run("inv", "versions", "--json"))["verdict"]
    if verdict != "SKIP":
        sys.exit(f"the verdict on the day after publishing must be SKIP, but it is {verdict}")


def solver() -> Result:
    """Time the solver's worst case: no pair fits, so it looks at every pair."""
    from tasks.model.solver.solve import solve
    from tests.builders.values import five_thousand_pairs

    world = five_thousand_pairs()
    (seconds,) = alternating(lambda: solve(world))
    note = "50 releases, 100 OpenZFS releases each"
    return Result(name="the solver on 5,000 pairs", measured=1000 * median(seconds), limit=100, unit="ms", note=note)


def alternating(*ways: Callable[[], object], rounds: int = ROUNDS) -> list[list[float]]:
    """Measure the seconds that each way takes, round by round, so that a busy moment affects all of them."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for number, way in enumerate(ways):
            start = time.perf_counter()
            way()
            seconds[number].append(time.perf_counter() - start)
    return seconds


def requests_of(state: Path, way: Callable[[], object]) -> int:
    """Count the requests that the lab's hosts get."""
    log = state / "requests.jsonl"
    before = len(log.read_text().splitlines())
    way()
    return len(log.read_text().splitlines()) - before


def wire_of(state: Path) -> int:
    """Count all bytes that connections have carried so far, in both directions."""
    return sum(json.loads(line)["bytes"] for line in (state / "wire.jsonl").read_text().splitlines())


def fetch(url: str) -> None:
    """Read a document over its own connection."""
    with urlopen(url) as answer:  # noqa: S310  (the addresses above)
        answer.read()


def run(*argv: str) -> str:
    """Run a program and return its output; a failure ends the benchmark."""
    command: Sequence[str] = argv
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout
