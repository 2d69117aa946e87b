"""Start a module of the lab as a process of its own."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_CODE = """
import sys, types
from importlib import import_module
root, module = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, root)
tasks = sys.modules["tasks"] = types.ModuleType("tasks")  # tasks.py would import Invoke and every recipe
tasks.__path__ = [root + "/tasks"]
import_module(module).main()
"""


def argv(module: str, *words: str) -> list[str]:
    """Return the command line that calls a module's main(), for which `words` are sys.argv[1:]."""
    return [sys.executable, "-P", "-c", _CODE, str(ROOT), module, *words]  # -P: never from the working directory
