"""What a machine runs by itself with an image: units, and the programs and scripts of these."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from tasks.model.commands import Command, commands, systemctl_starts
from tasks.model.contract.effect import ran_by
from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.kargs import kernel_arguments
from tasks.model.kernel_arguments import masked_unit
from tasks.model.systemd import FOLDERS, Unit, UnitFiles

_PROGRAMS = ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost")
_SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """The units that run, each with those that start it: at boot, and later by timers, paths and programs.

    `later` also has what presets enable on a first boot; a unit that nothing names has an empty tuple. `programs` are
    the commands of these units.
    """

    root: str
    files: UnitFiles
    masked: frozenset[str]  # by kernel arguments
    boot: Mapping[str, tuple[str, ...]]
    later: Mapping[str, tuple[str, ...]]
    programs: Mapping[str, tuple[Command, ...]]

    @classmethod
    def of(cls, image: ImageFacts) -> Self:
        """Follow everything from the unit that systemd starts at boot."""
        arguments, files = kernel_arguments(image), image.unit_files
        root = next(iter(_given(arguments, "systemd.unit=")[-1:]), "default.target")
        masked = frozenset(filter(None, map(masked_unit, arguments)))
        read, ran = reader(image), dict[str, tuple[Command, ...]]()

        def runs(unit: Unit) -> list[str]:
            ran[unit.name] = tuple(_programs(unit, read))
            return systemctl_starts(ran[unit.name])

        roots = (root, *_given(arguments, "systemd.wants="))
        gone = masked.__contains__
        boot = files.started(*roots, later=False, gone=gone)
        presets = [row.partition(" ")[0] for row in image.all("first-boot") if row.endswith(" enabled")]
        more = [name for name in presets if name not in boot and _is_for(files.unit(name), boot)]
        later = files.started(*roots, *more, later=True, runs=runs, gone=gone)
        return cls(root=root, files=files, masked=masked, boot=boot, later=later, programs=ran)

    def unit(self, name: str) -> Unit | None:
        """A unit; None if it is missing or masked."""
        return None if name in self.masked else self.files.unit(name)

    def lacks(self, name: str) -> str:
        """Why a unit cannot be started: it is masked or missing; empty if it can."""
        if self.unit(name) is not None:
            return ""
        return "masked" if name in self.masked or self.files.is_masked(name) else "missing"


def reader(image: ImageFacts) -> Callable[[str], str]:
    """How to read a script by its path or its name."""
    tree = image.tree

    def read(word: str) -> str:
        if "/" in word:
            return "" if word.startswith(FOLDERS) else tree.text(word)
        return next(filter(None, (tree.text(f"{folder}/{word}") for folder in _SEARCHED)), "")

    return read


def ran_in(text: str, read: Callable[[str], str]) -> Iterator[Command]:
    """The commands of a script, and those of the scripts that it names."""
    for words in commands(text):
        yield words
        for script in filter(None, map(read, words)):
            yield from commands(script)


def _is_for(unit: Unit | None, boot: Mapping[str, object]) -> bool:
    """Whether something of the boot starts a unit once it is enabled."""
    said = unit.values("Install", "WantedBy", "RequiredBy", "UpheldBy") if unit and "@" not in unit.name else []
    return any(name in boot for value in said for name in value.split())


def _given(arguments: list[str], key: str) -> list[str]:
    return [argument.removeprefix(key) for argument in arguments if argument.startswith(key)]


def _programs(unit: Unit, read: Callable[[str], str]) -> Iterator[Command]:
    for key in _PROGRAMS:
        for line in unit.values("Service", key):
            yield from ran_by(line, unit, read)
