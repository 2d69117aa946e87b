"""Runs workflows with act in the lab, as GitHub would: the event, the jobs, and the runs that they start."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab import checkout, runner, start
from lab.hosts.forge import WORKFLOWS, Forge
from lab.hosts.ghcr import WORKFLOW_TOKEN
from lab.make.tool import call
from lab.open import open_lab
from lab.world import World
from tasks.model.errors import TaskError

_USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/[\w.-]+)*@([0-9a-f]{40})")
_ONLY = {"check.yaml": ("--job", "lint")}  # its tests would start this lab again
_ANNOTATIONS = ("notice", "warning", "error")
_STRANGER = "a-strangers-token"  # what a pull request from a fork gets: it can only read


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event on GitHub: a workflow's file, the event's name, and the inputs that the user typed."""

    file: str
    name: str
    inputs: Mapping[str, str]
    secrets: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How a run went: each job's result, the steps' outputs, and the summary on the run's page."""

    file: str
    event: str
    conclusion: str
    jobs: Mapping[str, str]
    outputs: Mapping[str, str]
    summary: str


def run(world: World, event: Event, state: Path) -> list[Run]:
    """Run a workflow, and the workflows it starts, in the world's lab and a copy of the checkout."""
    if event.file not in (known := sorted(path.name for path in WORKFLOWS.glob("*.yaml"))):
        raise TaskError(f"there is no workflow {event.file}", f".github/workflows has {', '.join(known)}", "choose one")
    outcomes = state / "workflows.json"

    def fresh() -> None:
        outcomes.unlink(missing_ok=True)
        checkout.copy(state / "checkout")

    words = start.argv(__name__, str(state), json.dumps(asdict(event)), str(runner.made()))
    open_lab(world, shlex.join(words), state, prepare=fresh)
    return [Run(**row) for row in json.loads(outcomes.read_text())] if outcomes.exists() else []


def main() -> None:
    """Run the event in the lab, then every run that it dispatched; write the outcomes to the state folder."""
    state, event = Path(sys.argv[1]), Event(**json.loads(sys.argv[2]))
    machine = runner.Runner(made=Path(sys.argv[3]), state=state)
    forge, runs = Forge(state / "forge"), []
    repository = _prepare(state, event)
    if event.secrets and not forge.settings.file.exists():  # a repository with a key also has Pages
        forge.settings.answer("POST", "/pages", {"build_type": "workflow"})
    forge.begin(event.file, event.name, event.inputs)
    while queued := [entry for entry in forge.runs.all() if entry["status"] == "queued"]:
        oldest = queued[-1]
        forge.runs.put(oldest["number"], {**oldest, "status": "in_progress"})
        next_event = Event(
            file=Path(oldest["path"]).name, name=oldest["event"], inputs=oldest["inputs"], secrets=event.secrets
        )
        runs.append(_act(machine, next_event, oldest["number"], repository))
        forge.end(oldest["number"], runs[-1].conclusion)
        (state / "workflows.json").write_text(json.dumps([asdict(each) for each in runs]))


def _prepare(state: Path, event: Event) -> str:
    """Turn the copy into a repository with a key and everything on main; return its name on GitHub."""
    copied = state / "checkout"
    if event.secrets:
        _ship_key(copied)
    git = ["git", "-C", str(copied), "-c", "user.name=owner", "-c", "user.email=owner@example.org"]
    if not (copied / ".git").exists():
        call([*git, "init", "--quiet"])
    origin = subprocess.run([*git, "remote", "get-url", "origin"], capture_output=True, text=True, check=False).stdout
    remote = re.search(r"github\.com[:/](.+?/.+?)(\.git)?\s*$", origin)
    image = re.search(r"^  image: *[^/]+/(\S+)", (copied / "invoke.yaml").read_text(), re.MULTILINE)
    name = remote[1] if remote else image[1] if image else "owner/custom-coreos"
    call([*git, "checkout", "--quiet", "-B", "main"])
    call([*git, "add", "--all"])
    call([*git, "commit", "--quiet", "--allow-empty", "--message", "The files to rehearse"])
    call([*git, "config", "remote.origin.url", f"https://github.com/{name}"])
    return name


