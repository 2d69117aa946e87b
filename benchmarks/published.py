"""How long it takes to know what was published, and what may go; runs in the lab's world `far-past`."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.resolve import Result, alternating

IMAGES = 200


def main() -> None:
    """Measure everything in the state folder's lab, and leave the results there."""
    results = [history(), *planning()]
    document = [asdict(result) | {"kept": result.kept} for result in results]
    (Path(sys.argv[1]) / "results.json").write_text(json.dumps(document))


def history() -> Result:
    """The history of 200 images, side by side and one by one, in one process each time."""
    from invoke import Config

    from tasks.flows import history
    from tasks.settings import read_settings

    config = Config()
    config.set_project_location(Path(__file__).parents[1])
    config.load_project()
    settings = read_settings(config)

    def read(at_once: int) -> None:
        history.AT_ONCE = at_once
        if len(history.promoted(settings).images) != IMAGES:
            sys.exit(f"the world far-past must have {IMAGES} published images")

    as_it_is = history.AT_ONCE
    together, alone = (median(each) for each in alternating(lambda: read(as_it_is), lambda: read(1), rounds=3))
    told = f"{together:.2f} s of {alone:.2f} s"
    return Result(
        name="history of 200 images, of one by one", measured=together / alone, limit=1 / 8, unit="", told=told
    )


def planning() -> list[Result]:
    """Retention's plan for 20,000 versions, and how it grows from 2,000."""
    from tasks.model.registry.retention import plan
    from tests.builders.registries import NOW, POLICY, many

    few, lots = many(2000), many(20000)
    seconds = _best(lambda: plan(few, POLICY, NOW)), _best(lambda: plan(lots, POLICY, NOW))
    told = f"{1000 * seconds[0]:.0f} ms for 2,000"
    return [
        Result(name="cleanup's plan for 20,000 versions", measured=1000 * seconds[1], limit=1000, unit="ms", told=told),
        Result(
            name="cleanup's plan for 20,000 versions, of 2,000", measured=seconds[1] / seconds[0], limit=20, unit="",
            told="linear is 10",
        ),
    ]  # fmt: skip


def _best(way: Callable[[], object]) -> float:
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        way()
        taken.append(time.perf_counter() - begun)
    return min(taken)
