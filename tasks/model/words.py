"""Words for messages to people."""

from datetime import datetime, timedelta

_A_DAY = timedelta(days=1)


def age(now: datetime, then: datetime) -> str:
    """How long ago, in words; a clock that is behind gives `less than an hour`."""
    passed = now - then
    if passed < timedelta(hours=1):
        return "less than an hour"
    hours, days = passed // timedelta(hours=1), passed // _A_DAY
    number, unit = (hours, "hour") if passed < 2 * _A_DAY else (days, "day")
    return f"{number} {unit}{'s' if number > 1 else ''}"
