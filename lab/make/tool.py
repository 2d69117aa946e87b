"""Runs the programs that make the lab."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tasks.model.errors import TaskError


def call(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> str:
    """Run a program to its end and return its output; if it fails, the error has its last line."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, cwd=cwd,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
    except OSError as error:
        raise TaskError("the lab could not be made", f"{argv[0]}: {error.strerror}", "run it with ./inv") from error
    if done.returncode:
        output = (done.stderr or done.stdout).strip()
        sys.stderr.write(f"{output}\n")
        output = output.rpartition("\n")[2]
        raise TaskError("the lab could not be made", f"{argv[0]}: {output}", f"repeat it: {shlex.join(argv)[:200]}")
    return done.stdout
