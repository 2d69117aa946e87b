"""Plan which versions of a package to delete, each with a reason, in an order that breaks no pull."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasks.model.image import CANDIDATE_TAG, PUBLIC_TAG, kmods_tags
from tasks.model.registry.manifest import Descriptor, Manifest, attached_to, referrers_tag
from tasks.model.registry.record import Kind, Record, records

ALWAYS = (PUBLIC_TAG, CANDIDATE_TAG)  # the tags that are kept at any age


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageVersion:
    """One version of a container package, as GitHub lists it; `created` is the digest's, not a tag's."""

    id: int
    digest: str
    created: datetime
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How much is kept: an age in days, a number of good images, the largest share to delete at once (0 to 1)."""

    days: int
    keep: int
    max_fraction: float


@dataclass(frozen=True, slots=True)
class Fate:
    """A version, and why it is kept or deleted."""

    version: PackageVersion
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Every version's fate; `deletions` are in order, parents before what they need."""

    kept: tuple[Fate, ...]
    deletions: tuple[Fate, ...]
    needs: Mapping[str, tuple[str, ...]]  # by digest: what must stay if it stays
    unread: str = ""  # a digest that could not be read, for which everything is kept

    def is_excessive(self, policy: Retention) -> bool:
        """Whether it deletes more than the policy allows at once."""
        return len(self.deletions) > policy.max_fraction * (len(self.kept) + len(self.deletions))

    def needed_by(self, digest: str) -> set[str]:
        """Everything that must stay if `digest` could not be deleted, including `digest`."""
        return set(_reach({digest: ""}, self.needs))


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageState:
    """A package's versions and their manifests (None: could not be read; no entry: the registry has none)."""

    versions: tuple[PackageVersion, ...]
    manifests: Mapping[str, Manifest | None]
    blocked: frozenset[str] = frozenset()  # digests that cannot be a rollback target
    named: Mapping[str, str] = field(default_factory=dict)  # digests that something else needs, with the reason
    unread: str = ""  # a digest outside this package that could not be read, and may need anything in it

    def records(self) -> dict[str, tuple[Record, ...]]:
        """The records of each digest: listed under its fallback tag, or naming it as their subject."""
        entries_by_subject: dict[str, dict[str, Descriptor]] = {}
        for version in self.versions:
            manifest = self.manifests.get(version.digest)
            if manifest is None:
                continue
            if manifest.subject:
                entries_by_subject.setdefault(manifest.subject, {})[version.digest] = manifest.descriptor
            for subject in map(attached_to, version.tags):
                if subject and referrers_tag(subject) in version.tags:
                    entries_by_subject.setdefault(subject, {}).update(
                        (entry.digest, entry) for entry in manifest.children
                    )
        return {subject: records(entries.values()) for subject, entries in entries_by_subject.items()}

    def needs(self) -> dict[str, tuple[str, ...]]:
        """By digest, the versions that are pulled with it and those that are attached to it."""
        dependents: dict[str, list[str]] = {}
        known = {version.digest for version in self.versions}
        for version in self.versions:
            manifest = self.manifests.get(version.digest)
            subjects = {attached_to(tag) for tag in version.tags} | {manifest.subject if manifest else ""}
            for subject in sorted(subjects - {""}):
                dependents.setdefault(subject, []).append(version.digest)
            if manifest:
                dependents.setdefault(version.digest, []).extend(known.intersection(manifest.refers_to))
        return {digest: tuple(sorted(needed)) for digest, needed in dependents.items()}


def plan(package: PackageState, policy: Retention, now: datetime) -> Plan:
    """Decide every version's fate. The order of versions does not matter, and a longer retention never deletes more."""
    needs, package_records = package.needs(), package.records()
    kept = _reach(_roots(package, package_records, policy, now), needs)
    unread = _unread(package, kept)
    fates = [Fate(version, kept.get(version.digest, "")) for version in package.versions]
    if unread:
        why = f"it may belong to {unread[:19]}, which could not be read"
        kept_too = _sorted(Fate(fate.version, fate.reason or why) for fate in fates)
        return Plan(kept=kept_too, deletions=(), needs=needs, unread=unread)
    doomed = [Fate(fate.version, _why_deleted(fate.version, policy)) for fate in fates if not fate.reason]
    return Plan(kept=_sorted(fate for fate in fates if fate.reason), deletions=_ordered(doomed, needs), needs=needs)


