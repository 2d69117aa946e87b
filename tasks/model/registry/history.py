"""The images that the public tag has pointed at, read from the records attached to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tasks.model.errors import TaskError
from tasks.model.registry.record import Kind, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Promoted:
    """An image that the public tag has pointed at; versions are from its record, times in UTC."""

    digest: str
    first: datetime
    last: datetime
    facts: Mapping[str, str]
    verified: bool
    signed: bool  # a signature exists; promote and rollback check whether hosts accept it
    current: bool  # the public tag points at it now
    block: str = ""  # what blocks it, or empty


@dataclass(frozen=True, slots=True)
class History:
    """Every promoted image, sorted by first promotion, newest first, so that a rollback does not reorder them."""

    images: tuple[Promoted, ...]

    @classmethod
    def of(
        cls, records: Mapping[str, tuple[Record, ...]], signed: frozenset[str], public: str, blocks: Mapping[str, str]
    ) -> "History":
        """Build it from the records by digest (oldest first), the signed digests, the tag's digest and the blocks."""
        images: dict[str, Promoted] = {}
        for digest, every in records.items():
            promotions = [record for record in every if record.kind is Kind.PROMOTED]
            if promotions:
                images[digest] = Promoted(
                    digest=digest, first=promotions[0].at, last=promotions[-1].at, facts=promotions[-1].facts,
                    verified=any(record.kind is Kind.VERIFIED for record in every), signed=digest in signed,
                    current=digest == public, block=blocks.get(digest, ""),
                )  # fmt: skip
        return cls(tuple(sorted(images.values(), key=lambda image: (image.first, image.digest), reverse=True)))

    def back(self, steps: int) -> Promoted:
        """The image `steps` promotions before the one that the public tag points at now."""
        place = next((number for number, image in enumerate(self.images) if image.current), None)
        if place is None:
            why = "it does not exist, or something other than promote moved it"
            raise TaskError("the public tag has no promoted image", why, "name a digest from ./inv history")
        if place + steps >= len(self.images):
            why = f"there are {len(self.images) - place - 1} promoted images before the current one"
            raise TaskError(f"there is no stable~{steps}", why, "see ./inv history")
        return self.images[place + steps]

    def unrecorded(self) -> str:
        """The image from which an interrupted run moved the tag without a record; empty if there is none."""
        now = self.back(0)
        newest = max(self.images, key=lambda image: image.last)
        recorded = (
            now.facts.get("before") == newest.digest and newest.facts.get("before") != now.digest
        )  # recorded, with a slow clock
        return "" if newest is now or recorded else newest.digest

    def target(self) -> Promoted:
        """The default target of a rollback: the newest verified, unblocked image promoted before the current one."""
        self.back(0)
        place = next(number for number, image in enumerate(self.images) if image.current)
        good = [image for image in self.images[place + 1 :] if image.verified and not image.block]
        if not good:
            why = "no earlier promoted image is verified and not blocked"
            raise TaskError("there is nothing to roll back to", why, "see ./inv history; name one with --to DIGEST")
        return good[0]
