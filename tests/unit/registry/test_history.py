"""History: the order of first promotions, and where a rollback leads."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.model.errors import TaskError
from tasks.model.registry import record
from tasks.model.registry.history import History
from tasks.model.registry.record import Record
from tests.builders.values import lock

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def promoted(day: int) -> Record:
    return record.promoted(NOW + timedelta(days=day), lock(), "", "by hand")


def history(current: str, blocks: dict[str, str] | None = None) -> History:
    """Return the history of images a to c; b was promoted again after c."""
    verified = record.verified(NOW, "1", 32, "")
    records = {
        "a": (verified, promoted(1)),
        "b": (verified, promoted(2), promoted(9)),
        "c": (verified, promoted(3)),
        "d": (verified,),
    }
    return History.of(records, frozenset("abc"), current, blocks or {})


def test_history_has_the_order_of_first_promotions() -> None:
    """A rollback does not make an old image new; an image that was never promoted is not in it."""
    assert [image.digest for image in history("b").images] == ["c", "b", "a"]
    assert history("b").images[1].last == NOW + timedelta(days=9)


def test_a_step_back_goes_further_back_each_time() -> None:
    """A second rollback does not return to the bad image."""
    assert history("c").target().digest == "b"
    assert history("b").target().digest == "a"
    with pytest.raises(TaskError, match="nothing to roll back to"):
        history("a").target()


def test_a_move_without_a_record_is_known() -> None:
    """The tag is not where the newest record says, and no record explains that move."""
    assert history("b").unrecorded() == ""
    assert history("a").unrecorded() == "b"
    told = record.promoted(NOW - timedelta(days=1), lock(), "b", "by a clock that is slow")
    records = {"a": (told,), "b": (promoted(2),)}
    assert History.of(records, frozenset(), "a", {}).unrecorded() == ""
    back_and_forth = {"a": (told,), "b": (record.promoted(NOW, lock(), "a", ""),)}
    assert History.of(back_and_forth, frozenset(), "a", {}).unrecorded() == "b"


def test_a_rollback_leaves_out_what_is_blocked() -> None:
    """The previous image may be the one that was blocked last week."""
    assert history("c", {"b": "it panics"}).target().digest == "a"


def test_steps_back_are_counted_from_what_the_tag_has() -> None:
    """stable~1 is the previous image; more steps than images are an error."""
    assert history("c").back(2).digest == "a"
    with pytest.raises(TaskError, match="no stable~3"):
        history("c").back(3)
    with pytest.raises(TaskError, match="no promoted image"):
        history("").back(0)
