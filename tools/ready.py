"""Make this machine ready for some recipes: `python -m tools.ready READY_FOLDER RECIPE…`.

The launcher `inv` runs it without a recipe, to make the recipes' own Python environment. No package is installed yet,
so tools/ uses only the standard library. Later, tasks/cli.py names the recipes that it is about to run.
"""

import fcntl
import os
import sys
from pathlib import Path

from tools.install import Machine, made_beside
from tools.report import SetupError
from tools.table import read_tools


def make_ready(ready: Path, recipes: list[str]) -> None:
    """Install what the recipes need, and note it for later runs; without a recipe, make their Python environment."""
    tools = read_tools()
    needed = [tool for tool in tools if "*" in tool.recipes or any(map(tool.serves, recipes))]
    for recipe in recipes:
        for tool in needed:
            if tool.root and tool.serves(recipe) and os.geteuid() != 0:
                raise SetupError(f"{recipe} needs root", f"it {tool.why}", f"type: sudo ./inv {recipe}")
    machine = Machine(ready, tools)
    machine.install([tool for tool in needed if not tool.is_installed])
    for tool in needed:
        machine.prove(tool)
    machine.builder.clear()
    machine.sync_python({tool.group for tool in needed if tool.group})
    for recipe in recipes:
        commands = [tool.command for tool in needed if tool.serves(recipe) and tool.is_installed and tool.command]
        with made_beside(ready / f"needs-{recipe}") as temporary:
            temporary.write_text(" ".join(commands) + "\n")
    if not recipes:  # the environment is new, and may lack what the previous one had for a recipe
        for stale in ready.glob("needs-*"):
            stale.unlink()


def main() -> int:
    """Make ready under a lock, so that two first runs do not interfere."""
    ready, recipes = Path(sys.argv[1]), sys.argv[2:]
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with (ready.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_ready(ready, recipes)
    except SetupError as error:
        sys.stderr.write(f"{error.output}{error}\n")
        return 1
    except OSError as error:
        hint = "check that folder's owner and free space, or set CUSTOM_COREOS_CACHE to another folder"
        sys.stderr.write(f"{SetupError(f'the cache {ready.parents[1]} cannot be used', str(error), hint)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("inv: interrupted; run it again, and it continues\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
