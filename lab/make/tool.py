"""Programs that the lab is made with."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tasks.model.errors import TaskError


def call(argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> str:
    """Run a program to its end and return what it printed; its last words are in the error when it fails."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, cwd=cwd,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
    except OSError as error:
        raise TaskError("the lab could not be made", f"{argv[0]}: {error.strerror}", "call it through ./inv") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        sys.stderr.write(f"{said}\n")
        said = said.rpartition("\n")[2]
        raise TaskError(
            "the lab could not be made", f"{argv[0]}: {said}", f"see for yourself: {shlex.join(argv)[:200]}"
        )
    return done.stdout
