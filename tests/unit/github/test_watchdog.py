"""The watchdog's one issue: what opens it, what it remembers, what closes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import TaskError
from tasks.model.github import watchdog
from tasks.model.github.watchdog import Jobs, Trouble
from tasks.model.solver.forecast import forecast
from tasks.model.solver.solve import Decision, solve
from tests.builders.values import BEYOND, NEW, NEWER, NOW, candidates, published, release

LIMIT = timedelta(days=14)
GOOD = solve(candidates("2.4.4", stable=published()))
BLOCKED = solve(candidates())


def jobs(workflow: str = "build.yaml", verdict: str = "", **results: str) -> Jobs:
    """Return what toJSON(needs) contains at the end of a run."""
    needs = {name: {"result": result, "outputs": {"verdict": verdict}} for name, result in results.items()}
    return Jobs.parse(json.dumps(needs), workflow, "https://github.com/o/n/actions/runs/7")


def trouble(name: str, **values: Any) -> Trouble:
    return Trouble(**{"name": name, "title": name, "sentences": (name,), "hint": "look", "since": NOW, **values})


def test_a_blocked_build_is_told_with_its_reasons_and_what_can_be_typed() -> None:
    """The reasons are the decision's own."""
    seen = watchdog.seen_of_decision(BLOCKED, NOW, LIMIT)
    assert seen["blocked"] is not None
    assert seen["blocked"].sentences == BLOCKED.reasons
    assert "./inv" in seen["blocked"].hint
    assert seen["age"] is None


def test_a_block_lasts_over_the_sunday_on_which_the_published_pair_is_built_again() -> None:
    """The issue stays open: nothing newer can be built."""
    waits = release(), release(NEWER, NEW, days=20)
    sunday = solve(candidates("2.4.4", releases=waits, stable=published(days=8)))
    seen = watchdog.seen_of_decision(sunday, NOW, LIMIT)["blocked"]
    assert seen is not None
    assert seen.sentences[-1] == "the newest release has waited longer than hold_days, 7"


def test_a_published_openzfs_that_was_withdrawn_is_told() -> None:
    """The owner decides whether to go on with it."""
    seen = watchdog.seen_of_decision(replace(GOOD, withdrawn=GOOD.chosen.zfs), NOW, LIMIT)["withdrawn"]  # type: ignore[union-attr]
    assert seen is not None
    assert "./inv block --zfs 2.4.4" in seen.hint
    assert watchdog.seen_of_decision(GOOD, NOW, LIMIT)["withdrawn"] is None


@pytest.mark.parametrize(("days", "told"), [(14, False), (15, True)])
def test_an_old_image_is_told_though_nothing_failed(days: int, told: bool) -> None:
    """GitHub stops schedules without a notice."""
    decision = solve(candidates("2.4.4", stable=published(days=days)))
    seen = watchdog.seen_of_decision(decision, NOW, LIMIT)
    assert (seen["age"] is not None) == told


def test_a_storm_ahead_is_told_before_it_comes() -> None:
    """A kernel in testing is beyond what any OpenZFS release supports."""
    here = candidates("2.4.4", releases=[release()])
    ahead = forecast({"stable": here, "testing": candidates(releases=[release(BEYOND, NEW)]), "next": here}, "stable")
    seen = watchdog.seen_of_forecast(ahead, NOW)["ahead"]
    assert seen is not None
    assert "no OpenZFS release supports it yet" in seen.sentences[0]
    calm = forecast({"stable": here, "testing": here, "next": here}, "stable")
    assert watchdog.seen_of_forecast(calm, NOW) == {"ahead": None}


def test_a_stream_ahead_that_could_not_be_read_ends_no_trouble() -> None:
    """The others still say what they bring; the text names the one that is missing."""
    here, storm = candidates("2.4.4", releases=[release()]), candidates(releases=[release(BEYOND, NEW)])
    half_calm = forecast({"stable": here, "testing": here}, "stable")
    assert (watchdog.seen_of_forecast(half_calm, NOW), half_calm.unread) == ({}, ("next",))
    half_storm = watchdog.seen_of_forecast(forecast({"stable": here, "next": storm}, "stable"), NOW)
    assert half_storm["ahead"] is not None
    text = watchdog.body((), GOOD, half_calm)
    assert "- testing has the kernel of stable" in text
    assert "- next could not be read" in text
    assert "- testing could not be read" in watchdog.body((), GOOD, forecast({"stable": here}, "stable"))


