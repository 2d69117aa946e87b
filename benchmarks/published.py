"""Measures reading the history and planning a cleanup; runs in the lab's world `far-past`."""

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
    """Measure everything in the state folder's lab, and write the results there."""
    results = [history(), *planning()]
    document = [asdict(result) | {"kept": result.kept} for result in results]
    (Path(sys.argv[1]) / "results.json").write_text(json.dumps(document))


def history() -> Result:
    """Compare reading the history of 200 images concurrently with reading it one by one; each time in one process."""
    from invoke import Config

    from tasks.flows import history
    from tasks.settings.values import read_settings

    config = Config()
    config.set_project_location(Path(__file__).parents[1])
    config.load_project()
    settings = read_settings(config)

    def read(at_once: int) -> None:
        history.AT_ONCE = at_once
        if len(history.promoted(settings).images) != IMAGES:
            sys.exit(f"the world far-past must have {IMAGES} published images")

    concurrency = history.AT_ONCE
    concurrent, serial = (median(each) for each in alternating(lambda: read(concurrency), lambda: read(1), rounds=3))
    return Result(
        name="`inv history` of 200 images, relative to reading one by one", measured=concurrent / serial, limit=1 / 8,
        unit="", note=f"{concurrent:.2f} s of {serial:.2f} s",
    )  # fmt: skip


def planning() -> list[Result]:
    """Time retention's plan for 20,000 versions, and compare it with the plan for 2,000."""
    from tasks.model.registry.retention import plan
    from tests.builders.registries import NOW, POLICY, many

    few, lots = many(2000), many(20000)
    seconds = _best(lambda: plan(few, POLICY, NOW)), _best(lambda: plan(lots, POLICY, NOW))
    note = f"{1000 * seconds[0]:.0f} ms for 2,000"
    return [
        Result(name="cleanup's plan for 20,000 versions", measured=1000 * seconds[1], limit=1000, unit="ms", note=note),
        Result(
            name="cleanup's plan for 20,000 versions, relative to 2,000", measured=seconds[1] / seconds[0], limit=20,
            unit="", note="linear growth is 10",
        ),
    ]  # fmt: skip


def _best(measured: Callable[[], object]) -> float:
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        measured()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
