"""The findings of `doctor`: each with its state and the command that fixes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tasks.model.errors import TaskError

_GIB = 1 << 30
_NEEDED, _LEAST = 10, 2  # GiB: for Fedora CoreOS and the image built from it; the minimum to do anything
_SCOPES = ("repo", "workflow", "write:packages", "delete:packages")
_VERSION = re.compile(r"\d+(?:\.\d+)+[^\s,);]*")


class Health(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  # something is missing; some recipes do not work, or work less well
    FAILED = "FAILED"  # something exists and is wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    state: Health
    message: str
    fix: str = ""  # the command to type; empty if there is nothing to do


def of_error(name: str, state: Health, error: TaskError) -> Finding:
    """The finding for a check that failed itself."""
    return Finding(name, state, f"{error.what}: {error.why}", error.next)


def version_in(output: str) -> str:
    """The first version in a program's output; empty if there is none."""
    matched = _VERSION.search(output)
    return matched[0] if matched else ""


def of_tool(name: str, why: str, version: str, recipes: Iterable[str], fault: str) -> Finding:
    """The finding for a tool; `version` is empty if it is missing, `fault` says why it does not work."""
    needed_by = sorted(recipe for recipe in recipes if recipe != "test") or ["test"]
    fix = f"./inv {needed_by[0]} installs it"
    if not version:
        return Finding(name, Health.WARNING, f"not installed; {why}", fix)
    if fault:
        return Finding(name, Health.WARNING, f"{version}: {fault}", fix)
    return Finding(name, Health.OK, f"{version}: {why}")


def of_disk(name: str, free: int) -> Finding:
    """The finding for free space, in bytes."""
    gib = free / _GIB
    state = Health.FAILED if gib < _LEAST else Health.WARNING if gib < _NEEDED else Health.OK
    message = f"{gib:.0f} GiB free{'' if state is Health.OK else f'; an image needs about {_NEEDED}'}"
    return Finding(
        name, state, message, "" if state is Health.OK else "podman system prune, or ./inv lab-clean --cache"
    )


def of_scopes(user: str, scopes: str | None) -> Finding:
    """The finding for a GitHub login by the scopes that GitHub lists; None for a token without a list."""
    name = "GitHub login"
    if scopes is None:
        return Finding(name, Health.OK, f"{user}; a token whose rights GitHub does not list")
    missing = [scope for scope in _SCOPES if scope not in scopes.replace(" ", "").split(",")]
    if not missing:
        return Finding(name, Health.OK, f"{user}, scopes: {scopes}")
    fix = f"gh auth refresh --scopes {','.join(missing)}"
    return Finding(name, Health.WARNING, f"{user} lacks the scopes {', '.join(missing)}", fix)
