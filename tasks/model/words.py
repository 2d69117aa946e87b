"""Words for messages to people."""

import re
from datetime import datetime, timedelta

_A_DAY = timedelta(days=1)
_SIGNED = re.compile(r"\?[^\s\"'?]*?(?:sig|signature|token)=[^\s\"']*", re.IGNORECASE)


def age(now: datetime, then: datetime) -> str:
    """How long ago, in words; a clock that is behind gives `less than an hour`."""
    passed = now - then
    if passed < timedelta(hours=1):
        return "less than an hour"
    hours, days = passed // timedelta(hours=1), passed // _A_DAY
    number, unit = (hours, "hour") if passed < 2 * _A_DAY else (days, "day")
    return f"{number} {unit}{'s' if number > 1 else ''}"


def without_signatures(text: str) -> str:
    """A text whose addresses let nobody in: the query of a signed address is left out, since logs are public."""
    return _SIGNED.sub("?…", text)
