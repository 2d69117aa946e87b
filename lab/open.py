"""Opens a world's lab and seeds it."""

from collections.abc import Callable
from pathlib import Path

from lab import seed, session
from lab.world import World


def open_lab(world: World, command: str | None, state: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """Run a bash command in the world's lab, or a shell if there is none. Returns the exit status.

    `prepare` runs before the registries are filled.
    """

    def prepared() -> None:
        prepare()
        seed.seed(world, state, open_lab)

    return session.run(world, command, state, prepared)
