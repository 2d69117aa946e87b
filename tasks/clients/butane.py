"""Butane → Ignition: with the local butane, or else its container, offline and read-only."""

import json
import shutil
import subprocess
from pathlib import Path

from tasks.clients import shell
from tasks.model.errors import TaskError
from tasks.model.install.butane import butane_report, embedded, yaml_text
from tasks.model.install.butane.source_lines import load, local_files
from tasks.model.install.ignition import parse
from tasks.model.install.merged import Merged

_IMAGE = "quay.io/coreos/butane:release"
_FILES = "/files"  # where the container sees the files
_NO_FILES = "--files-dir"  # butane names it where a config includes files and it was given none


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
    """Translate a Butane text to Ignition, strictly; an error has every reason of butane's, with its place and line.

    Files that the config includes (`contents.local`) must lie below `files`, after following links.
    """
    what = f"{name} is not valid Butane"
    document = load(config)
    if document is not None:
        _require_within(document, name, files)
    # Without a readable document nobody can say which files it includes, so butane may include none.
    argv = _command(["--raw-errors"], files if document is not None else None)
    done = shell.attempt(argv, what=what, stdin=config)
    if done.returncode and document is None and _NO_FILES in done.stderr:
        yaml_text.load(config, name)  # it says what our parser cannot read
    if done.returncode or butane_report.rows(done.stderr):
        why = "; ".join(_reasons(argv, done.stderr, config, document, files))
        raise TaskError(what, why, f"correct {name} at that place")
    if why := butane_report.other_system(document):
        raise TaskError(f"{name} is for another system", why, f"correct {name} at that place")
    return done.stdout


def _reasons(argv: list[str], report: str, config: str, document: object, files: Path) -> tuple[str, ...]:
    """What is wrong with a config: with its own part, and with each config that is written into it.

    Butane gives the places in both the same form, so it is asked about the config's own part again.
    """
    children = embedded.children(config)
    if children:
        inside = _inside(children)
        again = shell.attempt(argv, what="butane could not be run", stdin=embedded.emptied(config, children))
        own = butane_report.rows(again.stderr) or again.returncode
        if inside:
            return (*(_sentences(again.stderr, config, document, files) if own else ()), *inside)
    return _sentences(report, config, document, files)


def _sentences(report: str, config: str, document: object, files: Path) -> tuple[str, ...]:
    for folder in (files, _FILES):
        report = report.replace(f"{folder}/", "")
    return butane_report.sentences(report, config, document)


def _inside(children: tuple[embedded.Child, ...]) -> tuple[str, ...]:
    """What Ignition's own code finds in embedded configs; nothing where it is not installed, as for `lint`."""
    try:
        made = merge(json.dumps(embedded.merging(children)))
    except TaskError:
        return ()
    return embedded.sentences(children, (*made.faults, *made.warnings))


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
        if target.exists() and not (target.is_file() or target.is_dir()):
            why = f"{local} is a device, a socket or a pipe, so butane could wait for ever"
            raise TaskError(f"{name} includes what is no file", why, f"name a file in {name}")


def merge(document: str) -> Merged:
    """Merge every embedded config into a document as Ignition does on the first boot, and validate the whole."""
    what = "the Ignition file could not be tried"
    answer = shell.query(["ignition-merge"], what=what, stdin=document)
    return Merged.parse(json.loads(answer), parse(document))
