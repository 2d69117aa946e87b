"""Worlds: which releases, kernels, OpenZFS versions and kmods exist, what is slow and what fails."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from tasks.model.errors import TaskError

_Record = TypeVar("_Record")
FOLDER = Path(__file__).with_name("worlds")
ARCHIVE = "fedoraproject-updates-archive.fedorainfracloud.org"
HOSTS = {
    "quay.io": "127.0.1.1",
    "ghcr.io": "127.0.1.2",
    "api.github.com": "127.0.1.3",
    "github.com": "127.0.1.4",
    "raw.githubusercontent.com": "127.0.1.5",
    "builds.coreos.fedoraproject.org": "127.0.1.6",
    ARCHIVE: "127.0.1.7",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A Fedora CoreOS release: what its image and its build's documents say."""

    version: str
    kernel: str
    stream: str = "stable"
    age_hours: int = 0  # how old its image is when the lab is first opened; 0: made on the day in its version
    label: str = ""  # what ostree.linux says; images since Fedora 43 have none
    commitmeta: str = "key"  # what names the kernel there: "key", "pkglist", or "nothing"
    image: bool = True  # it is in the registry

    @property
    def fedora(self) -> str:
        """The Fedora release, `44`."""
        return self.version.partition(".")[0]

    @property
    def order(self) -> tuple[int, ...]:
        """A key that sorts releases by age."""
        return tuple(int(number) for number in self.version.split("."))

    @property
    def created(self) -> datetime:
        """The evening of the day in the version."""
        return datetime.strptime(f"{self.version.split('.')[1]}18", "%Y%m%d%H").replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kmods:
    """A kmods image; `requires` is the kernel that its package asks for, where that is not the tag's."""

    zfs: str
    kernel: str
    requires: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GithubRelease:
    """An entry of OpenZFS's releases."""

    tag: str
    published: datetime
    draft: bool = False
    prerelease: bool = False
    tarball: str = ""  # the sha256 of its source; empty: GitHub has none
    linux_maximum: str = ""  # what its META says; empty: it has no META


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What goes wrong at a host: for requests whose path matches, always or the first times."""

    host: str
    path: str = ""  # a regular expression; empty matches every request
    first: int = 0  # so many matching requests are hit; 0 means all
    status: int = 0  # answer with this status and `body`
    body: str = ""
    location: str = ""  # lead to this address
    instead: str = ""  # answer as if this had been asked for, in the place of what `path` matched
    pad_bytes: int = 0  # so many blanks after the body
    retry_after_s: int = 0  # the host is busy and says for how long
    cut_after_bytes: int = -1  # end the connection after so much of the body
    delay_ms: int = 0  # before the answer begins
    bytes_per_second: int = 0  # the body comes no faster
    method: str = ""  # only requests of this method
    done: bool = False  # the request is carried out all the same
    down: bool = False  # the connection is refused
    reset_in_s: int = 0  # a rate limit is reached; it resets so many seconds from now


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One state of the outside world."""

    name: str
    description: str
    release: tuple[Release, ...]
    kmods: tuple[Kmods, ...]
    openzfs: tuple[GithubRelease, ...]
    fault: tuple[Fault, ...] = ()
    stray_kmods_tags: tuple[str, ...] = ()  # tags in the kmods repository that name no kmods
    more_base_tags: int = 0  # so many further tags in the base's repository
    more_kmods_tags: int = 0  # and in that of the kmods
    round_trip_ms: int = 0  # how far away every host is
    past_days: int = 0  # so many days in the past an image was published on each
    private: bool = False  # the owner's packages were first pushed by hand: no stranger sees them, no workflow writes
    referrers: bool = False  # ghcr.io has the referrers API
    owner_kind: str = "User"  # who GitHub says that the packages belong to: User or Organization
    real: bool = False  # kernels that boot, OpenZFS with its code, and Fedora's image to build it in
    quick: bool = False  # Fedora's image, its updates archive and OpenZFS's source: stand-ins that take seconds
    butane_image: bool = False  # quay.io has butane's container too
    text: str = field(default="", compare=False)

    def newest(self, stream: str) -> Release | None:
        """The release that a stream's tag points at."""
        return max((r for r in self.release if r.stream == stream and r.image), key=lambda r: r.order, default=None)


_LISTS = {"release": Release, "kmods": Kmods, "openzfs": GithubRelease, "fault": Fault}


def names() -> list[str]:
    """The worlds that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> World:
    """Read a world; a mistake in it is an error naming file and key."""
    file = f"lab/worlds/{name}.toml"
    table, text = _tables(name)
    rows = {key: _rows(table.pop(key, []), kind, file, key) for key, kind in _LISTS.items()}
    world = _record(World, {"name": name, "text": text, **table, **rows}, file, "")
    for fault in world.fault:
        if fault.host not in HOSTS:
            raise _wrong(file, "fault.host", f"{fault.host!r} is none of {', '.join(HOSTS)}")
    return world


def _tables(name: str) -> tuple[dict[str, Any], str]:
    """A world's tables over those of the world that it is `like`, and the text of both."""
    if name not in names():
        raise TaskError(f"there is no world {name!r}", f"lab/worlds has {', '.join(names())}", "give one with -w")
    path = FOLDER / f"{name}.toml"
    text = path.read_text()
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"lab/worlds/{path.name} is not TOML", str(error), "correct it at that place") from error
    below, below_text = _tables(str(table.pop("like"))) if "like" in table else ({}, "")
    return below | table, below_text + text


def _rows(rows: object, kind: type, file: str, key: str) -> tuple[Any, ...]:
    if not isinstance(rows, list):
        raise _wrong(file, key, "it must be a list of tables")
    return tuple(_record(kind, row, file, f"{key}.") for row in rows)


def _record(kind: type[_Record], row: dict[str, Any], file: str, prefix: str) -> _Record:
    """A dataclass from a TOML table: no key too many, none too few, each of its type."""
    hints = get_type_hints(kind)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for key, value in values.items():
        if key not in hints:
            raise _wrong(file, f"{prefix}{key}", f"unknown key; known are {', '.join(hints)}")
        wanted = tuple if get_args(hints[key]) else hints[key]
        if type(value) is not wanted:
            raise _wrong(file, f"{prefix}{key}", f"it must be a {wanted.__name__}, not {value!r}")
    for each in fields(kind):  # type: ignore[arg-type]  # `kind` is always one of the dataclasses above
        if each.name not in values and each.default is MISSING:
            raise _wrong(file, f"{prefix}{each.name}", "it is missing")
    return kind(**values)


def _wrong(file: str, key: str, why: str) -> TaskError:
    return TaskError(f"{file}: {key} is wrong", why, f"correct {key}; lab/README.md says how a world is written")