def newest_pairs(versions: Iterable[PackageVersion], number: int) -> dict[str, str]:
    """The kmods images of the `number` newest pairs, newest kernel first; by digest, with the reason."""
    pairs = [(tag, version.digest) for version in versions for tag in kmods_tags(version.tags)]
    newest = sorted(pairs, key=lambda pair: (pair[0].kernel.order, pair[0].zfs), reverse=True)[:number]
    return {digest: f"one of the newest {number} pairs" for _, digest in newest}


def _roots(
    package: PackageState, package_records: Mapping[str, tuple[Record, ...]], policy: Retention, now: datetime
) -> dict[str, str]:
    """The digests that are kept for their own sake, with the reason."""
    oldest = now - timedelta(days=policy.days)
    good = _good(package, package_records)[: policy.keep]
    roots: dict[str, str] = {}
    for version in package.versions:
        digest, manifest = version.digest, package.manifests.get(version.digest)
        own = [tag for tag in version.tags if not attached_to(tag) and not kmods_tags([tag])]
        tags = [*(tag for tag in ALWAYS if tag in own), *(tag for tag in own if tag not in ALWAYS)]
        touched = _touched(version, package_records.get(digest, ()))
        reasons = {
            f"tag {' and '.join(tags)}": bool(tags),
            "its manifest could not be read": digest in package.manifests and manifest is None,
            "its kind is unknown": manifest is not None and not manifest.is_known,
            f"one of the newest {policy.keep} good images": digest in good,
            package.named.get(digest, ""): digest in package.named,
            f"{'promoted' if touched > version.created else 'made'} on {touched:%Y-%m-%d}": touched > oldest,
        }
        reason = next((reason for reason, holds in reasons.items() if holds), "")
        if reason:
            roots[digest] = reason
    return roots


def _good(package: PackageState, package_records: Mapping[str, tuple[Record, ...]]) -> list[str]:
    """The images that a rollback could use: promoted, verified, readable and not blocked; newest promotion first."""
    promoted = {}
    for version in package.versions:
        kinds = {record.kind: record.at for record in package_records.get(version.digest, ())}
        if set(Kind) <= set(kinds) and package.manifests.get(version.digest) and version.digest not in package.blocked:
            promoted[version.digest] = kinds[Kind.PROMOTED]
    return sorted(promoted, key=lambda digest: (promoted[digest], digest), reverse=True)


def _touched(version: PackageVersion, version_records: tuple[Record, ...]) -> datetime:
    """The time of a version's last promotion, else of its creation."""
    return max([version.created, *(record.at for record in version_records if record.kind is Kind.PROMOTED)])


def _reach(roots: Mapping[str, str], needs: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The roots and everything that they need, with reasons."""
    kept, waiting = dict(roots), deque(sorted(roots))
    while waiting:
        digest = waiting.popleft()
        for needed in needs.get(digest, ()):
            if needed not in kept:
                kept[needed] = f"it belongs to {digest[:19]}"
                waiting.append(needed)
    return kept


def _unread(package: PackageState, kept: Mapping[str, str]) -> str:
    """A kept version whose needs are unknown; empty if all are known."""
    if package.unread:
        return package.unread
    blind = sorted(
        version.digest
        for version in package.versions
        if version.digest in kept and package.manifests.get(version.digest) is None
    )
    return next(iter(blind), "")


def _why_deleted(version: PackageVersion, policy: Retention) -> str:
    tagged = f"tag {', '.join(version.tags)}" if version.tags else "no tag"
    return f"older than {policy.days} days, {tagged}, and nothing that is kept needs it"


def _sorted(fates: Iterable[Fate]) -> tuple[Fate, ...]:
    """Newest first."""
    return tuple(sorted(fates, key=lambda fate: (fate.version.created, fate.version.digest), reverse=True))


def _ordered(doomed: list[Fate], needs: Mapping[str, tuple[str, ...]]) -> tuple[Fate, ...]:
    """Parents before what they need, so that an interrupted run leaves no parent without a child."""
    by_digest = {fate.version.digest: fate for fate in _sorted(doomed)}
    parents = dict.fromkeys(by_digest, 0)
    for digest in by_digest:
        for needed in set(needs.get(digest, ())) & by_digest.keys():
            parents[needed] += 1
    ready = deque(digest for digest, number in parents.items() if not number)
    order: list[Fate] = []
    while ready or len(order) < len(by_digest):
        digest = ready.popleft() if ready else next(left for left in by_digest if parents[left] > 0)  # a cycle
        parents[digest] = -1
        order.append(by_digest[digest])
        for needed in set(needs.get(digest, ())) & by_digest.keys():
            parents[needed] -= 1
            if parents[needed] == 0:
                ready.append(needed)
    return tuple(order)
