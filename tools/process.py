"""A step of the set-up that is another program's work."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from tools.report import SetupError
from tools.table import ROOT


def run(argv: list[str], *, what: str, hint: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a step of the set-up; its output is shown only when it fails."""
    try:
        done = subprocess.run(
            argv, cwd=cwd, env={**os.environ, **(env or {})}, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise SetupError(what, f"{argv[0]}: {error.strerror}", hint) from error
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SetupError(what, f"`{shlex.join(argv)}` ended with {done.returncode}; it said the above", hint)
