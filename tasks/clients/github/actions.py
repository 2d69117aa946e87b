"""GitHub Actions: outputs for later steps, annotations and the run's summary; no effect elsewhere.

Formats: docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import sys
import uuid
from os import environ
from pathlib import Path

from tasks.clients import shell, workflow_log
from tasks.model.errors import TaskError


def running() -> bool:
    """Whether this runs in GitHub Actions."""
    return workflow_log.running()


def run_address() -> str:
    """The address of the current workflow run; empty outside of one."""
    server, repository, number = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{number}" if number else ""


def workflow() -> str:
    """The file name of the current workflow, such as `build.yaml`; empty outside of one."""
    return environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]


def output(name: str, value: str) -> None:
    """Pass a value to later steps and jobs."""
    end = f"end-{uuid.uuid4()}"  # unique, because the text may have any lines
    _append("GITHUB_OUTPUT", f"{name}<<{end}\n{value}\n{end}\n")


def summary(markdown: str) -> None:
    """Add to the page that GitHub shows for the run."""
    _append("GITHUB_STEP_SUMMARY", f"{markdown}\n")


def error(title: str, message: str) -> None:
    """Put an error on the page that GitHub shows for the run."""
    _annotate("error", title, message)


def notice(title: str, message: str) -> None:
    """Put a notice on the page that GitHub shows for the run."""
    _annotate("notice", title, message)


def _annotate(kind: str, title: str, message: str) -> None:
    if running():
        name = _escaped(title).replace(":", "%3A").replace(",", "%2C")
        sys.stderr.write(f"::{kind} title={name}::{_escaped(message)}\n")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _append(variable: str, text: str) -> None:
    name = environ.get(variable)
    if not name or shell.Mode.dry:
        return
    try:
        with Path(name).open("a") as file:
            file.write(text)
    except OSError as error:
        why = error.strerror or str(error)
        raise TaskError(
            f"{variable} could not be written", why, "check that it names the file of a running step"
        ) from error
