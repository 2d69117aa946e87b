"""Cleanup in the lab, in a year of daily images: it can still pull what stays, and the rest is deleted."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked, fresh_clone

IMAGE = "ghcr.io/samhclark/custom-coreos"
LOGGED_IN = "export GITHUB_TOKEN=lab-token"


MOST_OF_A_DAY = 12  # the most versions that belong to one image: it may be in a list, and has its records


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone for the worlds with a past."""
    made = fresh_clone(tmp_path_factory.mktemp("cleanup") / "custom-coreos")
    yield made
    made.inv("lab-clean")


def plan(clone: Clone, world: str, words: str = "") -> list[dict[str, Any]]:
    """Return the fates of a dry run."""
    done = clone.lab(f"{LOGGED_IN}; inv cleanup-dry-run 90 --json {words}", world)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = checked(done.stdout, "cleanup")["versions"]
    return found


def storage(clone: Clone, world: str) -> Path:
    """Return the registry's folder of our repository."""
    return clone.path / f".lab/{world}/registry/ghcr.io/docker/registry/v2/repositories/{IMAGE[8:]}/_manifests"


def test_a_dry_run_deletes_nothing_and_tells_why(season: Clone) -> None:
    """It gives a reason for every version; without a token, or with a wrong number, it prints three lines."""
    fates = plan(season, "season")
    assert len(fates) == len(list((storage(season, "season") / "revisions/sha256").iterdir()))
    assert all(fate["reason"] for fate in fates)
    reasons = {fate["reason"].partition(" on ")[0] for fate in fates if fate["fate"] == "keep"}
    assert {"made", "promoted", "tag stable and candidate", "its kind is unknown"} <= reasons
    assert_three_lines(season.lab("inv cleanup", "season"), "no token for GitHub", "GITHUB_TOKEN")
    assert_three_lines(season.lab("inv cleanup --keep -1", "season"), "--keep -1 is not a number")


def test_too_much_at_once_stops(season: Clone) -> None:
    """A retention of ten days would delete nearly everything."""
    folder = storage(season, "season") / "revisions/sha256"
    assert season.lab("true", "season").returncode == 0
    before = set(folder.iterdir())
    assert_three_lines(
        season.lab(f"{LOGGED_IN}; inv cleanup --retention-days 10 --apply", "season"), "max_delete_fraction", "--force"
    )
    assert before
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("world", ["season", pytest.param("year", marks=pytest.mark.full)])
def test_after_cleanup_everything_that_stays_can_be_pulled(season: Clone, tmp_path: Path, world: str) -> None:
    """It pulls by digest, with signature, records and both architectures; deleted images can be restored."""
    fates = plan(season, world)
    done = season.lab(f"{LOGGED_IN}; inv cleanup --apply --force", world)
    assert done.returncode == 0, done.stderr
    assert "a deleted version can be restored for 30 days" in done.stderr
    left = {f"sha256:{path.name}" for path in (storage(season, world) / "revisions/sha256").iterdir()}
    assert left == {fate["digest"] for fate in fates if fate["fate"] == "keep"}
    tags = [tag for fate in fates if fate["fate"] == "keep" for tag in fate["tags"]]
    assert {"stable", "candidate", "both-30"} <= set(tags)
    copy = f"skopeo --insecure-policy copy -q --all docker://{IMAGE}:$t dir:{tmp_path}/$t"
    pulled = season.lab(f"for t in {' '.join(tags)}; do {copy} || exit; done", world)
    assert pulled.returncode == 0, pulled.stderr
    assert len(list(tmp_path.iterdir())) == len(tags)
    assert json.loads(season.lab("inv history --json", world).stdout)["images"][0]["stable"]
    again = season.lab(f"{LOGGED_IN}; inv cleanup --apply --force", world)
    assert f"no version of {IMAGE} is deleted" in again.stderr
    restore = next(line for line in done.stderr.splitlines() if "is deleted; " in line).split("POST ")[1]
    headers = {"Authorization": "Bearer lab-token"}
    request = f"import requests; requests.post('https://api.github.com{restore}', headers={headers}).raise_for_status()"
    assert season.lab(shlex.join([sys.executable, "-c", request]), world).returncode == 0
    assert len(plan(season, world)) == len(left) + 1


@pytest.mark.full
def test_a_refusal_spares_what_belongs_to_it_and_after_a_killed_run_the_next_one_goes_on(season: Clone) -> None:
    """In an organisation's package, GitHub refuses the first deletion, the run is killed, and the next one finishes."""
    done = season.lab(f"{LOGGED_IN}; inv cleanup --apply --force 2>&1 > /dev/null | head -n 30; exit 0", "organisation")
    assert "is busy: retrying in 1 s" in done.stdout
    assert "GitHub refuses to delete" in done.stdout
    assert "is deleted" in done.stdout
    again = season.lab(f"{LOGGED_IN}; inv cleanup --apply --force", "organisation")
    assert again.returncode == 0, again.stderr
    left = [fate for fate in plan(season, "organisation") if fate["fate"] == "delete"]
    assert len(left) < MOST_OF_A_DAY  # this lab refuses one deletion each time it opens


@pytest.mark.full
@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("cleanup-forbidden", ["0 of ", "may not delete", "delete:packages"]),
        ("cleanup-hidden", ["0 of ", "denies that the version exists, and still shows it"]),
        ("cleanup-refused", ["none of ", "400"]),
    ],
)
def test_a_cleanup_that_deletes_nothing_fails(season: Clone, world: str, words: list[str]) -> None:
    """It names the right that is lacking and where it is given; the first refusal of that kind ends it."""
    done = season.lab(f"{LOGGED_IN}; inv cleanup --apply --force", world)
    assert_three_lines(done, *words)
    assert (done.stderr.count("GitHub refuses") == 1) == (world != "cleanup-refused")
    if world == "cleanup-forbidden":
        done = season.lab(f"export GITHUB_ACTIONS=true; {LOGGED_IN}; inv cleanup --apply --force", world)
        assert_three_lines(done, "role Admin under Manage Actions access", "/packages/container/")


@pytest.mark.full
def test_what_cannot_be_read_stops_every_deletion(season: Clone) -> None:
    """Nobody knows what an unreadable manifest needs."""
    fates = plan(season, "half-read")
    assert {fate["fate"] for fate in fates} == {"keep"}
    assert any("could not be read" in fate["reason"] for fate in fates)
    done = season.lab(f"{LOGGED_IN}; inv cleanup --apply", "half-read")
    assert_three_lines(done, "no version of", "could not be read, and may need any of them", "skopeo inspect --raw")


@pytest.mark.full
def test_before_the_first_publication_there_is_nothing_to_do(clone: Clone) -> None:
    """That is a success, dry or not; a token that is too narrow, or cannot see the package, is still an error."""
    line = f"{IMAGE} does not exist yet: there is nothing to clean up\n"
    for words in ("", "--apply"):
        done = clone.lab(f"{LOGGED_IN}; inv cleanup {words}")
        assert (done.returncode, done.stdout) == (0, line), done.stderr
    assert plan(clone, "everyday") == []
    assert_three_lines(clone.lab("GITHUB_TOKEN=lab-token-without-packages inv cleanup"), "GitHub answered 403")
    assert_three_lines(clone.lab(f"{LOGGED_IN}; inv cleanup --apply", "package-hidden"), "GitHub answered 404")
