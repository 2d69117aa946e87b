"""What a machine runs by itself: the programs of its units, and the scripts that these start."""

import re
from collections.abc import Iterable, Iterator, Mapping

from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged, plain
from tasks.model.install.units import units
from tasks.model.systemd import lines

Lines = tuple[str, ...]

_PROGRAM = re.compile(r"\s*Exec\w+\s*=")
_USER_UNITS = re.compile(r"/etc/systemd/user/|.*/\.config/systemd/user/")
_DISPATCHED = "/etc/NetworkManager/dispatcher.d/"
_SEARCHED = ("/usr/local/bin", "/usr/local/sbin")  # a program there is found by its name
_BEGINS = r"(?:^|[=;|&(\"'`]|\b(?:exec|sudo|env|if|then|else|do|while|until)\s)\s*[-@:+!]*"  # of a command
_SAID = re.compile(r"\s*(?:alias|echo|printf|logger)\s[^|&;]*")


def started(merged: Merged, *, but: str = "") -> Mapping[Path, Lines]:
    """The lines that a machine runs by itself, by the place of their unit or script in the config.

    A script counts if a unit or another such script names it. What is only shown, or waits for somebody to type its
    name, does not count. `but` is a unit to leave out, with what only it starts.
    """
    found = dict(_of_units(merged, but))
    waiting = {path: place for path, place in _scripts(merged) if place not in found}
    while named := _named(waiting, "\n".join(line for run in found.values() for line in run)):
        found |= {waiting.pop(path): _script(merged, path) for path in named}
    return found


def _of_units(merged: Merged, but: str) -> Iterator[tuple[Path, Lines]]:
    """The programs of units, and the scripts that NetworkManager starts."""
    for unit in units(merged).values():
        for place in dict.fromkeys(text.place for text in unit.texts):
            texts = [text.content for text in unit.texts if text.place == place]
            yield place, () if unit.name == but else tuple(filter(_PROGRAM.match, lines("\n".join(texts))))
    for path, place in _scripts(merged):
        if _USER_UNITS.match(path):
            yield place, tuple(filter(_PROGRAM.match, lines(merged.read(path) or "")))
        elif path.startswith(_DISPATCHED):
            yield place, _script(merged, path)


def _scripts(merged: Merged) -> Iterator[tuple[str, Path]]:
    for file in merged.items("storage", "files"):
        yield plain(file["path"]), ("storage", f"files[{file['path']}]")


def _script(merged: Merged, path: str) -> Lines:
    return tuple(line for line in lines(merged.read(path) or "") if not _SAID.fullmatch(line))


def _named(paths: Iterable[str], text: str) -> list[str]:
    """The scripts that a text names: by their path, or by their name where the shell finds it."""
    names = ((path, *path.rsplit("/", 1)) for path in paths)
    named = ((path, name if folder in _SEARCHED else path) for path, folder, name in names)
    return [path for path, name in named if name in text and _form(path, name).search(text)]


def _form(path: str, name: str) -> re.Pattern[str]:
    """Where a text names a script: a path anywhere, a name only where a command begins."""
    return re.compile(rf"(?:(?<![\w./-]){re.escape(path)}|{_BEGINS}{re.escape(name)})(?![\w./-])", re.MULTILINE)
