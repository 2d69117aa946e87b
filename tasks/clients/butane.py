"""Butane → Ignition: with the local butane, or else its container, offline and read-only."""

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
_REPORT = ("error at ", "warning at ")  # how the lines of butane's report begin; a summary follows


def _command(options: list[str], files: Path | None = None) -> list[str]:
    """Butane's command line with these options; a config may include files from the folder `files`."""
    if shutil.which("butane"):
        return ["butane", *options, *([f"--files-dir={files}"] if files else [])]
    if shutil.which("podman"):
        mounted = [f"--volume={files}:{_FILES}:ro", "--security-opt=label=disable"] if files else []
        files_dir = [f"--files-dir={_FILES}"] if files else []
        return ["podman", "run", "--rm", "--interactive", *CONFINED, *mounted, _IMAGE, *options, *files_dir]
    raise TaskError(
        "butane cannot be run", "neither butane nor podman is on the PATH",
        "call the recipe through ./inv, which installs what is missing",
    )  # fmt: skip


def pass_through() -> int:
    """Run butane on our own stdin, stdout and stderr, and return its exit status."""
    return subprocess.run(_command([]), check=False).returncode


def translate(config: str, name: str, files: Path) -> str:
    """Translate a Butane text to Ignition, strictly; an error has butane's own path, line and column.

    Files that the config includes (`contents.local`) must lie below `files`, after following links.
    """
    what = f"{name} is not valid Butane"
    _require_within(config, name, files)
    done = shell.attempt(_command(["--strict"], files), what=what, stdin=config)
    if done.returncode == 0:
        return done.stdout
    raw = shell.attempt(_command(["--strict", "--raw-errors"], files), what=what, stdin=config)
    lines = [line.strip() for line in f"{done.stderr}\n{raw.stderr}".splitlines() if line.strip()]
    reports = [line for line in lines if line.startswith(_REPORT)]
    raise TaskError(what, "; ".join(dict.fromkeys(reports)) or lines[0], f"correct {name} at that place")


def _require_within(config: str, name: str, files: Path) -> None:
    """Refuse links that lead outside `files`: butane would copy /etc/shadow into a public file."""
    for local in local_files(load(config)):
        target = (files / local).resolve()
        if not target.is_relative_to(files.resolve()):
            why = f"{local} leads to {target}, outside of {files}: it could be any file of this machine"
            raise TaskError(f"{name} includes a file from elsewhere", why, f"copy that file to below {files}")


def validate(ignition: str) -> None:
    """Check one Ignition document with ignition-validate; configs embedded in it are not checked."""
    argv = ["ignition-validate", "-"]
    done = shell.attempt(argv, what="the Ignition file is not valid", stdin=ignition)
    sys.stderr.write(done.stdout)
    if done.returncode:
        raise shell.failed(argv, "the Ignition file is not valid", done.returncode, done.stdout + done.stderr)
