"""What a rehearsed workflow left in its lab."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.lab.conftest import Clone
from tests.lab.published import STABLE


def rehearse(clone: Clone, file: str, *words: str, world: str = "everyday") -> subprocess.CompletedProcess[str]:
    """Type the recipe."""
    return clone.inv("rehearse-workflow", file, "-w", world, *words)


def jobs(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the results in the table, by file and job."""
    rows = re.findall(r"^(\S+\.yaml) +\w+ +(\S+) +(success|failure)$", done.stdout, re.MULTILINE)
    return {f"{file} {job}": result for file, job, result in rows}


def state(clone: Clone, world: str = "everyday") -> Path:
    """Return the lab's state folder."""
    return clone.path / ".lab" / world


def issues(clone: Clone, world: str = "everyday", *, opened: bool = True) -> list[dict[str, Any]]:
    """Return the issues on the lab's GitHub."""
    found = [json.loads(file.read_text()) for file in sorted(state(clone, world).glob("forge/issues/*.json"))]
    return [issue for issue in found if (issue["state"] == "open") == opened]


def stable(clone: Clone, world: str = "everyday") -> str:
    """Return the digest that the public tag points at; empty if it does not exist."""
    return clone.lab(STABLE, world).stdout.strip()


def last_run(clone: Clone, world: str = "everyday") -> dict[str, str]:
    """Return the outputs that the steps of the last build passed on."""
    found: list[dict[str, dict[str, str]]] = json.loads((state(clone, world) / "workflows.json").read_text())
    return found[0]["outputs"]
