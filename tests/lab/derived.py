"""Images made from the good one with one more instruction, and what the contract says about them."""

import json
import re
from collections.abc import Sequence
from shlex import quote
from typing import Any

from tests.lab.conftest import HOUR, Clone


def derived(instruction: str) -> str:
    """Return a command that builds localhost/wrong from the good image with one more instruction."""
    return (
        f"printf 'FROM localhost/custom-coreos:stable\\n%s\\n' {quote(instruction)} | podman build -q -t wrong -f - ."
    )


def verified(built: Clone, steps: Sequence[str], words: str = "") -> list[dict[str, str]]:
    """Build an image with each step, and return the faults of each by their checks; all in one lab.

    `words` are further arguments of `verify`.
    `verify` exits with 1 where there is a fault, and its error has each of them.
    """
    done = built.lab(
        "".join(
            f"{derived(f'RUN {step}')} > /dev/null || exit; inv verify localhost/wrong --json {words}; echo status $?; "
            for step in steps
        ),
        seconds=HOUR,
    )
    answers: list[dict[str, Any]] = [
        json.loads(text) for text in re.findall(r"^\{.*?^\}", done.stdout, re.MULTILINE | re.DOTALL)
    ]
    assert len(answers) == len(steps), done.stderr
    faults = [{row["name"]: row["fault"] for row in answer["checks"] if row["fault"]} for answer in answers]
    assert re.findall("^status (.*)", done.stdout, re.MULTILINE) == ["1" if each else "0" for each in faults]
    assert all(f"{name}: {fault}" in done.stderr for each in faults for name, fault in each.items())
    return faults
