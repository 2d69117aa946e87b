"""What the streams ahead bring: Fedora CoreOS promotes next → testing → stable about every two weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tasks.model.matrix.ranges import Support
from tasks.model.solver.candidates import Candidates
from tasks.model.solver.judge import Option, judge
from tasks.model.versions import Series

STREAMS = ("stable", "testing", "next")
_PROMOTION = timedelta(days=14)


class Sky(StrEnum):
    """What is ahead in a stream."""

    CLEAR = "clear"  # the pair exists already
    KMODS_PENDING = "kmods-pending"  # OpenZFS supports the kernel; its kmods are still to be built
    STORM = "storm"  # no OpenZFS release supports the kernel, as far as the matrix and META know


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """One stream ahead: its newest release, about how many days until it comes here, and what that means."""

    stream: str
    option: Option
    days: int
    sky: Sky
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The stream that is followed, with its kernel, and what is ahead of it."""

    stream: str
    kernel: Series
    outlooks: tuple[Outlook, ...]
    notes: tuple[str, ...]


def ahead_of(stream: str) -> tuple[str, ...]:
    """The streams whose releases come to this one, the nearest first."""
    return STREAMS[STREAMS.index(stream) + 1 :] if stream in STREAMS else ()


def forecast(found: Mapping[str, Candidates], stream: str) -> Forecast:
    """Judge the newest release of each stream ahead as if it were here already."""
    here = found[stream]
    return Forecast(
        stream=stream,
        kernel=here.newest.kernel.series,
        outlooks=tuple(_outlook(found[ahead], here, stream, ahead) for ahead in ahead_of(stream)),
        notes=here.notes,
    )


def _outlook(there: Candidates, here: Candidates, stream: str, ahead: str) -> Outlook:
    option = judge(there, there.newest)
    promotions = ahead_of(stream).index(ahead) + 1
    left = here.newest.created + promotions * _PROMOTION - here.now
    days, sky = max(0, round(left / timedelta(days=1))), _sky(option)
    if option.release.kernel == here.newest.kernel:
        change = f"{ahead} has the kernel of {stream}, {option.release.kernel.series}"
    else:
        when = f"in about {days} day{'' if days == 1 else 's'}" if days else "any day now"
        change = f"{when} {stream} moves to kernel {option.release.kernel.series}, as {ahead} has it"
    return Outlook(stream=ahead, option=option, days=days, sky=sky, sentence=f"{change}; {_meaning(option, sky)}")


def _sky(option: Option) -> Sky:
    if option.buildable:
        return Sky.CLEAR
    return Sky.KMODS_PENDING if option.awaits_kmods else Sky.STORM


def _meaning(option: Option, sky: Sky) -> str:
    if sky is Sky.CLEAR:
        return f"OpenZFS {option.zfs} supports it, and its kmods are there"
    if sky is Sky.KMODS_PENDING:
        return f"OpenZFS {option.zfs} supports it, and its kmods are still to be built"
    if option.support.support is Support.UNSUPPORTED:
        return f"no OpenZFS release supports it yet ({option.support.reason})"
    return option.sentence
