"""Butane → Ignition: the local butane, or else its container with no network and nothing to write to."""

import shutil
import subprocess
import sys
from pathlib import Path

from tasks.clients import shell
from tasks.clients.podman import CONFINED
from tasks.model.errors import TaskError
from tasks.model.install.source_lines import load, local_files

_IMAGE = "quay.io/coreos/butane:release"
_FILES = "/files"  # where the container sees the files
_REPORT = ("error at ", "warning at ")  # how a line of butane's report begins; its summary comes after


def _command(options: list[str], files: Path | None = None) -> list[str]:
    """Butane with these options, and with `files` as the folder from which a config may take files in."""
    if shutil.which("butane"):
        return ["butane", *options, *([f"--files-dir={files}"] if files else [])]
    if shutil.which("podman"):
        mounted = [f"--volume={files}:{_FILES}:ro", "--security-opt=label=disable"] if files else []
        there = [f"--files-dir={_FILES}"] if files else []
        return ["podman", "run", "--rm", "--interactive", *CONFINED, *mounted, _IMAGE, *options, *there]
    raise TaskError(
        "butane cannot be run", "neither butane nor podman is on the PATH",
        "call the recipe through ./inv, which installs what is missing",
    )  # fmt: skip


def pass_through() -> int:
    """Butane as a filter on our own stdin, stdout and stderr; returns its exit status."""
    return subprocess.run(_command([]), check=False).returncode


def translate(config: str, name: str, files: Path) -> str:
    """The Ignition document for a Butane text, strictly; an error carries butane's own path, line and column.

    What the config takes in (`contents.local`) must lie below `files`, links followed.
    """
    what = f"{name} is not valid Butane"
    _require_within(config, name, files)
    done = shell.attempt(_command(["--strict"], files), what=what, stdin=config)
    if done.returncode == 0:
        return done.stdout
    raw = shell.attempt(_command(["--strict", "--raw-errors"], files), what=what, stdin=config)
    said = [line.strip() for line in f"{done.stderr}\n{raw.stderr}".splitlines() if line.strip()]
    places = [line for line in said if line.startswith(_REPORT)]
    raise TaskError(what, "; ".join(dict.fromkeys(places)) or said[0], f"correct {name} at that place")


def _require_within(config: str, name: str, files: Path) -> None:
    """Butane follows links: one to /etc/shadow would put that into a public file."""
    for local in local_files(load(config)):
        target = (files / local).resolve()
        if not target.is_relative_to(files.resolve()):
            why = f"{local} leads to {target}, outside of {files}: it could be any file of this machine"
            raise TaskError(f"{name} takes in a file from elsewhere", why, f"copy what is meant to below {files}")


def validate(ignition: str) -> None:
    """Check one Ignition document with ignition-validate; it does not look into the configs that this one carries."""
    argv = ["ignition-validate", "-"]
    done = shell.attempt(argv, what="the Ignition file is not valid", stdin=ignition)
    sys.stderr.write(done.stdout)
    if done.returncode:
        raise shell.failed(argv, "the Ignition file is not valid", done.returncode, done.stdout + done.stderr)
