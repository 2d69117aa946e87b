"""How decisions are shown: a table and sentences for people, a document for programs."""

from typing import TYPE_CHECKING

from tasks.console import answer, answer_json, say, table
from tasks.model.matrix.ranges import FILE
from tasks.model.solver.judge import Obstacle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.model.image import KmodsTag
    from tasks.model.registry.history import History, Promoted
    from tasks.model.solver.candidates import Published
    from tasks.model.solver.forecast import Forecast
    from tasks.model.solver.judge import Option
    from tasks.model.solver.solve import Decision

_COLUMNS = ("release", "kernel", "OpenZFS", "matrix", "kmods", "published")


def decision(made: "Decision") -> None:
    """The table of releases, the verdict and its reasons."""
    table(_COLUMNS, [_cells(_row(made, option)) for option in made.options])
    answer(f"\n{made.verdict}")
    for reason in made.reasons:
        answer(f"  {reason}")
    for note in made.notes:
        say(f"note: {note}")


def decision_markdown(made: "Decision") -> str:
    """The same for the page of a run on GitHub."""
    reasons = "\n".join(f"- {sentence}" for sentence in (*made.reasons, *(f"note: {note}" for note in made.notes)))
    rows = [_cells(_row(made, option)) for option in made.options]
    return f"## {made.verdict}\n\n{reasons}\n\n{markdown_table(_COLUMNS, rows)}"


def markdown_table(columns: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> str:
    """A table in Markdown; a cell is one line, whatever is in it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in line)} |" for line in lines
    )


def story(made: "Decision") -> None:
    """The verdict in sentences, for a recipe whose answer is another."""
    say(f"{made.verdict}: {'; '.join(made.reasons)}")
    for note in made.notes:
        say(f"note: {note}")


def decision_document(made: "Decision") -> dict[str, object]:
    """The same for programs, in the form of schemas/versions.json."""
    return {
        "verdict": made.verdict,
        "reasons": made.reasons,
        "notes": made.notes,
        "kmods_due": _due(made.kmods_due) if made.kmods_due else None,
        "chosen": _chosen(made.chosen) if made.chosen else None,
        "published": _published(made.published) if made.published else None,
        "releases": [_row(made, option) for option in made.options],
    }


def forecast(made: "Forecast") -> None:
    """What is ahead, a line a stream, and its sentences."""
    rows = [
        (
            each.stream,
            str(each.option.release.version),
            str(each.option.release.kernel),
            str(each.option.zfs),
            each.outlook,
        )
        for each in made.outlooks
    ]
    table(("stream", "release", "kernel", "OpenZFS", "outlook"), rows)
    for each in made.outlooks:
        answer(each.sentence)
    if not made.outlooks:
        answer(f"no stream is ahead of {made.stream}")
    for note in made.notes:
        say(f"note: {note}")


def forecast_json(made: "Forecast") -> None:
    """The same for programs, in the form of schemas/forecast.json."""
    outlooks = [
        {
            "stream": each.stream,
            "fcos_version": str(each.option.release.version),
            "kernel": str(each.option.release.kernel),
            "zfs": str(each.option.zfs),
            "matrix": str(each.option.support.support),
            "kmods": each.option.has_kmods,
            "days": each.days,
            "outlook": each.outlook,
            "sentence": each.sentence,
        }
        for each in made.outlooks
    ]
    answer_json({"stream": made.stream, "notes": made.notes, "ahead": outlooks})


def _cells(row: dict[str, str | bool]) -> tuple[str, ...]:
    live = " (META)" if row["matrix_source"] == "META" else ""
    words = {name: ("no", "yes")[value] if isinstance(value, bool) else value for name, value in row.items()}
    return (
        words["fcos_version"], words["kernel"], words["zfs"], words["matrix"] + live, words["kmods"], words["published"]
    )  # fmt: skip


def _row(made: "Decision", option: "Option") -> dict[str, str | bool]:
    return {
        "fcos_version": str(option.release.version),
        "kernel": str(option.release.kernel),
        "zfs": str(option.zfs),
        "matrix": "blocked" if option.obstacle is Obstacle.BLOCKED else str(option.support.support),
        "matrix_source": "META" if option.support.live else FILE,
        "kmods": option.has_kmods,
        "published": made.is_published(option),
    }


def _chosen(option: "Option") -> dict[str, object]:
    release = option.release
    return {
        "fcos_version": str(release.version),
        "fedora": release.fedora,
        "base": str(release.base),
        "kernel": str(release.kernel),
        "kernel_major_minor": str(release.kernel.series),
        "zfs": str(option.zfs),
        "kmods_repository": option.repository,
        "kmods_tag": str(option.kmods_tag),
    }


def _due(pair: "KmodsTag") -> dict[str, str]:
    return {"zfs": str(pair.zfs), "kernel": str(pair.kernel)}


def _published(found: "Published") -> dict[str, object]:
    return {
        "image": str(found.image),
        "created": found.created.isoformat(),
        "fcos_version": str(found.lock.fcos_version),
        "kernel": str(found.lock.kernel),
        "zfs": str(found.lock.zfs_version),
    }


def history_row(image: "Promoted") -> tuple[str, ...]:
    """An image's line in the table of what was published."""
    facts = [image.facts.get(f"{name}-version", "?") for name in ("fcos", "kernel", "zfs")]
    mark, signed = "stable" if image.current else "", "yes" if image.signed else "no"
    return (mark, image.digest, f"{image.last:%Y-%m-%d %H:%M}", *facts, signed, image.block)


def history_document(found: "History") -> dict[str, object]:
    """The same for programs, in the form of schemas/history.json."""
    rows = [
        {
            "digest": image.digest,
            "first_promoted": image.first.isoformat(),
            "last_promoted": image.last.isoformat(),
            "fcos_version": image.facts.get("fcos-version"),
            "kernel": image.facts.get("kernel-version"),
            "zfs_version": image.facts.get("zfs-version"),
            "verified": image.verified,
            "signed": image.signed,
            "stable": image.current,
            "blocked": image.block or None,
        }
        for image in found.images
    ]
    return {"images": rows}