def _ship_key(copied: Path) -> None:
    """Make a key pair on a lab's first day, and ship the same one on later days, as a repository does."""
    public, shipped = Path.home() / ".config/custom-coreos/signing.pub", copied / checkout.KEY_FOLDERS[0] / "cosign.pub"
    if public.exists():
        shipped.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(public, shipped)
    call([str(copied / "inv"), "keygen", *(["--policy"] if public.exists() else [])], cwd=str(copied))


def _act(machine: runner.Runner, event: Event, number: int, repository: str) -> Run:
    """Run one event with act, and print its log as it comes."""
    sys.stderr.write(f"\n=== {event.file}, {event.name}\n")
    secrets = "".join(f"{name}={json.dumps(text)}\n" for name, text in _secrets(machine.state, event).items())
    machine.prepare(secrets)
    variables = {
        "GITHUB_RUN_ID": str(number),
        "GITHUB_WORKFLOW_REF": f"{repository}/.github/workflows/{event.file}@refs/heads/main",
        "NO_COLOR": "1",  # GitHub's runner has no terminal
    }
    argv = machine.command([*_command(event), *(f"--env={name}={value}" for name, value in variables.items())])
    log = _Log()
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        for line in child.stdout or ():
            log.take(line)
    return log.run(event, failed=child.returncode != 0)


def _command(event: Event) -> list[str]:
    """Return act's command line for an event; a folder of the lab replaces each action of the workflow."""
    uses = sorted(set(_USES.findall((WORKFLOWS / event.file).read_text())))
    replacements = [
        f"--local-repository={action}@{commit}={runner.ACTIONS}/{action.rpartition('/')[2]}" for action, commit in uses
    ]
    return [
        runner.ACT, event.name, "--json", "--workflows", f"{runner.REPOSITORY}/.github/workflows/{event.file}",
        "--directory", runner.REPOSITORY, "--secret-file", runner.SECRETS, "--platform", "ubuntu-26.04=-self-hosted",
        "--no-skip-checkout", "--no-cache-server", "--actor", "owner", *_ONLY.get(event.file, ()), *replacements,
        *(f"--input={name}={text}" for name, text in event.inputs.items()),
    ]  # fmt: skip


def _secrets(state: Path, event: Event) -> dict[str, str]:
    """Return the run's secrets as GitHub gives them; a pull request gets none of the owner's."""
    if event.name == "pull_request":
        return {"GITHUB_TOKEN": _STRANGER}
    key = state / "home/.config/custom-coreos/signing.key"
    return {"GITHUB_TOKEN": WORKFLOW_TOKEN} | ({"SIGNING_KEY": key.read_text()} if event.secrets else {})


class _Log:
    """Act's log, read line by line."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.summaries: list[str] = []

    def take(self, line: str) -> None:
        """Print a line, and keep the results in it."""
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            sys.stderr.write(line)
            return
        job = entry.get("jobID", "act")
        printed = entry.get("raw_output") or entry.get("command") in _ANNOTATIONS or "stepResult" in entry
        if printed or "jobResult" in entry or entry.get("level") in ("error", "fatal"):
            sys.stderr.write(f"[{job}] {entry['msg'].rstrip()}\n")
        if "jobResult" in entry:
            self.jobs[job] = entry["jobResult"]
        if entry.get("command") == "set-output":
            self.outputs[entry["name"]] = entry["arg"]
        if entry.get("command") == "summary":
            self.summaries.append(entry["content"])

    def run(self, event: Event, *, failed: bool) -> Run:
        """Return the run's results."""
        return Run(
            file=event.file, event=event.name, conclusion="failure" if failed else "success",
            jobs=self.jobs, outputs=self.outputs, summary="".join(self.summaries),
        )  # fmt: skip
