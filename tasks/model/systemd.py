"""What systemd reads in unit files, their drop-ins and links, and what a boot starts. See systemd.unit(5)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from posixpath import basename, dirname, join, normpath

FOLDERS = (
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)  # the first one that has a file wins
NOWHERE = "/dev/null"
_PULLS = ("Wants", "Requires", "BindsTo", "Upholds")
_PULL_FOLDERS = (".wants", ".requires", ".upholds")
_TRIGGERS = {".timer": ("Timer", "Unit"), ".path": ("Path", "Unit"), ".socket": ("Socket", "Service")}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-zµ]*)\s*")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LENGTHS = {
    "usec us µs": 1e-6, "msec ms": 1e-3, "seconds second sec s": 1, "minutes minute min m": _MINUTE,
    "hours hour hr h": _HOUR, "days day d": _DAY, "weeks week w": 7 * _DAY, "months month M": 2629800,
    "years year y": 31557600,
}  # fmt: skip
_SECONDS = {name: length for names, length in _LENGTHS.items() for name in names.split()} | {"": 1}


def lines(text: str) -> Iterator[str]:
    """The lines of a unit without comments; one that ends with a backslash goes on in the next."""
    begun = ""
    for line in re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff")):
        if line.lstrip().startswith(("#", ";")):
            continue
        begun += line
        if (len(begun) - len(begun.rstrip("\\"))) % 2:
            begun = f"{begun[:-1]} "
            continue
        yield begun.strip()
        begun = ""
    yield begun.strip()


@lru_cache(maxsize=4096)
def assignments(text: str) -> tuple[tuple[str, str, str], ...]:
    """Section, key and value of every setting; what stands before the first section does not count."""
    found, section = [], ""
    for line in lines(text):
        key, equals, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section and equals:
            found.append((section, key.strip(), value.strip()))
    return tuple(found)


def is_true(word: str) -> bool:
    """Whether systemd reads a word as yes."""
    return word.lower() in ("1", "yes", "y", "true", "t", "on")


def seconds(span: str) -> float:
    """A time span in seconds; 0 if systemd cannot read it."""
    if span.strip() == "infinity":
        return float("inf")
    parts = _SPAN.findall(span)
    if _SPAN.sub("", span.strip()) or any(unit not in _SECONDS for _, unit in parts):
        return 0
    return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's name, and its texts in the order in which systemd reads them: its file, then its drop-ins."""

    name: str
    texts: tuple[str, ...]

    def values(self, section: str, *keys: str) -> list[str]:
        """The values of a list, which several keys may share; an empty value takes back all before it."""
        values: list[str] = []
        for _, value in self._said(section, keys):
            values = [*values, value] if value else []
        return values

    def pairs(self, section: str, begins: tuple[str, ...]) -> list[tuple[str, str]]:
        """Keys and values of a list that all keys with these beginnings share."""
        said = [row for text in self.texts for row in assignments(text)]
        found: list[tuple[str, str]] = []
        for where, key, value in said:
            if where == section and key.startswith(begins):
                found = [*found, (key, value)] if value else []
        return found

    def last(self, section: str, key: str) -> str:
        """The value of a setting that has only one; empty if it has none."""
        return next((value for _, value in reversed(self._said(section, (key,)))), "")

    def names(self, *keys: str) -> list[str]:
        """The units that dependencies name, which cannot be taken back; an instance's name replaces %i."""
        instance = self.name.rpartition(".")[0].partition("@")[2]
        said = (word for _, value in self._said("Unit", keys) for word in value.split())
        return [re.sub("%[iI]", instance, word).replace("%%", "%") for word in said]

    def _said(self, section: str, keys: Iterable[str]) -> list[tuple[str, str]]:
        wanted = tuple(keys)
        said = (row for text in self.texts for row in assignments(text))
        return [(key, value) for where, key, value in said if where == section and key in wanted]


