"""What the streams ahead will bring."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.flows import gather, own_kmods, show
from tasks.model.errors import TaskError
from tasks.model.request import NEWEST, Request
from tasks.model.solver import forecast as model
from tasks.model.solver.judge import judge

if TYPE_CHECKING:
    from tasks.model.image import KmodsTag
    from tasks.model.solver.candidates import Candidates
    from tasks.settings.values import Settings


def forecast(settings: "Settings", request: Request, *, json: bool) -> None:
    """Show what the streams ahead will bring."""
    predicted = predict(settings, request)
    if predicted.unread and not predicted.outlooks:
        what = f"nothing is known about the streams ahead of {predicted.stream}"
        raise TaskError(what, "; ".join(predicted.notes), "try again in a few minutes")
    (show.forecast_json if json else show.forecast)(predicted)


def predict(settings: "Settings", request: Request = NEWEST) -> model.Forecast:
    """Judge the newest release of each stream ahead; own kmods count only if a key that ships signed them."""
    stream = request.stream or settings.stream
    streams = stream, *model.ahead_of(stream)
    newest = gather.newest_releases(settings, gather.policy(settings, request), streams)
    notes: list[str] = []
    accepted = {
        name: own_kmods.without_refused(settings, candidates, _built_from, notes.append)
        for name, candidates in newest.items()
    }
    predicted = model.forecast(accepted, stream)
    return replace(predicted, notes=(*predicted.notes, *dict.fromkeys(notes)))


def _built_from(candidates: "Candidates") -> "KmodsTag | None":
    """Return the kmods that the newest release would be built from; None if it cannot be built."""
    option = judge(candidates, candidates.newest)
    return option.kmods_tag if option.buildable else None
