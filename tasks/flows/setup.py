"""What recipes need, installed before they run."""

from collections.abc import Sequence

from invoke import Exit

from tasks.clients import host
from tasks.console import say
from tasks.model.errors import TaskError
from tools.table import read_tools


def setup(recipes: Sequence[str]) -> None:
    """Install what recipes need; stops at a name that is none, and where something is missing afterwards."""
    from tasks import ns

    known, listed = {name.replace("_", "-") for name in ns.tasks}, ",".join(recipes)
    unknown = [name for name in recipes if name not in known]
    if unknown:
        raise TaskError(f"there is no recipe {unknown[0]!r}", f"{listed} names it", "list them all: ./inv --list")
    if not host.make_ready(recipes):
        raise Exit(code=1)  # it has said why
    missing = [tool.name for tool in read_tools() if any(map(tool.serves, recipes)) and not tool.is_there]
    if missing:
        why = f"{', '.join(missing)} cannot be found"
        raise TaskError(f"not all is here for {listed}", why, f"install it: ./inv setup {listed}")
    say(f"all is here for {listed}")
