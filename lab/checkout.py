"""A copy of the checkout that a rehearsal may change: keys and overlays are made in there, and never in the user's."""

import shutil
from pathlib import Path

from lab.session import ROOT
from tasks.model.errors import TaskError

_LEFT_OUT = {".lab", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def copy(target: Path) -> None:
    """Copy the checkout with its history and with what is not committed yet; without keys and policy."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        shutil.copytree(ROOT, target, symlinks=True, ignore=lambda _, names: _LEFT_OUT & set(names))
        for place in ("etc/pki/cosign", "etc/containers"):
            shutil.rmtree(target / "overlay-root" / place, ignore_errors=True)
    except (OSError, shutil.Error) as error:
        raise TaskError("the checkout could not be copied", str(error)[:200], "is the disk full? see: df -h") from error
