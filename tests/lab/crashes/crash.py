"""Runs a recipe that dies, fails or hangs at one of its calls to the outside; the recipe's clients count the calls.

    python tests/lab/crashes/crash.py LOG HOW NUMBER ROOT RECIPE…

HOW is `count` (only write a line for each moment into LOG), `kill`, `fail` or `hang`. Each call has two moments: before
and after it. A call that hangs runs into its time limit at once.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import requests


class Watch:
    """Listens to the clients' audit event, and strikes at one moment."""

    def __init__(self, log: Path, how: str, number: int) -> None:
        self.log, self.how, self.number = log, how, number
        self.lock = threading.Lock()
        self.seen = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count a moment, and strike if it is the chosen one."""
        if event != "custom_coreos.call":
            return
        with self.lock:
            self.seen += 1
            struck = self.seen == self.number
            with self.log.open("a") as file:
                file.write(f"{self.seen}\t{arguments[0]}\t{arguments[1]}\n")
        if struck and self.how != "count":
            self.strike(str(arguments[1]))

    def strike(self, call: str) -> None:
        """Die, fail or hang here, as a machine, a program or a network does."""
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        over_http = call.partition(" ")[2].startswith("https://")
        if self.how == "hang":
            raise requests.ReadTimeout(call) if over_http else subprocess.TimeoutExpired(call, 0)
        raise requests.ConnectionError(call) if over_http else OSError(5, "the lab lets this call fail")


def main() -> None:
    """Listen, then become the recipe."""
    log, how, number, root, *recipe = sys.argv[1:]
    sys.addaudithook(Watch(Path(log), how, int(number)))
    sys.path.insert(0, root)
    sys.argv = [f"{root}/tasks.py", *recipe]
    import runpy

    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
