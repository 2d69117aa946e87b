"""Install what recipes need before they run."""

from collections.abc import Sequence

from invoke import Exit

from tasks.clients import host
from tasks.console import say
from tasks.model.errors import TaskError
from tools.table import read_tools


def setup(recipes: Sequence[str]) -> None:
    """Install what recipes need; stop at an unknown recipe, or if something is still missing afterwards."""
    from tasks import ns

    known, listed = {name.replace("_", "-") for name in ns.tasks}, ",".join(recipes)
    unknown = [name for name in recipes if name not in known]
    if unknown:
        raise TaskError(f"there is no recipe {unknown[0]!r}", f"{listed} names it", "list them all: ./inv --list")
    if not host.make_ready(recipes):
        raise Exit(code=1)  # make_ready has printed why
    missing = [tool.name for tool in read_tools() if any(map(tool.serves, recipes)) and not tool.is_installed]
    if missing:
        why = f"{', '.join(missing)} cannot be found"
        raise TaskError(f"{listed} cannot run yet", why, f"install what is missing: ./inv setup {listed}")
    say(f"everything for {listed} is installed")
