"""This machine: what a recipe needs made ready, its tools with their versions, and free space."""

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from os import environ
from pathlib import Path

from tasks.clients import shell, workspace
from tasks.model.doctor import version_in
from tasks.model.errors import TaskError
from tools.table import TOOLS, Tool

SECRETS = ("SIGNING_KEY", "SIGNING_PASSPHRASE")
_SECONDS = 3
_PODMAN_SECONDS = 10  # it looks at its storage first


class Launcher:
    """What ./inv set up before it called the recipes; the Program sets it once."""

    ready: Path | None = None  # its folder; plain `inv` has none, and installs nothing


def make_ready(recipes: Sequence[str]) -> bool:
    """Install what these recipes need, unless the launcher's folder notes that it is there; False when that fails.

    No installer and no compiler sees the signing key.
    """
    if Launcher.ready is None:
        return True
    if not all(_is_ready(Launcher.ready / f"needs-{recipe}") for recipe in recipes):
        argv = [sys.executable, "-m", "tools.ready", str(Launcher.ready), *recipes]
        seen = {name: text for name, text in environ.items() if name not in SECRETS}
        if subprocess.run(argv, cwd=workspace.ROOT, env=seen, check=False).returncode:
            return False
        importlib.invalidate_caches()
    runtime = Launcher.ready / "containers.conf"  # the container runtime that passed the try
    if runtime.exists():
        environ.setdefault("CONTAINERS_CONF_OVERRIDE", str(runtime))
    return True


def _is_ready(needs: Path) -> bool:
    """Whether all commands of a file that tools/ready.py wrote are still there."""
    return needs.exists() and all(_is_there(command) for command in needs.read_text().split())


def _is_there(command: str) -> bool:
    return Path(command).exists() if command.startswith("/") else shutil.which(command) is not None


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
    done = shell.attempt(argv, what=what, seconds=_PODMAN_SECONDS)
    if "backing file system is unsupported" in done.stderr:
        hint = "name a folder on a disk as graphroot in ~/.config/containers/storage.conf"
        raise TaskError("podman can keep no images here", shell.last_words(done.stderr), hint)
    if done.returncode:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return Path(done.stdout.strip() or workspace.ROOT)
