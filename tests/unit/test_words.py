"""Words for people."""

from datetime import timedelta

import pytest

from tasks.model.words import age, without_signatures
from tests.builders.values import NOW


@pytest.mark.parametrize(
    ("hours", "words"),
    [(-48, "less than an hour"), (0.5, "less than an hour"), (1, "1 hour"), (47, "47 hours"), (49, "2 days")],
)
def test_an_age_in_words(hours: float, words: str) -> None:
    """It is in hours, then in days; a clock that is two days behind causes no crash."""
    assert age(NOW, NOW - timedelta(hours=hours)) == words


def test_a_signed_address_loses_its_query() -> None:
    """GHCR and GitHub sign the addresses to which they redirect; other queries help to find a fault."""
    signed = 'Get "https://b.example/x?se=2026&sp=r&sig=abc%3D&sv=1": reset; https://c.example/y?X-Amz-Signature=1 too'
    assert without_signatures(signed) == 'Get "https://b.example/x?…": reset; https://c.example/y?… too'
    for text in ("https://m.example/metalink?repo=fedora-44&arch=x86_64", "why? sig=1", "tags/list?n=1"):
        assert without_signatures(text) == text
