"""Workflows, run by act in the lab as GitHub would run them: the event, the jobs, and the runs that these start."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab import checkout, runner, session
from lab.hosts.forge import WORKFLOWS, Forge
from lab.hosts.ghcr import WORKFLOW_TOKEN
from lab.make.tool import call
from lab.open import open_lab
from lab.world import World
from tasks.model.errors import TaskError

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from lab.workflows import main; main()"
_USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/[\w.-]+)*@([0-9a-f]{40})")
_ONLY = {"check.yaml": ("--job", "lint")}  # its tests would call us
_ANNOTATIONS = ("notice", "warning", "error")
_STRANGER = "a-strangers-token"  # what a pull request from a fork gets: it may read, and nothing else


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What happens on GitHub: a workflow's file, the event's name, and what was typed with it."""

    file: str
    name: str
    inputs: Mapping[str, str]
    secrets: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How a run went: each job with its result, the outputs of the steps, and what the run's page shows."""

    file: str
    event: str
    conclusion: str
    jobs: Mapping[str, str]
    outputs: Mapping[str, str]
    summary: str


def run(world: World, event: Event, state: Path) -> list[Run]:
    """Run a workflow, and those that it starts, in the world's lab and in a copy of the checkout."""
    if event.file not in (known := sorted(path.name for path in WORKFLOWS.glob("*.yaml"))):
        raise TaskError(f"there is no workflow {event.file}", f".github/workflows has {', '.join(known)}", "name one")
    outcomes = state / "workflows.json"

    def fresh() -> None:
        outcomes.unlink(missing_ok=True)
        checkout.copy(state / "checkout")

    start = [sys.executable, "-c", _START, str(session.ROOT), str(state), json.dumps(asdict(event)), str(runner.made())]
    open_lab(world, shlex.join(start), state, prepare=fresh)
    return [Run(**row) for row in json.loads(outcomes.read_text())] if outcomes.exists() else []


def main() -> None:
    """Run in the lab: the event, then whatever was dispatched by it; the outcomes left in the state folder."""
    state, event = Path(sys.argv[1]), Event(**json.loads(sys.argv[2]))
    there = runner.Runner(made=Path(sys.argv[3]), state=state)
    forge, runs = Forge(state / "forge"), []
    repository = _prepare(state, event)
    if event.secrets and not forge.settings.file.exists():  # a repository that is set up, as it has a key
        forge.settings.answer("POST", "/pages", {"build_type": "workflow"})
    forge.begin(event.file, event.name, event.inputs)
    while queued := [found for found in forge.runs.all() if found["status"] == "queued"]:
        found = queued[-1]
        forge.runs.put(found["number"], {**found, "status": "in_progress"})
        next_event = Event(
            file=Path(found["path"]).name, name=found["event"], inputs=found["inputs"], secrets=event.secrets
        )
        runs.append(_act(there, next_event, found["number"], repository))
        forge.end(found["number"], runs[-1].conclusion)
        (state / "workflows.json").write_text(json.dumps([asdict(each) for each in runs]))


def _prepare(state: Path, event: Event) -> str:
    """Make the copy a repository with a key, everything committed to main; returns the name that GitHub knows it by."""
    here = state / "checkout"
    if event.secrets:
        call([str(here / "inv"), "keygen"], cwd=str(here))
    git = ["git", "-C", str(here), "-c", "user.name=owner", "-c", "user.email=owner@example.org"]
    if not (here / ".git").exists():
        call([*git, "init", "--quiet"])
    origin = subprocess.run([*git, "remote", "get-url", "origin"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"github\.com[:/](.+?/.+?)(\.git)?\s*$", origin)
    image = re.search(r"^  image: *[^/]+/(\S+)", (here / "invoke.yaml").read_text(), re.MULTILINE)
    name = found[1] if found else image[1] if image else "owner/custom-coreos"
    call([*git, "checkout", "--quiet", "-B", "main"])
    call([*git, "add", "--all"])
    call([*git, "commit", "--quiet", "--allow-empty", "--message", "What the rehearsal is of"])
    call([*git, "config", "remote.origin.url", f"https://github.com/{name}"])
    return name


def _act(there: runner.Runner, event: Event, number: int, repository: str) -> Run:
    """One run by act; its story is told as it comes."""
    sys.stderr.write(f"\n=== {event.file}, {event.name}\n")
    secrets = "".join(f"{name}={json.dumps(text)}\n" for name, text in _secrets(there.state, event).items())
    there.prepare(secrets)
    said = {
        "GITHUB_RUN_ID": str(number),
        "GITHUB_WORKFLOW_REF": f"{repository}/.github/workflows/{event.file}@refs/heads/main",
        "NO_COLOR": "1",  # GitHub's runner has no terminal
    }
    argv = there.command([*_command(event), *(f"--env={name}={value}" for name, value in said.items())])
    told = _Told()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        for line in child.stdout or ():
            told.take(line)
    return told.run(event, failed=child.returncode != 0)


def _command(event: Event) -> list[str]:
    """Act's command line for an event, with a folder that stands in for each action of the workflow."""
    uses = sorted(set(_USES.findall((WORKFLOWS / event.file).read_text())))
    stand_ins = [
        f"--local-repository={action}@{commit}={runner.ACTIONS}/{action.rpartition('/')[2]}" for action, commit in uses
    ]
    return [
        runner.ACT, event.name, "--json", "--workflows", f"{runner.REPOSITORY}/.github/workflows/{event.file}",
        "--directory", runner.REPOSITORY, "--secret-file", runner.SECRETS, "--platform", "ubuntu-26.04=-self-hosted",
        "--no-skip-checkout", "--no-cache-server", "--actor", "owner", *_ONLY.get(event.file, ()), *stand_ins,
        *(f"--input={name}={text}" for name, text in event.inputs.items()),
    ]  # fmt: skip


def _secrets(state: Path, event: Event) -> dict[str, str]:
    """What GitHub gives the run: nothing of the owner's for a pull request."""
    if event.name == "pull_request":
        return {"GITHUB_TOKEN": _STRANGER}
    key = state / "home/.config/custom-coreos/signing.key"
    return {"GITHUB_TOKEN": WORKFLOW_TOKEN} | ({"SIGNING_KEY": key.read_text()} if event.secrets else {})


class _Told:
    """What act tells, line by line."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.summaries: list[str] = []

    def take(self, line: str) -> None:
        """Show a line, and keep what the run leaves."""
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            sys.stderr.write(line)
            return
        job = found.get("jobID", "act")
        told = found.get("raw_output") or found.get("command") in _ANNOTATIONS or "stepResult" in found
        if told or "jobResult" in found or found.get("level") in ("error", "fatal"):
            sys.stderr.write(f"[{job}] {found['msg'].rstrip()}\n")
        if "jobResult" in found:
            self.jobs[job] = found["jobResult"]
        if found.get("command") == "set-output":
            self.outputs[found["name"]] = found["arg"]
        if found.get("command") == "summary":
            self.summaries.append(found["content"])

    def run(self, event: Event, *, failed: bool) -> Run:
        """All of it."""
        return Run(
            file=event.file, event=event.name, conclusion="failure" if failed else "success",
            jobs=self.jobs, outputs=self.outputs, summary="".join(self.summaries),
        )  # fmt: skip