@dataclass(frozen=True, slots=True)
class UnitFiles:
    """The unit files of a system: texts and the targets of links, each by its path."""

    files: Mapping[str, str]
    links: Mapping[str, str]
    _folders: dict[str, list[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for path in (*self.files, *self.links):
            self._folders.setdefault(dirname(path), []).append(path)

    def unit(self, name: str) -> Unit | None:
        """A unit with its drop-ins under its own name; None if it is missing or masked."""
        real, text = self._find(name)
        return Unit(real, (text, *self._drop_ins(dict.fromkeys((name, real))))) if text else None

    def is_masked(self, name: str) -> bool:
        """Whether a link to /dev/null or an empty file takes a unit's place."""
        return self._find(name)[1] == ""

    def started(
        self,
        *roots: str,
        later: bool,
        runs: Callable[[Unit], Iterable[str]] = lambda _: (),
        gone: Callable[[str], bool] = lambda _: False,
    ) -> dict[str, tuple[str, ...]]:
        """The units that starting `roots` starts, each with the units that name it.

        `later` adds what timers, paths and sockets start, and what comes after a unit. `runs` are the units that a
        unit's programs start, `gone` the ones that something else masks.
        """
        found: dict[str, tuple[str, ...]] = dict.fromkeys(map(self._real, roots), ())
        waiting = list(found)
        while waiting:
            unit = self.unit(waiting.pop())
            pulled = () if unit is None else (*self._pulled(unit), *(self._later(unit, runs) if later else ()))
            for name in map(self._real, pulled):
                if gone(name) or self.unit(name) is None:
                    continue
                if name not in found:
                    waiting.append(name)
                by = unit.name if unit else ""
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), by)))
        return found

    def _real(self, name: str) -> str:
        return self._find(name)[0]

    def _pulled(self, unit: Unit) -> Iterator[str]:
        yield from unit.names(*_PULLS)
        for suffix in _PULL_FOLDERS:
            for name, path in self._beside((unit.name,), suffix).items():
                if self._target(path) != NOWHERE:
                    yield name

    def _later(self, unit: Unit, runs: Callable[[Unit], Iterable[str]]) -> Iterator[str]:
        yield from unit.names("OnSuccess")
        yield from runs(unit)
        stem, dot, suffix = unit.name.rpartition(".")
        if f"{dot}{suffix}" in _TRIGGERS:
            section, key = _TRIGGERS[f"{dot}{suffix}"]
            of_each = "@" if is_true(unit.last("Socket", "Accept")) else ""
            yield unit.last(section, key) or f"{stem}{of_each}.service"

    def _find(self, name: str, seen: tuple[str, ...] = ()) -> tuple[str, str | None]:
        """A unit's own name and its file's text: empty if it is masked, None if it is missing."""
        for known in (name, _template(name)):
            path = next((f"{each}/{known}" for each in FOLDERS if self._has(f"{each}/{known}")), "")
            if not path or path in seen:
                continue
            target = self._target(path)
            if target == NOWHERE:
                return name, ""
            alias = basename(target)
            if alias not in (name, known, _template(name)) and dirname(target) in FOLDERS:
                return self._find(alias, (*seen, path))
            return name, self.files.get(target)
        return name, None

    def _has(self, path: str) -> bool:
        return path in self.files or path in self.links

    def _target(self, path: str) -> str:
        """Where a path leads through one link, in the place that systemd knows: /lib is a link to /usr/lib."""
        target = normpath(join(dirname(path), self.links.get(path, path)))
        return re.sub(r"^//?lib/", "/usr/lib/", target)

    def _drop_ins(self, names: Iterable[str]) -> list[str]:
        found = self._beside(tuple(names), ".d", of_type=True)
        paths = (self._target(path) for name, path in sorted(found.items()) if name.endswith(".conf"))
        return [text for path in paths if (text := self.files.get(path, ""))]

    def _beside(self, names: tuple[str, ...], suffix: str, *, of_type: bool = False) -> dict[str, str]:
        """Path by name of all that is in a unit's folders with this suffix; the first folder that has a name wins."""
        kind = names[0].rpartition(".")[2]
        folders = [f"{each}/{near}{suffix}" for name in names for each in FOLDERS for near in nearby(name)]
        folders += [f"{each}/{kind}{suffix}" for each in FOLDERS] if of_type else []
        found: dict[str, str] = {}
        for folder in folders:
            for path in self._folders.get(folder, ()):
                found.setdefault(basename(path), path)
        return found


def _template(name: str) -> str:
    """The name of an instance's template; the name itself if it is no instance."""
    return re.sub(r"@[^@]+(\.\w+)$", r"@\1", name)


@lru_cache(maxsize=4096)
def nearby(name: str) -> tuple[str, ...]:
    """The names whose folders count for a unit, besides its type's.

    They are its own, its template's, and each beginning up to a dash.
    """
    stem, dot, suffix = name.rpartition(".")
    dashes = [match.end() for match in re.finditer("-", stem)]
    beginnings = [f"{stem[:end]}{dot}{suffix}" for end in reversed(dashes) if end < len(stem)]
    return tuple(dict.fromkeys((name, _template(name), *beginnings)))
