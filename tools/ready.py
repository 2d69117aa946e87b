"""Make this machine ready for the recipes that are called: `python -m tools.ready READY_FOLDER WORD…`.

The launcher `inv` runs it with the system's own Python, before any package is there, so tools/ uses the standard
library alone.
"""

import fcntl
import os
import sys
from pathlib import Path

from tools.machine import Machine, made_beside
from tools.report import SetupError
from tools.table import called_recipes, read_tools


def make_ready(ready: Path, words: list[str]) -> None:
    """Set up what the called recipes need and note it for the launcher's next look."""
    tools = read_tools()
    recipes = called_recipes(tools, words)
    needed = [tool for tool in tools if "*" in tool.recipes or any(map(tool.serves, recipes))]
    for recipe in recipes:
        for tool in needed:
            if tool.root and tool.serves(recipe) and os.geteuid() != 0:
                raise SetupError(f"{recipe} needs root", f"it {tool.why}", f"type: sudo ./inv {recipe}")
    machine = Machine(ready, tools)
    machine.install([tool for tool in needed if not tool.is_there])
    for tool in needed:
        machine.prove(tool)
    machine.clear()
    machine.sync_python({tool.group for tool in needed if tool.group})
    for recipe in recipes:
        commands = [tool.command for tool in needed if tool.serves(recipe) and tool.is_there and tool.command]
        with made_beside(ready / f"needs-{recipe}") as temporary:
            temporary.write_text(" ".join(commands) + "\n")
    known = sorted({recipe for tool in tools for recipe in tool.recipes} - {"*"})
    with made_beside(ready / "recipes") as temporary:
        temporary.write_text(" ".join(known) + "\n")


def main() -> int:
    """Make ready under a lock, so that two first runs do not meet."""
    ready, words = Path(sys.argv[1]), sys.argv[2:]
    try:
        ready.parent.mkdir(parents=True, exist_ok=True)
        with (ready.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_ready(ready, words)
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        hint = "check owner and free space of that folder, or set CUSTOM_COREOS_CACHE to another one"
        sys.stderr.write(f"{SetupError(f'the cache {ready.parents[1]} cannot be used', str(error), hint)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("inv: interrupted; run it again and it goes on from here\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
