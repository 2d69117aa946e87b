"""Generates registries: their real contents, and the part that cleanup can see."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies

from tasks.model.registry import record
from tasks.model.registry.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, attached_to, referrers_tag, signature_tag
from tasks.model.registry.record import Record
from tasks.model.registry.retention import PackageState, PackageVersion, Plan, Retention
from tests.builders.values import lock

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
POLICY = Retention(days=90, keep=3, max_fraction=0.5)
TAGS = ["stable", "candidate", "v1", "v2"]
DAYS = strategies.integers(0, 400)


@dataclass
class Registry:
    """Everything that was pushed: `truth` has every manifest, `hidden` names those that cannot be read."""

    versions: list[PackageVersion] = field(default_factory=list)
    truth: dict[str, Manifest] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def push(self, days: int, tags: list[str], **document: object) -> str:
        """Push a manifest `days` ago and move tags to it. Returns its digest."""
        body = json.dumps({"schemaVersion": 2, "n": len(self.truth), **document}).encode()
        manifest = Manifest.parse(body, "generated")
        self.versions = [replace(v, tags=tuple(tag for tag in v.tags if tag not in tags)) for v in self.versions]
        number = int(hashlib.sha256(body).hexdigest()[:10], 16)
        created = NOW - timedelta(days=days)
        self.versions.append(PackageVersion(id=number, digest=manifest.digest, created=created, tags=tuple(tags)))
        self.truth[manifest.digest] = manifest
        return manifest.digest

    def image(self, days: int, tags: list[str], **more: object) -> str:
        """Push an image with its own configuration and layer."""
        blobs = [{"digest": f"sha256:{hashlib.sha256(f'{len(self.truth)}{n}'.encode()).hexdigest()}"} for n in "cl"]
        return self.push(days, tags, mediaType=OCI_MANIFEST, config=blobs[0], layers=blobs[1:], **more)

    def index(self, days: int, tags: list[str], children: list[dict[str, Any]]) -> str:
        """Push a list."""
        return self.push(days, tags, mediaType=OCI_INDEX, manifests=children)

    def attach(self, days: int, subject: str, found: list[Record], *, listed: bool = True) -> None:
        """Sign an image and attach records to it: listed under its fallback tag, or only by the referrers API."""
        self.image(days, [signature_tag(subject)])
        entries = []
        for each in found:
            notes = {"artifactType": str(each.kind), "annotations": each.annotations()}
            digest = self.image(days, [], subject={"digest": subject}, **notes)
            entries.append({"digest": digest, **notes})
        if listed:
            self.index(days, [referrers_tag(subject)], entries)

    def package(self) -> PackageState:
        """Return what cleanup can see."""
        seen = {digest: None if digest in self.hidden else found for digest, found in self.truth.items()}
        return PackageState(
            versions=tuple(self.versions), manifests={k: v for k, v in seen.items() if k not in self.gone}
        )

    def without(self, plan: Plan) -> "Registry":
        """Return the registry after the plan was carried out."""
        deleted = {fate.version.digest for fate in plan.deletions}
        left = [version for version in self.versions if version.digest not in deleted]
        return Registry(left, {v.digest: self.truth[v.digest] for v in left}, self.hidden, self.gone)

    def pulled_with(self, digest: str) -> set[str]:
        """Return the manifests that a pull of `digest` requests, among those that were ever pushed."""
        found, waiting = set(), [digest]
        while waiting:
            here = waiting.pop()
            if here in self.truth and here not in found:
                found.add(here)
                waiting += self.truth[here].refers_to
        return found

    def belonging_to(self, digest: str) -> set[str]:
        """Return what a pull of an image gets, and everything attached to it by tag or subject, recursively."""
        found, waiting = set(), [digest]
        while waiting:
            here = waiting.pop()
            if here in self.truth and here not in found:
                found.add(here)
                waiting += self.truth[here].refers_to
                waiting += [v.digest for v in self.versions if here in map(attached_to, v.tags)]
                waiting += [other for other, manifest in self.truth.items() if manifest.subject == here]
        return found


def kept(plan: Plan) -> set[str]:
    """Return the digests that stay."""
    return {fate.version.digest for fate in plan.kept}


def deleted(plan: Plan) -> set[str]:
    """Return the digests that the plan deletes."""
    return {fate.version.digest for fate in plan.deletions}


@strategies.composite
def registries(draw: strategies.DrawFn) -> Registry:
    """Generate images, lists, signatures, records, orphans, unknown and unreadable manifests, in any combination."""
    made = Registry()
    images: list[str] = []
    for _ in range(draw(strategies.integers(1, 6))):
        days = draw(DAYS)
        tags = draw(strategies.lists(strategies.sampled_from(TAGS), max_size=1))
        digest = made.image(days, tags)
        if draw(strategies.booleans()):
            moments = draw(strategies.lists(strategies.integers(0, days), max_size=2))
            promotions = [record.promoted(NOW - timedelta(days=day), lock(), "", "") for day in moments]
            found = [record.verified(NOW - timedelta(days=days), "1", 1, ""), *promotions]
            made.attach(days, digest, found, listed=draw(strategies.booleans()))
        images.append(digest)
        if draw(strategies.booleans()):
            children = draw(strategies.lists(strategies.sampled_from(images), min_size=1, max_size=3))
            tags = draw(strategies.lists(strategies.sampled_from([*TAGS, "list"]), max_size=1))
            images.append(made.index(draw(DAYS), tags, _entries(children)))
        if draw(strategies.integers(0, 5)) == 0:
            parts = draw(strategies.lists(strategies.sampled_from(images), max_size=2))
            made.push(draw(DAYS), [], mediaType="application/vnd.new+json", parts=parts)
    every = sorted(made.truth)
    if draw(strategies.integers(0, 2)) == 0:
        made.hidden = set(draw(strategies.lists(strategies.sampled_from(every), max_size=2)))
    if draw(strategies.integers(0, 4)) == 0:
        made.gone = set(draw(strategies.lists(strategies.sampled_from(every), max_size=2))) - made.hidden
    return made


def _entries(digests: list[str]) -> list[dict[str, Any]]:
    return [{"digest": digest} for digest in digests]


def policies() -> strategies.SearchStrategy[Retention]:
    """Generate any retention."""
    return strategies.builds(
        Retention, days=strategies.integers(0, 400), keep=strategies.integers(0, 3), max_fraction=strategies.just(1.0)
    )


def many(number: int) -> PackageState:
    """Return a package with about `number` versions: an image a day with signature, records and their list."""
    made = Registry()
    versions: list[PackageVersion] = []
    truth: dict[str, Manifest] = {}
    for day in range(number // 5):
        one = Registry()
        digest = one.image(day % 400, [f"t{day}"], day=day)
        one.attach(day % 400, digest, [record.verified(NOW, "1", 1, ""), record.promoted(NOW, lock(), "", "")])
        versions += one.versions
        truth |= one.truth
    made.versions, made.truth = versions, truth
    return made.package()
