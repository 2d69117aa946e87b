"""What `doctor` finds: each thing with its state, and the command that fixes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tasks.model.errors import TaskError

_GIB = 1 << 30
_NEEDED, _LEAST = 10, 2  # GiB: for Fedora CoreOS and the image built from it; below that nothing works
_SCOPES = ("repo", "workflow", "write:packages", "delete:packages")
_VERSION = re.compile(r"\d+(?:\.\d+)+[^\s,);]*")


class Health(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # something is missing; some recipes cannot do their work, or not as well
    FAILED = "FAILED"  # something is there and wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: Health
    message: str
    fix: str = ""  # what to type; empty where nothing is to be done


def of_error(name: str, state: Health, error: TaskError) -> Finding:
    """The finding of a look that failed."""
    return Finding(name, state, f"{error.what}: {error.why}", error.next)


def version_in(said: str) -> str:
    """The first version in what a program says of itself; empty where there is none."""
    found = _VERSION.search(said)
    return found[0] if found else ""


def of_tool(name: str, why: str, version: str, recipes: Iterable[str], fault: str) -> Finding:
    """A tool by its version, empty where it is missing; `fault` is why it does not do what it must."""
    wanted = sorted(recipe for recipe in recipes if recipe != "test") or ["test"]
    fix = f"./inv {wanted[0]} installs it when it is called"
    if not version:
        return Finding(name, Health.WARNING, f"not there; {why}", fix)
    if fault:
        return Finding(name, Health.WARNING, f"{version}: {fault}", fix)
    return Finding(name, Health.OK, f"{version}: {why}")


def of_disk(name: str, free: int) -> Finding:
    """Free space in bytes."""
    gib = free / _GIB
    state = Health.FAILED if gib < _LEAST else Health.WARNING if gib < _NEEDED else Health.OK
    told = f"{gib:.0f} GiB free{'' if state is Health.OK else f'; an image needs about {_NEEDED}'}"
    return Finding(name, state, told, "" if state is Health.OK else "podman system prune, or ./inv lab-clean --cache")


def of_scopes(user: str, scopes: str | None) -> Finding:
    """A GitHub login by its scopes, as GitHub lists them; None for a token that has none to list."""
    name = "GitHub login"
    if scopes is None:
        return Finding(name, Health.OK, f"{user}; a token whose rights GitHub does not list")
    missing = [scope for scope in _SCOPES if scope not in scopes.replace(" ", "").split(",")]
    if not missing:
        return Finding(name, Health.OK, f"{user}, scopes: {scopes}")
    fix = f"gh auth refresh --scopes {','.join(missing)}"
    return Finding(name, Health.WARNING, f"{user} lacks the scopes {', '.join(missing)}", fix)
