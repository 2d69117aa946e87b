"""Butane → Ignition: with the local butane, or else its container, offline and read-only."""

import json
import shutil
import subprocess
from pathlib import Path

from tasks.clients import shell
from tasks.model.butane import yaml_text
from tasks.model.butane.source_lines import load, local_files
from tasks.model.errors import TaskError
from tasks.model.install.ignition import parse
from tasks.model.install.merged import Merged

_IMAGE = "quay.io/coreos/butane:release"
_FILES = "/files"  # where the container sees the files
_REPORT = ("error at ", "warning at ")  # how the lines of butane's report begin; a summary follows
_NO_FILES = "--files-dir"  # butane names it where a config includes files and it was given none
_UNCHECKED = "skipping validation for the merge/replace ignition config"  # of another version; merge() validates it


def _command(options: list[str], files: Path | None = None) -> list[str]:
    """Butane's command line with these options; a config may include files from the folder `files`."""
    if shutil.which("butane"):
        return ["butane", *options, *([f"--files-dir={files}"] if files else [])]
    if shutil.which("podman"):
        from tasks.clients.podman import CONFINED  # with it comes all that speaks to registries and GitHub

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
    document = load(config)
    if document is not None:
        _require_within(document, name, files)
    # Without a readable document nobody can say which files it includes, so butane may include none.
    argv = _command(["--raw-errors"], files if document is not None else None)
    done = shell.attempt(argv, what=what, stdin=config)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    reports = [line for line in lines if line.startswith(_REPORT) and _UNCHECKED not in line]
    if done.returncode and document is None and _NO_FILES in done.stderr:
        yaml_text.load(config, name)  # it says what our parser cannot read
    if done.returncode or reports:
        raise TaskError(what, "; ".join(dict.fromkeys(reports or lines)), f"correct {name} at that place")
    return done.stdout


def _require_within(document: object, name: str, files: Path) -> None:
    """Refuse links that lead outside `files`: butane would copy /etc/shadow into a public file."""
    for local in local_files(document):
        if not isinstance(local, str):
            why = f"local: {local} is not a text, so butane could read another name than it says"
            raise TaskError(
                f"{name} includes a file without a name", why, f'write its name in quotes: local: "{local}"'
            )
        target = (files / local).resolve()
        if not target.is_relative_to(files.resolve()):
            why = f"{local} leads to {target}, outside of {files}: it could be any file of this machine"
            raise TaskError(f"{name} includes a file from elsewhere", why, f"copy that file to below {files}")


def merge(document: str) -> Merged:
    """Merge every embedded config into a document as Ignition does on the first boot, and validate the whole."""
    what = "the Ignition file could not be tried"
    answer = shell.query(["ignition-merge"], what=what, stdin=document)
    return Merged.parse(json.loads(answer), parse(document))
