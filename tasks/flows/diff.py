"""Compare two published images by what is attached to them."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from tasks.console import answer, present, say
from tasks.flows import history
from tasks.model.registry.diff import Change, differences

if TYPE_CHECKING:
    from tasks.settings.values import Settings


def diff(settings: "Settings", before: str, after: str, *, json: bool) -> None:
    """Show the differences between two images; each reference is a digest, a tag or stable~N."""
    images = [history.resolve(settings, reference) for reference in (before, after)]
    changes = differences(*(history.contents(image) for image in images))
    say(f"from {images[0]}\nto   {images[1]}")
    rows = [(row.kind, row.change, row.name, *_sides(row)) for row in changes]
    document = {"before": str(images[0]), "after": str(images[1]), "changes": list(map(asdict, changes))}
    present(("", "", "", "before", "after"), rows, document, json=json)
    if not (changes or json):
        answer("nothing differs")


def _sides(change: Change) -> tuple[str, str]:
    """Return both sides; a file's checksum is cut to its first 12 characters."""
    sides = change.before, change.after
    return (sides[0][:12], sides[1][:12]) if change.kind == "file" else sides
