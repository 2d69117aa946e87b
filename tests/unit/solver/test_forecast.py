"""What is ahead, and about when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from packaging.version import Version

from tasks.model.solver.forecast import Forecast, Outlook, ahead_of, forecast
from tests.builders.values import BEYOND, NEWER, candidates, release


def ahead(kernel: str, *pairs: str, days: float = 5, stream: str = "testing") -> Forecast:
    """Return a forecast for stable, whose release is `days` old, with one kernel ahead."""
    here = candidates(*pairs, releases=(release(days=days),))
    there = replace(here, releases=(release(kernel, "44.20261117.2.0"),))
    return forecast({"stable": here, "testing": there, "next": there}, "stable" if stream == "testing" else stream)


@pytest.mark.parametrize(
    ("kernel", "pairs", "outlook", "sentence"),
    [
        (
            BEYOND,
            [],
            Outlook.UNSUPPORTED,
            "in about 9 days stable moves to kernel 7.3, the kernel of testing; no OpenZFS release",
        ),
        (NEWER, [], Outlook.WAITS_FOR_KMODS, "OpenZFS 2.4.4 supports it, but its kmods are not built yet"),
        (NEWER, [f"2.4.4 {NEWER}"], Outlook.READY, "OpenZFS 2.4.4 supports it, and its kmods exist"),
    ],
)
def test_what_testing_brings(kernel: str, pairs: list[str], outlook: Outlook, sentence: str) -> None:
    """The kernel is unsupported, lacks kmods, or is ready."""
    found = ahead(kernel, *pairs).outlooks[0]
    assert (found.stream, found.outlook) == ("testing", outlook)
    assert sentence in found.sentence


def test_next_is_one_promotion_further() -> None:
    """Each promotion takes two weeks, counted from the current release; the result is never negative."""
    assert [outlook.days for outlook in ahead(NEWER).outlooks] == [9, 23]
    late = ahead(NEWER, days=20).outlooks
    assert [outlook.days for outlook in late] == [0, 8]
    assert late[0].sentence.startswith("any day now stable moves")


def test_a_stream_that_brings_nothing_says_so() -> None:
    """The same kernel is no news."""
    outlook = ahead("7.1.9-200.fc44.x86_64", "2.4.4").outlooks[0]
    assert outlook.sentence.startswith("testing has the kernel of stable, 7.1")


def test_what_is_published_here_says_nothing_of_what_is_ahead() -> None:
    """Nothing is ahead of next, and an unknown stream has no neighbours."""
    assert ahead_of("stable") == ("testing", "next")
    assert ahead_of("next") == ()
    assert ahead_of("rawhide") == ()


def test_kmods_that_the_matrix_does_not_know_are_no_clear_sky() -> None:
    """The sentence says how to refresh the matrix."""
    here = candidates()
    there = replace(
        candidates(f"2.4.5 {NEWER}", zfs=("2.4.5",), releases=(release(NEWER, "44.20261117.2.0"),)),
        now=here.now + timedelta(days=1),
    )
    outlook = forecast({"stable": here, "testing": there, "next": there}, "stable").outlooks[0]
    assert outlook.outlook is Outlook.UNSUPPORTED
    assert "./inv sync-matrix" in outlook.sentence
    assert outlook.option.zfs == Version("2.4.5")
