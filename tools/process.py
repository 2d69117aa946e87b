"""A step of the set-up that is another program's work."""

import os
import shlex
import subprocess
from pathlib import Path

from tools.report import SetupError
from tools.table import ROOT

_running: set[subprocess.Popen[str]] = set()


def run(argv: list[str], *, what: str, hint: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a step of the set-up; its output is in the error when it fails."""
    try:
        status, said = _ended(argv, {**os.environ, **(env or {})}, cwd)
    except OSError as error:
        raise SetupError(what, f"{argv[0]}: {error.strerror}", hint) from error
    if status:
        raise SetupError(what, f"`{shlex.join(argv)}` ended with {status}; it said the above", hint, said)


def stop() -> None:
    """End the steps that other threads wait for: what failed beside them is not to wait until they are done."""
    for step in list(_running):
        step.terminate()


def _ended(argv: list[str], env: dict[str, str], cwd: Path) -> tuple[int, str]:
    """A program's exit status and what it said; it does not outlive an interrupted wait."""
    with subprocess.Popen(
        argv, cwd=cwd, env=env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as step:
        _running.add(step)
        try:
            said, _ = step.communicate()
        except BaseException:
            step.kill()
            raise
        finally:
            _running.discard(step)
    return step.returncode, said
