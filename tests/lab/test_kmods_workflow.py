"""The days on which build.yaml builds kmods itself, run by act in the lab."""

import json
from typing import Any

import pytest

from tests.lab.conftest import Clone, assert_three_lines
from tests.lab.published import BUNDLE, IMAGE
from tests.lab.rehearsed import issues, jobs, last_run, rehearse, stable

NEWER, OLDER = "7.2.1-200.fc44.x86_64", "7.1.9-200.fc44.x86_64"
OWN = f"{IMAGE}-kmods"
NOTHING_TO_DO = {"build.yaml query-versions": "success", "build.yaml watchdog": "success"}
WITH_KMODS = {
    f"build.yaml {job}": "success" for job in ("query-versions", "kmods", "publish-kmods", "build", "watchdog")
}


def labels(clone: Clone, world: str) -> dict[str, str]:
    """Return the labels of the public image."""
    shown = clone.lab(f"skopeo inspect --no-tags docker://{IMAGE}:stable", world).stdout
    found: dict[str, str] = json.loads(shown)["Labels"]
    return found


def attached(clone: Clone, world: str, image: str) -> list[dict[str, Any]]:
    """List what is attached to an image."""
    shown = clone.lab(f"oras discover --distribution-spec v1.1-referrers-tag --format json {image}", world).stdout
    found: list[dict[str, Any]] = json.loads(shown)["manifests"]
    return found


def of_build(done: Any) -> dict[str, str]:
    """Return the results of build.yaml's jobs."""
    return {name: result for name, result in jobs(done).items() if name.startswith("build.yaml")}


@pytest.mark.full
def test_kmods_that_are_due_are_built_signed_attested_and_used_and_the_next_day_nothing_is_done(
    own_clone: Clone,
) -> None:
    """A cron event leads to `stable` without anybody's help; one job compiles, and another has the key."""
    done = rehearse(own_clone, "build.yaml", world="late")
    assert done.returncode == 0, done.stderr
    assert of_build(done) == WITH_KMODS
    found = labels(own_clone, "late")
    assert found["custom-coreos.kernel-version"] == NEWER
    assert found["custom-coreos.kmods"].startswith(f"{OWN}@sha256:")
    kinds = [each["artifactType"] for each in attached(own_clone, "late", found["custom-coreos.kmods"])]
    assert kinds == [BUNDLE]
    assert issues(own_clone, "late") == []
    before = stable(own_clone, "late")
    again = rehearse(own_clone, "build.yaml", world="late")
    assert jobs(again) == NOTHING_TO_DO
    assert (last_run(own_clone, "late")["verdict"], stable(own_clone, "late")) == ("SKIP", before)


@pytest.mark.full
def test_when_kmods_cannot_be_built_the_older_pair_is_and_the_owner_is_told(own_clone: Clone) -> None:
    """Fedora's updates archive fails in the middle; the older pair is published that day, and stays the next."""
    done = rehearse(own_clone, "build.yaml", world="late-archive-down")
    assert_three_lines(done, "the rehearsal of build.yaml failed")
    assert of_build(done) == {
        "build.yaml query-versions": "success", "build.yaml kmods": "failure", "build.yaml build": "success",
        "build.yaml watchdog": "success",
    }  # fmt: skip
    assert f"kernel-devel-{NEWER}: Cannot download" in done.stderr
    assert labels(own_clone, "late-archive-down")["custom-coreos.kernel-version"] == OLDER
    (issue,) = issues(own_clone, "late-archive-down")
    assert "failed: kmods" in issue["body"]
    before = stable(own_clone, "late-archive-down")
    again = rehearse(own_clone, "build.yaml", world="late-archive-down")
    assert (last_run(own_clone, "late-archive-down")["verdict"], jobs(again)["build.yaml kmods"]) == ("HOLD", "failure")
    assert stable(own_clone, "late-archive-down") == before


@pytest.mark.full
def test_the_first_image_needs_nobodys_kmods(own_clone: Clone) -> None:
    """Upstream has kmods for no release, so they are due at once."""
    done = rehearse(own_clone, "build.yaml", world="late-from-the-start")
    assert done.returncode == 0, done.stderr
    assert of_build(done) == WITH_KMODS
    assert labels(own_clone, "late-from-the-start")["custom-coreos.kernel-version"] == NEWER


@pytest.mark.full
def test_without_a_key_no_kmods_are_built(own_clone: Clone) -> None:
    """Nobody could sign them; the older pair is built and verified."""
    done = rehearse(own_clone, "build.yaml", "--no-secrets", world="late")
    assert done.returncode == 0, done.stderr
    assert of_build(done) == {**NOTHING_TO_DO, "build.yaml build": "success"}
