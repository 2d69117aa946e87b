"""Butane → Ignition: the local butane, or else its container with no network and nothing to write to."""

import shutil
import subprocess
import sys
from pathlib import Path

from tasks.clients import shell
from tasks.clients.podman import CONFINED
from tasks.clients.workspace import read_text
from tasks.model.errors import TaskError

_IMAGE = "quay.io/coreos/butane:release"
_REPORT = ("error at ", "warning at ")  # how a line of butane's report begins; its summary comes after


def _command(options: list[str]) -> list[str]:
    if shutil.which("butane"):
        return ["butane", *options]
    if shutil.which("podman"):
        return ["podman", "run", "--rm", "--interactive", *CONFINED, _IMAGE, *options]
    raise TaskError(
        "butane cannot be run", "neither butane nor podman is on the PATH",
        "call the recipe through ./inv, which installs what is missing",
    )  # fmt: skip


def pass_through() -> int:
    """Butane as a filter on our own stdin, stdout and stderr; returns its exit status."""
    return subprocess.run(_command([]), check=False).returncode


def translate(config: Path) -> str:
    """The Ignition document for a Butane file, strictly; an error carries butane's own path, line and column."""
    what = f"{config.name} is not valid Butane"
    known = shell.attempt(_command(["--help"]), what=what)
    raw = ["--raw-errors"] if "--raw-errors" in known.stdout + known.stderr else []
    done = shell.attempt(_command(["--strict", *raw]), what=what, stdin=read_text(config))
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        places = [line for line in said if line.startswith(_REPORT)]
        raise TaskError(what, "; ".join(places or said[-1:]), f"correct {config.name} at that place")
    return done.stdout


def validate(ignition: str) -> None:
    """Check an Ignition document with ignition-validate."""
    argv = ["ignition-validate", "-"]
    done = shell.attempt(argv, what="the Ignition file is not valid", stdin=ignition)
    sys.stderr.write(done.stdout)
    if done.returncode:
        raise shell.failed(argv, "the Ignition file is not valid", done.returncode, done.stdout + done.stderr)
