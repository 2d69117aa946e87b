"""Read the table of tools, tools.toml."""

import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """One row of tools.toml; the file's header explains each field."""

    name: str
    why: str
    recipes: tuple[str, ...]
    command: str = ""
    debian: tuple[str, ...] = ()
    fedora: tuple[str, ...] = ()
    go: str = ""
    compiler: tuple[str, ...] = ()
    tags: str = ""
    ldflags: str = ""
    pypi: str = ""
    group: str = ""
    version: str = "--version"
    proof: str = ""
    root: bool = False

    def serves(self, recipe: str) -> bool:
        """Whether `recipe` needs this tool."""
        return recipe in self.recipes or "*" in self.recipes

    @property
    def is_installed(self) -> bool:
        """Whether the command is on the PATH; true for a tool without a command."""
        return not self.command or shutil.which(self.command) is not None

    def tried(self) -> tuple[int, str]:
        """Run the tool's proof; return its exit status and reason: 0 if it passes or the tool has no proof."""
        if not self.proof:
            return 0, ""
        argv = [sys.executable, "-m", f"tools.{self.proof}"]
        done = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, (done.stdout.strip() or done.stderr.strip()).rpartition("\n")[2]


def numbers(version: str) -> tuple[int, ...]:
    """Return a version such as `1.26.6` as comparable numbers; empty if it is not a version."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def read_tools() -> list[Tool]:
    """Return every row of the table."""
    with (TOOLS / "tools.toml").open("rb") as file:
        rows = tomllib.load(file)
    return [_tool(name, row) for name, row in rows.items()]


def _tool(name: str, row: dict[str, Any]) -> Tool:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Tool(name=name, **fields)
