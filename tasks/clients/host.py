"""This machine: the tools that recipes need, their versions, and free space."""

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
_PODMAN_SECONDS = 10  # podman checks its storage first


class Launcher:
    """The launcher's state before it called the recipes; the Program sets it once."""

    ready: Path | None = None  # the launcher's folder; None under plain `inv`, which installs nothing


def make_ready(recipes: Sequence[str]) -> bool:
    """Install what these recipes need, unless the launcher's folder records it as installed; False if that fails.

    Installers and compilers run without the signing key in their environment.
    """
    if Launcher.ready is None:
        return True
    if not all(_is_ready(Launcher.ready / f"needs-{recipe}") for recipe in recipes):
        argv = [sys.executable, "-m", "tools.ready", str(Launcher.ready), *recipes]
        environment = {name: text for name, text in environ.items() if name not in SECRETS}
        if subprocess.run(argv, cwd=workspace.ROOT, env=environment, check=False).returncode:
            return False
        importlib.invalidate_caches()
    runtime = Launcher.ready / "containers.conf"  # names the container runtime that passed the test
    if runtime.exists():
        environ.setdefault("CONTAINERS_CONF_OVERRIDE", str(runtime))
    return True


def _is_ready(needs: Path) -> bool:
    """Whether all commands still exist that tools/ready.py listed in a file."""
    return needs.exists() and all(_exists(command) for command in needs.read_text().split())


def _exists(command: str) -> bool:
    return Path(command).exists() if command.startswith("/") else shutil.which(command) is not None


def version(tool: Tool) -> str:
    """The version of an installed tool, else empty; if the tool reports none, the version pinned in tools/go.mod."""
    if not shutil.which(tool.command):
        return ""
    try:
        argv = [tool.command, tool.version]
        done = shell.attempt(argv, what=f"{tool.command} could not be run", seconds=_SECONDS)
    except TaskError:
        return "installed, but does not answer"
    return version_in(done.stdout.partition("\n")[0]) or _pinned(tool.go) or "installed"


def _pinned(package: str) -> str:
    """The version that tools/go.mod pins for the module of a Go package."""
    rows = re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (TOOLS / "go.mod").read_text(), re.MULTILINE)
    pins = [pin for module, pin in rows if package == module or package.startswith(f"{module}/")]
    return pins[0] if pins else ""


def free(folder: Path) -> int:
    """Free bytes on the file system of a folder; the folder need not exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def storage() -> Path:
    """The folder where podman keeps its images; stops if its file system does not support overlay."""
    argv, what = ["podman", "info", "--format", "{{.Store.GraphRoot}}"], "podman info failed"
    done = shell.attempt(argv, what=what, seconds=_PODMAN_SECONDS)
    if "backing file system is unsupported" in done.stderr:
        hint = "set graphroot to a folder on a disk in ~/.config/containers/storage.conf"
        raise TaskError("podman cannot store images here", shell.last_words(done.stderr), hint)
    if done.returncode:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return Path(done.stdout.strip() or workspace.ROOT)