@pytest.mark.parametrize(
    ("results", "names"),
    [
        ({"query-versions": "success", "build": "failure"}, ["build.yaml"]),
        ({"query-versions": "success", "build": "success"}, [None]),
        ({"query-versions": "success", "build": "skipped"}, [None]),
        ({"query-versions": "success", "build": "cancelled"}, []),
        ({"query-versions": "cancelled", "build": "failure"}, ["build.yaml"]),
    ],
)
def test_a_failed_run_is_told_and_a_cancelled_one_says_nothing(results: Any, names: list[str | None]) -> None:
    """A cancelled run neither opens nor closes the issue."""
    seen = watchdog.seen_of_jobs(jobs(**results), NOW, explained=True)
    assert [found and found.name for found in seen.values()] == names


def test_a_run_that_failed_since_the_build_is_blocked_is_not_told_twice() -> None:
    """The verdict explains it better, if it could be read."""
    blocked = jobs(verdict="BLOCKED", **{"query-versions": "failure"})
    assert watchdog.seen_of_jobs(blocked, NOW, explained=True) == {"build.yaml": None}
    unexplained = watchdog.seen_of_jobs(blocked, NOW, explained=False)["build.yaml"]
    assert unexplained is not None
    assert "failed: query-versions" in unexplained.sentences[0]


def test_another_job_that_failed_beside_a_blocked_one_is_told() -> None:
    """Its cause is another one."""
    needs = {
        "query-versions": {"result": "failure", "outputs": {"verdict": "BLOCKED"}},
        "kmods": {"result": "failure", "outputs": {}},
    }
    seen = watchdog.seen_of_jobs(Jobs.parse(json.dumps(needs), "build.yaml", ""), NOW, explained=True)["build.yaml"]
    assert seen is not None
    assert seen.sentences[0].startswith("failed: kmods;")


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"build": null}', '{"build": {}}', '{"build": "success"}'])
def test_jobs_of_another_form_are_an_error(text: str) -> None:
    """The watchdog does not report that all is well."""
    with pytest.raises(TaskError, match="--jobs is wrong"):
        Jobs.parse(text, "build.yaml", "")


def test_since_is_when_it_was_first_seen() -> None:
    """The second run of a bad day does not reset the start of the trouble."""
    first = watchdog.merged((), {"blocked": trouble("blocked")})
    again = watchdog.merged(first, {"blocked": trouble("blocked", since=NOW + timedelta(days=1), sentences=("new",))})
    assert [(each.since, each.sentences) for each in again] == [(NOW, ("new",))]


def test_what_another_workflow_told_stays_until_that_one_is_good() -> None:
    """A good cleanup does not close an issue that a failed build opened."""
    known = watchdog.merged((), watchdog.seen_of_jobs(jobs(build="failure"), NOW, explained=True))
    cleaned = watchdog.seen_of_jobs(jobs("cleanup-images.yaml", cleanup="success"), NOW, explained=True)
    after = watchdog.merged(known, cleaned)
    assert [each.name for each in after] == ["build.yaml"]
    assert watchdog.merged(after, watchdog.seen_of_jobs(jobs(build="success"), NOW, explained=True)) == ()


@given(
    st.lists(
        st.builds(
            trouble, st.text(min_size=1), sentences=st.lists(st.text()).map(tuple), hint=st.text(), title=st.text()
        ),
        unique_by=lambda each: each.name,
    ).map(tuple)
)
def test_the_issue_remembers_every_trouble_whatever_its_words(troubles: tuple[Trouble, ...]) -> None:
    """They may contain `-->`, quotes and line breaks."""
    assert watchdog.known(watchdog.body(troubles, None, None)) == troubles


