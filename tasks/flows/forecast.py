"""What the streams ahead will bring."""

from typing import TYPE_CHECKING

from tasks.flows import gather, own_kmods, show
from tasks.model.request import NEWEST, Request
from tasks.model.solver import forecast as model
from tasks.model.solver.judge import judge

if TYPE_CHECKING:
    from tasks.model.solver.candidates import Candidates
    from tasks.settings.values import Settings


def forecast(settings: "Settings", request: Request, *, json: bool) -> None:
    """Show what the streams ahead will bring."""
    (show.forecast_json if json else show.forecast)(predict(settings, request))


def predict(settings: "Settings", request: Request = NEWEST) -> model.Forecast:
    """Judge the newest release of each stream ahead; own kmods count only if a key that ships signed them."""
    stream = request.stream or settings.stream
    streams = stream, *model.ahead_of(stream)
    newest = gather.newest_releases(settings, gather.policy(settings, request), streams)
    return model.forecast({name: _accepted(settings, each) for name, each in newest.items()}, stream)


def _accepted(settings: "Settings", candidates: "Candidates") -> "Candidates":
    """Leave out kmods that builds would refuse; only the newest release's are checked, because that costs requests."""
    option = judge(candidates, candidates.newest)
    while option.buildable and own_kmods.unsigned(settings, candidates, option.kmods_tag):
        candidates = candidates.refusing(option.kmods_tag)
        option = judge(candidates, candidates.newest)
    return candidates
