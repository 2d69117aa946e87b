"""Forecast from the streams ahead: Fedora CoreOS promotes next → testing → stable about every two weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tasks.model.solver.candidates import Candidates
from tasks.model.solver.judge import Option, judge
from tasks.model.solver.ranges import Support
from tasks.model.versions import Series

STREAMS = ("stable", "testing", "next")
_PROMOTION = timedelta(days=14)


class Outlook(StrEnum):
    """What a stream ahead will bring."""

    READY = "ready"  # the pair exists already
    WAITS_FOR_KMODS = "waits-for-kmods"  # OpenZFS supports the kernel; its kmods are not built yet
    UNSUPPORTED = "unsupported"  # no OpenZFS release supports the kernel, as far as the matrix and META know


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamOutlook:
    """One stream ahead: its newest release, about how many days until it arrives here, and what that means."""

    stream: str
    option: Option
    days: int
    outlook: Outlook
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The followed stream with its kernel, and the streams ahead of it; `unread` are those that did not answer."""

    stream: str
    kernel: Series
    outlooks: tuple[StreamOutlook, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...] = ()


def ahead_of(stream: str) -> tuple[str, ...]:
    """The streams whose releases will arrive in this one, nearest first."""
    return STREAMS[STREAMS.index(stream) + 1 :] if stream in STREAMS else ()


def forecast(streams: Mapping[str, Candidates], stream: str) -> Forecast:
    """Judge the newest release of each stream ahead as if it were in this stream already; one may be missing."""
    current, expected = streams[stream], ahead_of(stream)
    return Forecast(
        stream=stream,
        kernel=current.newest.kernel.series,
        outlooks=tuple(_ahead(streams[ahead], current, stream, ahead) for ahead in expected if ahead in streams),
        notes=current.notes,
        unread=tuple(ahead for ahead in expected if ahead not in streams),
    )


def _ahead(coming: Candidates, current: Candidates, stream: str, ahead: str) -> StreamOutlook:
    option = judge(coming, coming.newest)
    promotions = ahead_of(stream).index(ahead) + 1
    left = current.newest.created + promotions * _PROMOTION - current.now
    days, outlook = max(0, round(left / timedelta(days=1))), _outlook(option)
    if option.release.kernel == current.newest.kernel:
        change = f"{ahead} has the kernel of {stream}, {option.release.kernel.series}"
    else:
        when = f"in about {days} day{'' if days == 1 else 's'}" if days else "any day now"
        change = f"{when} {stream} moves to kernel {option.release.kernel.series}, the kernel of {ahead}"
    return StreamOutlook(
        stream=ahead, option=option, days=days, outlook=outlook, sentence=f"{change}; {_meaning(option, outlook)}"
    )


def _outlook(option: Option) -> Outlook:
    if option.buildable:
        return Outlook.READY
    return Outlook.WAITS_FOR_KMODS if option.awaits_kmods else Outlook.UNSUPPORTED


def _meaning(option: Option, outlook: Outlook) -> str:
    if outlook is Outlook.READY:
        return f"OpenZFS {option.zfs} supports it, and its kmods exist"
    if outlook is Outlook.WAITS_FOR_KMODS:
        return f"OpenZFS {option.zfs} supports it, but its kmods are not built yet"
    if option.support.support is Support.UNSUPPORTED:
        return f"no OpenZFS release supports it yet ({option.support.reason})"
    return option.sentence
