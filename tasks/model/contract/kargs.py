"""The kernel arguments that an image brings, in the files that bootc reads."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.model.contract.facts import ImageFacts
from tasks.model.kernel_arguments import boots_elsewhere, masked_unit, words

FOLDER = "/usr/lib/bootc/kargs.d"
_KEYS = {"kargs", "match-architectures"}
_ARCHITECTURE = "x86_64"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that bootc cannot read, and why; bootc then refuses the image's update."""

    path: str
    why: str


def kernel_arguments(image: ImageFacts) -> list[str]:
    """The arguments that a machine gets, in bootc's order."""
    return [argument for each in _read(image) if not isinstance(each, Refused) for argument in words(each)]


def argument_fault(image: ImageFacts, needed: tuple[str, ...]) -> str:
    """Why bootc refuses an image's arguments, or which ones boot something else or mask a unit that is needed."""
    arguments = kernel_arguments(image)
    return "; ".join(
        [
            *(f"bootc cannot read {each.path}: {each.why}" for each in _read(image) if isinstance(each, Refused)),
            *(f"{argument} boots something else" for argument in arguments if boots_elsewhere(argument)),
            *(f"{argument} switches it off" for argument in arguments if masked_unit(argument) in needed),
        ]
    )


def _read(image: ImageFacts) -> Iterator[str | Refused]:
    for path, entry in image.tree.files(FOLDER, suffix=".toml").items():
        try:
            table = tomllib.loads(entry.text)
        except tomllib.TOMLDecodeError as error:
            yield Refused(path, str(error))
            continue
        if why := _form(table):
            yield Refused(path, why)
        elif _ARCHITECTURE in table.get("match-architectures", [_ARCHITECTURE]):
            yield from table["kargs"]


def _form(table: dict[str, Any]) -> str:
    if unknown := sorted(set(table) - _KEYS):
        return f"it has an unknown key: {', '.join(unknown)}"
    if "kargs" not in table:
        return "kargs is missing"
    for key, value in table.items():
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return f"{key} is no list of words"
    return ""