@pytest.mark.parametrize(
    ("decision", "streams", "words"),
    [
        (GOOD, ("testing", "next"), "all is well"),
        (None, ("testing", "next"), "nothing is known to be wrong, but the registries could not be read"),
        (GOOD, ("testing",), "nothing is known to be wrong, but the stream next could not be read"),
        (GOOD, None, "nothing is known to be wrong, but the streams ahead could not be read"),
        (None, ("testing",), "nothing is known to be wrong, but the registries and the stream next could not be read"),
    ],
)
def test_what_could_not_be_read_is_named(
    decision: Decision | None, streams: tuple[str, ...] | None, words: str
) -> None:
    """Not knowing is not the same as all is well."""
    read = candidates("2.4.4", stable=published())
    ahead = None if streams is None else forecast(dict.fromkeys(("stable", *streams), read), "stable")
    assert watchdog.calm(watchdog.unread(decision, ahead)) == words


@pytest.mark.parametrize(
    "body",
    [
        "", "edited by hand", "<!-- state: [ -->", "<!-- state: {} -->", "<!-- state: [1] -->",
        f"<!-- state: {'[' * 100_000} -->",
    ],
)  # fmt: skip
def test_an_issue_that_was_spoilt_by_an_edit_remembers_nothing(body: str) -> None:
    """It also stops no run; a text without any state is somebody else's issue."""
    assert watchdog.known(body) == ()
    assert watchdog.is_ours(body) == ("state" in body)


def test_the_issue_says_what_can_be_built_and_what_is_ahead() -> None:
    """It also lists sources that could not be read."""
    here = candidates("2.4.4")
    ahead = forecast({"stable": here, "testing": here, "next": here}, "stable")
    text = watchdog.body((trouble("blocked"),), GOOD, ahead)
    assert "44.20261110.3.0 (kernel 7.1.9) has kmods of OpenZFS 2.4.4" in text
    assert "testing has the kernel of stable" in text
    assert "Since 2026-" in text
    silent = watchdog.body((trouble("blocked"),), None, None)
    assert "could not be read" in silent
    assert "Nothing, and nothing is published" in watchdog.body((), BLOCKED, None)
    newest = solve(candidates(releases=[release(NEWER, NEW)], stable=published()))
    assert "Nothing newer than the published image: 44.20261110.3.0" in watchdog.body((), newest, None)


@dataclass
class Forge:
    """A model of GitHub: the open issue, and what was done to issues."""

    open: list[str] = field(default_factory=list)
    opened: int = 0
    comments: int = 0

    def run(self, seen: Mapping[str, Trouble | None], decision: Decision = GOOD) -> None:
        """Run the watchdog once, as tasks/flows/watchdog.py does."""
        before = watchdog.known(self.open[0]) if self.open else ()
        troubles = watchdog.merged(before, seen)
        if troubles and not self.open:
            self.opened += 1
        if not troubles and self.open:
            self.comments += 1
        self.open = [watchdog.body(troubles, decision, None)] if troubles else []


@given(st.lists(st.tuples(st.sampled_from(["build.yaml", "cleanup-images.yaml", "blocked"]), st.booleans())))
def test_there_is_an_issue_just_while_something_is_wrong(history: list[tuple[str, bool]]) -> None:
    """This holds for any order of good and bad runs; each closing adds one comment, and nothing else does."""
    forge, wrong = Forge(), set[str]()
    for name, bad in history:
        forge.run({name: trouble(name) if bad else None})
        wrong = wrong | {name} if bad else wrong - {name}
        assert {each.name for body in forge.open for each in watchdog.known(body)} == wrong
        assert forge.comments == forge.opened - bool(wrong)


def test_the_farewell_names_what_it_was_and_the_image() -> None:
    """It also says since when."""
    said = watchdog.farewell((trouble("blocked", title="No image can be built"),), GOOD)
    assert "No image can be built (since 2026-" in said
    assert "sha256:dddd" in said
    assert "the text above" in watchdog.farewell((), replace(GOOD, published=None))
