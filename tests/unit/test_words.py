"""Words for people."""

from datetime import timedelta

import pytest

from tasks.model.words import age
from tests.builders.values import (
    NOW,
)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(-48, "less than an hour"), (0.5, "less than an hour"), (1, "1 hour"), (47, "47 hours"), (49, "2 days")],
)
def test_an_age_in_words(hours: float, words: str) -> None:
    """It is in hours, then in days; a clock that is two days behind causes no crash."""
    assert age(NOW, NOW - timedelta(hours=hours)) == words
