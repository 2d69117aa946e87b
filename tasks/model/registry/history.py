"""What the public tag has pointed at, read from the records beside the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tasks.model.errors import TaskError
from tasks.model.registry.record import Kind, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Promoted:
    """An image that the public tag has pointed at; versions as its record has them, moments in UTC."""

    digest: str
    first: datetime
    last: datetime
    facts: Mapping[str, str]
    verified: bool
    signed: bool  # a signature is there; whether hosts accept it, promote and rollback ask
    current: bool  # the public tag points at it now
    block: str = ""  # what blocks it, or nothing


@dataclass(frozen=True, slots=True)
class History:
    """Every image that was promoted, newest first: in the order of first promotions, so that a step back is no news."""

    images: tuple[Promoted, ...]

    @classmethod
    def of(
        cls, records: Mapping[str, tuple[Record, ...]], signed: frozenset[str], public: str, blocks: Mapping[str, str]
    ) -> "History":
        """From the records, by digest, oldest first; the digests that have a signature; and what the tag has now."""
        found: dict[str, Promoted] = {}
        for digest, every in records.items():
            promotions = [record for record in every if record.kind is Kind.PROMOTED]
            if promotions:
                found[digest] = Promoted(
                    digest=digest, first=promotions[0].at, last=promotions[-1].at, facts=promotions[-1].facts,
                    verified=any(record.kind is Kind.VERIFIED for record in every), signed=digest in signed,
                    current=digest == public, block=blocks.get(digest, ""),
                )  # fmt: skip
        return cls(tuple(sorted(found.values(), key=lambda image: (image.first, image.digest), reverse=True)))

    def back(self, steps: int) -> Promoted:
        """The image `steps` promotions before the one that the public tag has now."""
        place = next((number for number, image in enumerate(self.images) if image.current), None)
        if place is None:
            why = "it does not exist, or it was moved by other means than promote"
            raise TaskError("the public tag has no promoted image", why, "name a digest of ./inv history")
        if place + steps >= len(self.images):
            why = f"there are {len(self.images) - place - 1} promoted images before the present one"
            raise TaskError(f"there is no stable~{steps}", why, "see ./inv history")
        return self.images[place + steps]

    def unrecorded(self) -> str:
        """The image that the tag was moved away from without a record, by a run that was cut short; empty if none."""
        here = self.back(0)
        newest = max(self.images, key=lambda image: image.last)
        told = (
            here.facts.get("before") == newest.digest and newest.facts.get("before") != here.digest
        )  # by a slow clock
        return "" if newest is here or told else newest.digest

    def target(self) -> Promoted:
        """Where a rollback goes by default: the newest verified and unblocked image promoted before the present one."""
        self.back(0)
        place = next(number for number, image in enumerate(self.images) if image.current)
        good = [image for image in self.images[place + 1 :] if image.verified and not image.block]
        if not good:
            why = "no image that was promoted before is verified and not blocked"
            raise TaskError("there is nothing to roll back to", why, "see ./inv history; name one with --to DIGEST")
        return good[0]
