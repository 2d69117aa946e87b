"""Show decisions: a table and sentences for people, a document for programs."""

from typing import TYPE_CHECKING

from tasks.console import answer, answer_json, say, table
from tasks.model.solver.judge import Obstacle
from tasks.model.solver.ranges import FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.model.image import KmodsTag
    from tasks.model.registry.history import History, Promoted
    from tasks.model.solver.candidates import Published
    from tasks.model.solver.forecast import Forecast
    from tasks.model.solver.judge import Option
    from tasks.model.solver.solve import Decision

_COLUMNS = ("release", "kernel", "OpenZFS", "matrix", "kmods", "published")


def decision(decided: "Decision") -> None:
    """Show the table of releases, the verdict and its reasons."""
    table(_COLUMNS, [_cells(_row(decided, option)) for option in decided.options])
    answer(f"\n{decided.verdict}")
    for reason in decided.reasons:
        answer(f"  {reason}")
    for note in decided.notes:
        say(f"note: {note}")


def decision_markdown(decided: "Decision") -> str:
    """Return the same as Markdown, for the summary of a run on GitHub."""
    reasons = "\n".join(
        f"- {sentence}" for sentence in (*decided.reasons, *(f"note: {note}" for note in decided.notes))
    )
    rows = [_cells(_row(decided, option)) for option in decided.options]
    return f"## {decided.verdict}\n\n{reasons}\n\n{markdown_table(_COLUMNS, rows)}"


def markdown_table(columns: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> str:
    """Return a table in Markdown; every cell becomes one line."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        f"| {' | '.join(' '.join(cell.split()).replace('|', '&#124;') for cell in line)} |" for line in lines
    )


def story(decided: "Decision") -> None:
    """Show the verdict in sentences on stderr, for a recipe that answers something else."""
    say(f"{decided.verdict}: {'; '.join(decided.reasons)}")
    for note in decided.notes:
        say(f"note: {note}")


def decision_document(decided: "Decision") -> dict[str, object]:
    """Return a decision as JSON, in the form of schemas/versions.json."""
    return {
        "verdict": decided.verdict,
        "reasons": decided.reasons,
        "notes": decided.notes,
        "kmods_due": _due(decided.kmods_due) if decided.kmods_due else None,
        "chosen": _chosen(decided.chosen) if decided.chosen else None,
        "published": _published(decided.published) if decided.published else None,
        "releases": [_row(decided, option) for option in decided.options],
    }


def forecast(predicted: "Forecast") -> None:
    """Show what is ahead: one line for each stream, then the sentences."""
    rows = [
        (
            each.stream,
            str(each.option.release.version),
            str(each.option.release.kernel),
            str(each.option.zfs),
            each.outlook,
        )
        for each in predicted.outlooks
    ]
    table(("stream", "release", "kernel", "OpenZFS", "outlook"), rows)
    for each in predicted.outlooks:
        answer(each.sentence)
    if not predicted.outlooks and not predicted.unread:
        answer(f"no stream is ahead of {predicted.stream}")
    for note in predicted.notes:
        say(f"note: {note}")


def forecast_json(predicted: "Forecast") -> None:
    """Print a forecast as JSON, in the form of schemas/forecast.json."""
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
        for each in predicted.outlooks
    ]
    answer_json({"stream": predicted.stream, "notes": predicted.notes, "ahead": outlooks})


def _cells(row: dict[str, str | bool]) -> tuple[str, ...]:
    live = " (META)" if row["matrix_source"] == "META" else ""
    words = {name: ("no", "yes")[value] if isinstance(value, bool) else value for name, value in row.items()}
    return (
        words["fcos_version"], words["kernel"], words["zfs"], words["matrix"] + live, words["kmods"], words["published"]
    )  # fmt: skip


def _row(decided: "Decision", option: "Option") -> dict[str, str | bool]:
    return {
        "fcos_version": str(option.release.version),
        "kernel": str(option.release.kernel),
        "zfs": str(option.zfs),
        "matrix": "blocked" if option.obstacle is Obstacle.BLOCKED else str(option.support.support),
        "matrix_source": "META" if option.support.live else FILE,
        "kmods": option.has_kmods,
        "published": decided.is_published(option),
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


def _published(published: "Published") -> dict[str, object]:
    return {
        "image": str(published.image),
        "created": published.created.isoformat(),
        "fcos_version": str(published.lock.fcos_version),
        "kernel": str(published.lock.kernel),
        "zfs": str(published.lock.zfs_version),
    }


def history_row(image: "Promoted") -> tuple[str, ...]:
    """Return an image's row for the history table."""
    facts = [image.facts.get(f"{name}-version", "?") for name in ("fcos", "kernel", "zfs")]
    mark, signed = "stable" if image.current else "", "yes" if image.signed else "no"
    return (mark, image.digest, f"{image.last:%Y-%m-%d %H:%M}", *facts, signed, image.block)


def history_document(history: "History") -> dict[str, object]:
    """Return the history as JSON, in the form of schemas/history.json."""
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
        for image in history.images
    ]
    return {"images": rows}
