"""Mounts that fail on the first boot, which is stock Fedora CoreOS without OpenZFS."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tasks.model.install import paths
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Finding, Merged
from tasks.model.install.presets import enables, presets
from tasks.model.install.units import FOLDER, units

_TARGET = "local-fs.target"  # whatever it requires must mount, or the boot ends in emergency mode
_FIELDS = 3  # of a line of fstab: what, where, kind; options may follow
_NETWORK = frozenset(["9p", "ceph", "cifs", "fuse.sshfs", "glusterfs", "nfs", "nfs4"])
_NOT_REQUIRED = re.compile(r"nofail|noauto|_netdev|x-systemd\.(automount|wanted-by=.*|required-by=.*)")
_FSTAB = ("storage", "files[/etc/fstab]")
_UNFORMATTED = ("", "none", "swap")  # Ignition mounts none of these
_NO_OPENZFS = f"the first boot has no OpenZFS, so this fails there, and {_TARGET}, which requires it, fails too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A mount of a unit or of fstab.

    `required` says whether local-fs.target requires it. One that needs a unit of OpenZFS is not `is_sure` to fail:
    systemd does not even try it.
    """

    place: Path
    what: str
    where: str
    kind: str
    required: bool
    is_sure: bool = True

    @property
    def is_pool(self) -> bool:
        """Whether only OpenZFS can mount it."""
        return self.kind == "zfs" or self.what.startswith("/dev/zvol/")

    @property
    def is_unit(self) -> bool:
        """Whether it is a unit; systemd makes units of fstab's lines."""
        return self.place != _FSTAB

    def needs(self, other: "Mount") -> bool:
        """Whether systemd lets it require another: one at or above its folder, or above what it binds."""
        ways = [PurePosixPath(path) for path in (self.where, self.what) if path.startswith("/")]
        return any(way.is_relative_to(other.where) for way in ways)


def impossible(merged: Merged) -> Iterator[Finding]:
    """Every mount with which the first boot stops."""
    yield from _filesystems(merged)
    yield from (Finding(mount.place, why) for mount, why, stops in _failing(merged) if stops)


def cautions(merged: Merged) -> Iterator[tuple[Path, str]]:
    """Every mount that fails although the boot goes on, or nobody knows whether it does."""
    yield from ((mount.place, why) for mount, why, stops in _failing(merged) if not stops)


def _failing(merged: Merged) -> Iterator[tuple[Mount, str, bool]]:
    """Every mount that fails, why, and whether the boot surely stops there.

    One of a pool that local-fs.target does not require is left out: it fails only until the machine has switched.
    """
    mounts = [*_units(merged), *_fstab(merged)]
    for mount in mounts:
        pools = [pool for pool in mounts if pool.is_pool and mount.needs(pool)]
        why = _misplaced(mount) or (_without_openzfs(mount) if mount.required and pools else "")
        if why:
            yield mount, why, mount.required and all(each.is_sure for each in (mount, *pools))


def mount_points(merged: Merged) -> Iterator[tuple[Path, str]]:
    """Where units and fstab mount something, each with its place; a unit's name says where."""
    for name, unit in units(merged).items():
        if name.endswith(".mount") and unit.texts and not unit.masked:
            yield unit.texts[0].place, "/" + name.removesuffix(".mount").replace("-", "/").replace(r"\x2d", "-")
    yield from ((_FSTAB, str(PurePosixPath(where))) for _, where, *_ in _fstab_lines(merged))


def _filesystems(merged: Merged) -> Iterator[Finding]:
    """File systems whose mount point nothing can make, or that is a link, which Ignition refuses."""
    for system in merged.items("storage", "filesystems"):
        path = str(PurePosixPath(system.get("path") or "/"))
        why = paths.unwritable(path) if path != "/" else ""
        if (link := paths.link_above(path)) and (system.get("format") or "") not in _UNFORMATTED:
            why = f"Ignition mounts nothing through {link}, which is a link, so the first boot stops"
            why = f"{why}: use {paths.behind_links(path)}"
        if why:
            yield Finding(("storage", f"filesystems[{system['device']}]", "path"), why)


def _misplaced(mount: Mount) -> str:
    """Why nothing can be mounted at a path; empty if it can."""
    stops = f", and {_TARGET} requires this, so the boot stops" if mount.required else ""
    if link := paths.link_above(mount.where):
        real = paths.behind_links(mount.where)
        why = f"systemd mounts nothing through {link}, which is a link{stops}"
        return f"{why}: name it {_unit_name(real)}, with Where={real}"
    if not paths.has_top(mount.where):
        top = f"/{mount.where.split('/')[1]}"
        why = f"Fedora CoreOS has no {top} and lets nobody make it{stops}"
        return f"{why}: use a folder of /var{'' if stops else ', or ship that one in overlay-root'}"
    return ""


def _without_openzfs(mount: Mount) -> str:
    """Why a mount that needs OpenZFS fails, and what to do."""
    if mount.is_unit:
        return f"{_NO_OPENZFS}: use `WantedBy=multi-user.target` instead of `RequiredBy={_TARGET}`"
    return f"{mount.where} needs a pool; {_NO_OPENZFS}: add `nofail` to its options"


def _units(merged: Merged) -> Iterator[Mount]:
    """The mounts of units; file systems with a mount unit are named as file systems, and a condition may skip one."""
    made = {"/", *(system.get("path") for system in merged.items("storage", "filesystems"))}
    linked = {link["path"] for link in merged.items("storage", "links")}
    first_boot = presets(merged)
    for name, unit in units(merged).items():
        read = unit.read()
        where = str(PurePosixPath(read.last("Mount", "Where") or "/"))
        is_skipped = unit.masked or read.pairs("Unit", ("Condition", "Assert"))
        if not name.endswith(".mount") or is_skipped or where in made or not where.startswith("/"):
            continue
        required_by = {word for value in read.values("Install", "RequiredBy") for word in value.split()}
        yield Mount(
            place=unit.place(["Where"]),
            what=read.last("Mount", "What"),
            where=where,
            kind=read.last("Mount", "Type"),
            required=(_TARGET in required_by and enables(first_boot, name))
            or f"{FOLDER}/{_TARGET}.requires/{name}" in linked,
            is_sure=not any("zfs" in needed for needed in read.names("Requires", "Requisite", "BindsTo")),
        )


def _fstab(merged: Merged) -> Iterator[Mount]:
    """The mounts of fstab that local-fs.target takes; systemd follows the links in their paths."""
    for what, where, kind, *rest in _fstab_lines(merged):
        if kind in _NETWORK:
            continue
        options = rest[0].split(",") if rest else []
        yield Mount(
            place=_FSTAB,
            what=what,
            where=paths.behind_links(str(PurePosixPath(where))),
            kind=kind,
            required=not any(map(_NOT_REQUIRED.fullmatch, options)),
            is_sure=not any("zfs" in option for option in options),
        )


def _fstab_lines(merged: Merged) -> Iterator[list[str]]:
    """The words of each line of fstab that mounts something below `/`."""
    for words in map(str.split, (merged.content("/etc/fstab") or "").splitlines()):
        if len(words) >= _FIELDS and not words[0].startswith("#") and words[1].startswith("/") and words[1] != "/":
            yield words


def _unit_name(path: str) -> str:
    """The name that a mount unit must have, as systemd-escape gives it."""
    return path.strip("/").replace("-", r"\x2d").replace("/", "-") + ".mount"
