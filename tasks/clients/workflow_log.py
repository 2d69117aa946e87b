"""The log of a workflow run on GitHub, which obeys lines that look like its commands.

Format: docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ

from tasks.console import say


def running() -> bool:
    """Whether this runs in GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


@contextmanager
def without_commands() -> Iterator[None]:
    """Let no line that is printed in between be a command: it may come from a program that a build runs."""
    if not running():
        yield
        return
    token = secrets.token_hex(16)  # nobody who writes such a line can know it
    say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        say(f"::{token}::")
