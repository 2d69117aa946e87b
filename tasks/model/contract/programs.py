"""Whether the programs of an image's own units are there."""

import re
from collections.abc import Iterable, Iterator

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.running import Running
from tasks.model.systemd import Unit

_KEYS = ("ExecCondition", "ExecStartPre", "ExecStart")
_LINE = re.compile(r"(?P<prefix>[-@:+!|]*)\"?(?P<program>[^\s\"]+)")


def missing_programs(image: ImageFacts, running: Running, units: Iterable[str]) -> Iterator[str]:
    """Every unit that starts a program that is missing or not executable."""
    there = set(image.all("program"))
    for name in dict.fromkeys(units):
        unit = running.unit(name)
        for program in _programs(unit) if unit else ():
            if program not in there:
                yield f"{name} starts {program}, which is missing or not executable"


def _programs(unit: Unit) -> Iterator[str]:
    """The programs without which a unit fails; a condition of the unit may name one that need not be there."""
    conditions = [value for _, value in unit.pairs("Unit", ("Condition", "Assert"))]
    for key in _KEYS:
        for line in filter(None, map(_LINE.match, unit.values("Service", key))):
            program = line["program"]
            if "-" not in line["prefix"] and not re.search(r"[$%\\]", program) and program not in conditions:
                yield program
