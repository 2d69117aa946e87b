"""Worlds: which releases, kernels, OpenZFS versions and kmods exist, what is slow and what fails."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from tasks.model.errors import TaskError

_Record = TypeVar("_Record")
FOLDER = Path(__file__).with_name("worlds")
BASE, KMODS = "fedora/fedora-coreos", "samhclark/fedora-zfs-kmods"
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
    """A Fedora CoreOS release: what its image and its build's documents contain."""

    version: str
    kernel: str
    stream: str = "stable"
    age_hours: int = 0  # the image's age when the lab is first opened; 0: made on the day in its version
    label: str = ""  # the label ostree.linux; images have none since Fedora 43
    commitmeta: str = "key"  # what names the kernel in it: "key", "pkglist" or "nothing"
    image: bool = True  # the image is in the registry

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
    """A kmods image; `requires` is the kernel that its package requires, if it is not the tag's."""

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
    tarball: str = ""  # the sha256 of its source; empty: GitHub has no source
    linux_maximum: str = ""  # the value in its META; empty: it has no META


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A failure at a host: it hits requests whose path matches, always or only the first times."""

    host: str
    path: str = ""  # a regular expression; empty matches every request
    first: int = 0  # how many matching requests it hits; 0 means all
    status: int = 0  # answer with this status and `body`
    body: str = ""
    location: str = ""  # redirect to this address
    instead: str = ""  # replaces what `path` matched; the host answers that request instead
    pad_bytes: int = 0  # how many spaces to add after the body
    retry_after_s: int = 0  # the host is busy and asks for this wait
    cut_after_bytes: int = -1  # end the connection after this many bytes of the body
    delay_ms: int = 0  # before the answer begins
    bytes_per_second: int = 0  # the body's highest speed
    method: str = ""  # only requests with this method
    done: bool = False  # the host carries out the request anyway
    down: bool = False  # the connection is refused
    reset_in_s: int = 0  # the rate limit is reached and resets in this many seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """One state of the outside world."""

    name: str
    description: str
    release: tuple[Release, ...]
    kmods: tuple[Kmods, ...]
    openzfs: tuple[GithubRelease, ...]
    fault: tuple[Fault, ...] = ()
    stray_kmods_tags: tuple[str, ...] = ()  # tags in the kmods repository that are not kmods
    more_base_tags: int = 0  # how many more tags the base's repository has
    more_kmods_tags: int = 0  # how many more tags the kmods repository has
    round_trip_ms: int = 0  # the round trip to every host
    past_days: int = 0  # on how many past days an image was published, one a day
    private: bool = False  # first pushed by hand: strangers cannot see the owner's packages, workflows cannot write
    referrers: bool = False  # ghcr.io has the referrers API
    owner_kind: str = "User"  # the kind of the packages' owner on GitHub: User or Organization
    real: bool = False  # kernels that boot, OpenZFS with its code, and Fedora's image to build it in
    quick: bool = False  # quick substitutes for Fedora's image, its updates archive and OpenZFS's source
    butane_image: bool = False  # quay.io also has butane's container
    text: str = field(default="", compare=False)

    def newest(self, stream: str) -> Release | None:
        """Return the release that a stream's tag points at."""
        return max((r for r in self.release if r.stream == stream and r.image), key=lambda r: r.order, default=None)


@cache
def more_tags(world: World, repository: str) -> frozenset[str]:
    """Return the tags that a repository lists and nobody reads; in storage, thousands take minutes to remove."""
    if repository == BASE:
        return frozenset(f"41.20240101.{number}.0" for number in range(world.more_base_tags))
    count = world.more_kmods_tags if repository == KMODS else 0
    return frozenset(f"zfs-2.3.{number % 10}_kernel-6.{number // 10}.1-200.fc42.x86_64" for number in range(count))


_LISTS = {"release": Release, "kmods": Kmods, "openzfs": GithubRelease, "fault": Fault}


def names() -> list[str]:
    """List all worlds."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> World:
    """Read a world; for a mistake in it, the error names file and key."""
    file = f"lab/worlds/{name}.toml"
    table, text = _tables(name)
    rows = {key: _rows(table.pop(key, []), kind, file, key) for key, kind in _LISTS.items()}
    world = _record(World, {"name": name, "text": text, **table, **rows}, file, "")
    for fault in world.fault:
        if fault.host not in HOSTS:
            raise _wrong(file, "fault.host", f"{fault.host!r} is not one of {', '.join(HOSTS)}")
    return world


def _tables(name: str) -> tuple[dict[str, Any], str]:
    """Merge a world's tables over those of the world it is `like`; also return the text of both."""
    if name not in names():
        raise TaskError(f"there is no world {name!r}", f"lab/worlds has {', '.join(names())}", "choose one with -w")
    path = FOLDER / f"{name}.toml"
    text = path.read_text()
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"lab/worlds/{path.name} is not TOML", str(error), "fix that line") from error
    below, below_text = _tables(str(table.pop("like"))) if "like" in table else ({}, "")
    return below | table, below_text + text


def _rows(rows: object, kind: type, file: str, key: str) -> tuple[Any, ...]:
    if not isinstance(rows, list):
        raise _wrong(file, key, "it must be a list of tables")
    return tuple(_record(kind, row, file, f"{key}.") for row in rows)


def _record(kind: type[_Record], row: dict[str, Any], file: str, prefix: str) -> _Record:
    """Build a dataclass from a TOML table: no unknown key, no missing key, and the right type for each."""
    hints = get_type_hints(kind)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for key, value in values.items():
        if key not in hints:
            raise _wrong(file, f"{prefix}{key}", f"unknown key; the known keys are {', '.join(hints)}")
        expected = tuple if get_args(hints[key]) else hints[key]
        if type(value) is not expected:
            raise _wrong(file, f"{prefix}{key}", f"it must be a {expected.__name__}, not {value!r}")
    for each in fields(kind):  # type: ignore[arg-type]  # `kind` is always one of the dataclasses above
        if each.name not in values and each.default is MISSING:
            raise _wrong(file, f"{prefix}{each.name}", "it is missing")
    return kind(**values)


def _wrong(file: str, key: str, why: str) -> TaskError:
    return TaskError(f"{file}: {key} is wrong", why, f"fix {key}; lab/README.md describes the keys")
