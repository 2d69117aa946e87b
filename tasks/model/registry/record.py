"""Records: facts about a digest that a registry cannot store itself, as annotations of small attached artifacts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from tasks.model.lock import PREFIX, Lock
from tasks.model.registry.manifest import Descriptor

_CREATED = "org.opencontainers.image.created"


class Kind(StrEnum):
    """The kinds of records."""

    VERIFIED = f"application/vnd.{PREFIX}.verified.v1+json"
    PROMOTED = f"application/vnd.{PREFIX}.promoted.v1+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record: when it was written, and its facts."""

    kind: Kind
    at: datetime
    facts: Mapping[str, str]

    def annotations(self) -> dict[str, str]:
        """The artifact's annotations."""
        return {_CREATED: self.at.isoformat(timespec="seconds")} | {
            f"{PREFIX}.{name}": value for name, value in self.facts.items()
        }

    @classmethod
    def read(cls, entry: Descriptor) -> Self | None:
        """Read an entry of a referrers list; None if it is not a record or has no date."""
        if entry.artifact_type not in set(Kind):
            return None
        try:
            at = datetime.fromisoformat(entry.annotations.get(_CREATED, ""))
        except ValueError:
            return None
        facts = {
            name.removeprefix(f"{PREFIX}."): value
            for name, value in entry.annotations.items()
            if name.startswith(f"{PREFIX}.")
        }
        return cls(kind=Kind(entry.artifact_type), at=at if at.tzinfo else at.replace(tzinfo=UTC), facts=facts)


def records(entries: Iterable[Descriptor]) -> tuple[Record, ...]:
    """The records of a referrers list, oldest first."""
    read = (Record.read(each) for each in entries)
    return tuple(sorted((record for record in read if record), key=lambda record: record.at))


def verified(at: datetime, contract: str, checks: int, run: str) -> Record:
    """The record that a digest kept this version of the contract and that a host accepted its signature."""
    facts = {"contract": contract, "checks": str(checks), "result": "kept", "run": run}
    return Record(kind=Kind.VERIFIED, at=at, facts=facts)


def promoted(at: datetime, lock: Lock, before: str, run: str) -> Record:
    """The record that the public tag was moved to a digest, from `before` (empty if there was none)."""
    facts = {
        "before": before,
        "run": run,
        "fcos-version": str(lock.fcos_version),
        "kernel-version": str(lock.kernel),
        "zfs-version": str(lock.zfs_version),
        "inputs": lock.inputs,
    }
    return Record(kind=Kind.PROMOTED, at=at, facts=facts)


def is_verified(every: Iterable[Record], contract: str) -> bool:
    """Whether the contract of this version was kept."""
    return any(
        record.kind is Kind.VERIFIED
        and record.facts.get("result") == "kept"
        and record.facts.get("contract") == contract
        for record in every
    )
