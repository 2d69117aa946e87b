"""This machine: its tools with their versions, and free space."""

import re
import shutil
from pathlib import Path

from tasks.clients import shell, workspace
from tasks.model.errors import TaskError
from tasks.model.health import version_in
from tools.table import TOOLS, Tool

_SECONDS = 3


def version(tool: Tool) -> str:
    """The version of a tool that is there, else nothing; one that keeps it to itself has what tools/go.mod pins."""
    if not shutil.which(tool.command):
        return ""
    try:
        argv = [tool.command, tool.version]
        done = shell.attempt(argv, what=f"{tool.command} could not be asked", seconds=_SECONDS)
    except TaskError:
        return "there, and silent"
    return version_in(done.stdout.partition("\n")[0]) or _pinned(tool.go) or "there"


def _pinned(package: str) -> str:
    """The version of the module of a Go package, as tools/go.mod has it."""
    rows = re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (TOOLS / "go.mod").read_text(), re.MULTILINE)
    found = [pin for module, pin in rows if package == module or package.startswith(f"{module}/")]
    return found[0] if found else ""


def free(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def storage() -> Path:
    """Where podman keeps its images; stops where the file system there takes no overlay."""
    argv, what = ["podman", "info", "--format", "{{.Store.GraphRoot}}"], "podman could not be asked"
    done = shell.attempt(argv, what=what, seconds=_SECONDS)
    if "backing file system is unsupported" in done.stderr:
        hint = "name a folder on a disk as graphroot in ~/.config/containers/storage.conf"
        raise TaskError("podman can keep no images here", shell.last_words(done.stderr), hint)
    if done.returncode:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return Path(done.stdout.strip() or workspace.ROOT)
