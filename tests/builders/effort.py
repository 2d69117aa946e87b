"""How long something takes, as a multiple of a fixed piece of work, because machines are noisy."""

import gc
import time
from collections.abc import Callable


def _yardstick() -> int:
    """About a twentieth of a second on an idle machine of today."""
    return sum(hash((str(number), number)) for number in range(100_000))


def efforts(*tasks: Callable[[], object]) -> list[float]:
    """Return the best of five alternating runs of each task, in our own processor time and in yardsticks."""
    works = [_yardstick, *tasks]
    best = [float("inf")] * len(works)
    gc.disable()
    try:
        for _ in range(5):
            for number, work in enumerate(works):
                begun = time.process_time()
                work()
                best[number] = min(best[number], time.process_time() - begun)
    finally:
        gc.enable()
    return [seconds / best[0] for seconds in best[1:]]
