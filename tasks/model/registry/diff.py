"""The differences between two images: packages, configuration files, Locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tasks.model.lock import Lock
from tasks.model.registry.rpm_versions import order
from tasks.model.registry.sbom import Listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference, from the first image to the second; an empty side means that it is missing."""

    kind: str  # lock, package or file
    change: str  # added, removed, upgraded, downgraded or changed
    name: str
    before: str
    after: str

    @classmethod
    def of(cls, kind: str, name: str, before: str, after: str) -> Self:
        """Name the kind of the change."""
        change = "added" if not before else "removed" if not after else "changed"
        old, new = (order(before), order(after)) if kind == "package" else ([], [])
        if change == "changed" and old != new:
            change = "upgraded" if old < new else "downgraded"
        return cls(kind=kind, change=change, name=name, before=before, after=after)


def differences(before: tuple[Lock, Listed], after: tuple[Lock, Listed]) -> tuple[Change, ...]:
    """Every difference: of the Locks, then packages, then files, each by name."""
    (lock, listed), (new_lock, new_listed) = before, after
    return (
        *_differences("lock", _fields(lock), _fields(new_lock)),
        *_differences("package", listed.packages, new_listed.packages),
        *_differences("file", listed.files, new_listed.files),
    )


def _fields(lock: Lock) -> dict[str, str]:
    names = ("fcos_version", "kernel", "zfs_version", "base", "kmods", "packages", "revision", "inputs", "zfs_tarball")
    return {name: " ".join(lock.packages) if name == "packages" else str(getattr(lock, name)) for name in names}


def _differences(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    names = sorted({*before, *after})
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [Change.of(kind, name, old, new) for name, old, new in pairs if old != new]
