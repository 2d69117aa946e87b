"""The lab: a small internet on this machine, in which every recipe runs unchanged."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Context, Exit, task

from tasks.story import say

if TYPE_CHECKING:
    from lab.world import World

_WORLD = {"world": "which world: a file of lab/worlds (default: everyday)"}


@task(help=_WORLD)
def lab(c: Context, world: str = "everyday") -> None:
    """Open a shell in the lab, or run one command in it: inv lab -w WORLD -- 'inv versions'."""
    from lab import session

    command = c.config.get("remainder") or None
    raise Exit(code=session.run(_world(world), command, _state(world)))
