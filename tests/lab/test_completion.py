"""Completion of recipes and options, in the shells themselves, for `inv` and `./inv`."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.conftest import Clone

SECONDS = 20
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|[\r\b]")


class Terminal:
    """A shell at a terminal."""

    def __init__(self, screen: int) -> None:
        self.screen = screen

    def type(self, keys: str, until: str) -> str:
        """Press keys; return the output up to a text, or for some seconds."""
        os.write(self.screen, keys.encode())
        shown, end = "", time.monotonic() + SECONDS
        while until not in shown and time.monotonic() < end:
            if select.select([self.screen], [], [], 0.1)[0]:
                shown += _CONTROL.sub("", os.read(self.screen, 4096).decode())
        return shown


@contextmanager
def terminal(clone: Clone, argv: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    """Open a shell in the clone, and end it afterwards."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        argv, cwd=clone.path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    try:
        yield Terminal(ours)
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


def required(shell: str) -> None:
    """Skip the test if the shell is missing."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not on this machine; ./inv test installs it")


def environment(clone: Clone, called: str, home: Path) -> dict[str, str]:
    """Return an environment with the launcher on the PATH as `inv`; for `./inv` the PATH has none."""
    path = f"{clone.path}:{os.environ['PATH']}" if called == "inv" else os.environ["PATH"]
    return {**os.environ, "PATH": path, "TERM": "dumb", "PS1": "> ", "ZDOTDIR": str(home)}


@pytest.mark.parametrize("called", ["inv", "./inv"])
@pytest.mark.parametrize(("shell", "plain"), [("bash", ["--norc", "--noprofile"]), ("zsh", ["-f"])])
def test_a_tab_finishes_a_recipe_and_its_option(
    clone: Clone, tmp_path: Path, shell: str, plain: list[str], called: str
) -> None:
    """Each word takes one tab."""
    required(shell)
    with terminal(clone, [shell, *plain, "-i"], environment(clone, called, tmp_path)) as shown:
        shown.type(f'eval "$({called} --print-completion-script {shell})"; echo lo""aded\n', until="loaded")
        assert "check-compatibility " in shown.type(f"{called} check-comp\t", until="atibility ")
        assert "--kernel " in shown.type("--ker\t", until="nel ")


@pytest.mark.parametrize("called", ["inv", "./inv"])
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("check-comp", ["check-compatibility"]),
        ("check-compatibility --ker", ["--kernel"]),
        ("build --lock tasks.", ["tasks.py"]),
        ("--print", ["--print-completion-script"]),
    ],
)
def test_fish_offers_the_same(clone: Clone, tmp_path: Path, called: str, words: str, offered: list[str]) -> None:
    """It also offers files for an option that takes one."""
    required("fish")
    load = f"{called} --print-completion-script fish | source"
    argv = ["fish", "--no-config", "-c", f"{load}; complete --do-complete '{called} {words}'"]
    given = environment(clone, called, tmp_path)
    done = subprocess.run(argv, cwd=clone.path, env=given, capture_output=True, text=True, check=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == offered
