"""A world's lab, seeded and opened."""

from collections.abc import Callable
from pathlib import Path

from lab import seed, session
from lab.world import World


def open_lab(world: World, command: str | None, state: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """Run a bash command in the world's lab, or a shell where there is none; `prepare` comes first. Its exit status."""

    def prepared() -> None:
        prepare()
        seed.seed(world, state, open_lab)

    return session.run(world, command, state, prepared)
