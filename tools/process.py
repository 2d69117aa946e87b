"""Run another program as a step of the setup."""

import os
import shlex
import subprocess
from pathlib import Path

from tools.report import SetupError
from tools.table import ROOT

_running: set[subprocess.Popen[str]] = set()


def run(argv: list[str], *, what: str, hint: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a step of the setup; if it fails, the error contains its output."""
    try:
        status, output = _ended(argv, {**os.environ, **(env or {})}, cwd)
    except OSError as error:
        raise SetupError(what, f"{argv[0]}: {error.strerror}", hint) from error
    if status:
        raise SetupError(what, f"`{shlex.join(argv)}` ended with {status}; see its output above", hint, output)


def stop() -> None:
    """End the steps that other threads wait for, so that a failure does not wait for them."""
    for step in list(_running):
        step.terminate()


def _ended(argv: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
    """Run a program and return its exit status and output; kill it if the wait is interrupted."""
    with subprocess.Popen(
        argv, cwd=cwd, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as step:
        _running.add(step)
        try:
            output, _ = step.communicate()
        except BaseException:
            step.kill()
            raise
        finally:
            _running.discard(step)
    return step.returncode, output
