"""Act really runs the workflows in the lab: what they leave in the registry, in issues and on the page."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Clone, checked, fresh_clone
from tests.lab.published import BUNDLE, IMAGE, LOGIN
from tests.lab.rehearsed import issues, jobs, last_run, rehearse, stable, state


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone whose everyday lab has run the first cron event of the day; tests leave its public tag alone."""
    made = fresh_clone(tmp_path_factory.mktemp("workflows") / "custom-coreos")
    done = rehearse(made, "build.yaml")
    assert done.returncode == 0, done.stderr
    (made.path / "first.txt").write_text(done.stdout)
    yield made
    made.inv("lab-clean")


def test_a_cron_event_ends_in_a_promoted_and_attested_image_and_a_page(daily: Clone) -> None:
    """Every job of the chain runs, and those of the workflow that it starts."""
    outputs, digest = last_run(daily), stable(daily)
    assert outputs["verdict"] == "BUILD"
    assert (outputs["digest"], outputs["image"], outputs["expect"]) == (digest, IMAGE, "nothing")
    assert json.loads(outputs["lock"])["fcos_version"] == "44.20261110.3.0"
    attached = daily.lab(f"oras discover --distribution-spec v1.1-referrers-tag --format json {IMAGE}@{digest}").stdout
    kinds = [each["artifactType"] for each in json.loads(attached)["manifests"]]
    assert kinds.count(BUNDLE) == 2  # where it was built, and what is in it
    assert "application/vnd.custom-coreos.promoted.v1+json" in kinds
    page = (state(daily) / "pages/index.html").read_text()
    assert digest in page
    assert issues(daily) == []


def requests(clone: Clone, world: str = "everyday") -> list[dict[str, Any]]:
    """Return the requests that the lab's hosts got."""
    return [json.loads(line) for line in (state(clone, world) / "requests.jsonl").read_text().splitlines()]


def test_that_ghcr_has_no_referrers_api_is_found_out_once(daily: Clone) -> None:
    """GHCR redirects to a page on GitHub, and nobody follows."""
    before = len(requests(daily))
    assert daily.lab("inv history").returncode == 0
    asked = [entry for entry in requests(daily)[before:] if "referrers" in entry["path"]]
    assert [(entry["host"], entry["status"]) for entry in asked] == [("ghcr.io", 303)]


def test_the_runs_page_shows_the_decision(daily: Clone) -> None:
    """It is a table, with the reason and the result."""
    told = (daily.path / "first.txt").read_text()
    assert "## BUILD" in told
    assert "| 44.20261110.3.0 | 7.1.9-200.fc44.x86_64 | 2.4.4 | supported | yes | no |" in told
    assert f"`{IMAGE}:stable` is `{stable(daily)}` now" in told


def test_the_site_is_all_that_is_uploaded(daily: Clone) -> None:
    """The checkout is not uploaded."""
    names = {path.name for path in (state(daily) / "pages").rglob("*")}
    expected = {"index.html", "ignition.json", "ignition.json.sha512", "cosign.pub", "versions.json"}
    assert names == expected


def test_the_second_cron_of_the_day_has_nothing_to_do(daily: Clone) -> None:
    """It takes two short jobs, and nothing moves."""
    before = stable(daily)
    done = rehearse(daily, "build.yaml")
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"build.yaml query-versions": "success", "build.yaml watchdog": "success"}
    assert "] cache-hit=true\n" in done.stderr  # what the first one has saved
    assert "] cache-hit=false\n" not in done.stderr
    assert last_run(daily)["verdict"] == "SKIP"
    assert stable(daily) == before


def test_the_runs_are_listed(daily: Clone) -> None:
    """The recipes show event, result, age and duration."""
    listed = checked(daily.lab("GITHUB_TOKEN=lab-token inv all-workflows --json").stdout, "runs")["runs"]
    found = {(run["workflow"], run["event"], run["result"]) for run in listed}
    assert {("build.yaml", "schedule", "success"), ("pages.yaml", "workflow_dispatch", "success")} <= found
    shown = daily.lab("GITHUB_TOKEN=lab-token inv workflow-status").stdout
    assert re.search(r"^build\.yaml +main +schedule +success +less than an hour +\d+ min \d+ s", shown, re.MULTILINE)


@pytest.fixture(scope="module")
def littered(daily: Clone) -> Clone:
    """Return the same clone, with an image that has lost its tag, which cleanup may delete at once."""
    daily.replace("invoke.yaml", "retention_days: 90", "retention_days: 0")
    daily.replace("invoke.yaml", "keep_images: 3", "keep_images: 0")
    copied = "skopeo --insecure-policy copy -q --authfile ~/.docker/config.json"
    stray = f"docker://{IMAGE}:stray"
    first = f"{copied} docker://quay.io/fedora/fedora-coreos:stable {stray}"
    noted = f"skopeo inspect --no-tags --format '{{{{.Digest}}}}' {stray} > {daily.path}/litter"
    done = daily.lab(f"{LOGIN} && {first} && {noted} && {copied} docker://{IMAGE}:stable {stray}")
    assert done.returncode == 0, done.stderr
    return daily


def has_litter(clone: Clone) -> bool:
    return clone.lab(f"skopeo inspect --no-tags docker://{IMAGE}@$(cat {clone.path}/litter)").returncode == 0


@pytest.mark.full
@pytest.mark.parametrize("words", [(), ("--input", "dry_run=true")])
def test_cleanup_by_hand_is_dry_unless_it_says_otherwise(littered: Clone, words: tuple[str, ...]) -> None:
    """That is the form's default, and what `inv run-cleanup` sends."""
    assert rehearse(littered, "cleanup-images.yaml", "--event", "workflow_dispatch", *words).returncode == 0
    assert has_litter(littered)


@pytest.mark.full
def test_cleanup_deletes_on_its_schedule_and_keeps_the_schedules_alive(littered: Clone) -> None:
    """Every input is empty there; what stable needs stays. A workflow that GitHub has stopped is enabled again."""
    stopped, before = state(littered) / "forge/stopped/build.yaml", stable(littered)
    stopped.parent.mkdir(exist_ok=True)
    stopped.touch()
    done = rehearse(littered, "cleanup-images.yaml")
    assert done.returncode == 0, done.stderr
    assert not has_litter(littered)
    assert stable(littered) == before
    assert "GitHub had stopped build.yaml; it is enabled again" in done.stderr
    assert not stopped.exists()


@pytest.mark.full
def test_force_rebuild_overrides_skip_and_never_the_matrix(daily: Clone) -> None:
    """It works by hand on GitHub, and with `inv run-workflow --force-rebuild`."""
    before = stable(daily)
    words = "--event", "workflow_dispatch", "--input", "force_rebuild=true"
    done = rehearse(daily, "build.yaml", *words)
    assert done.returncode == 0, done.stderr
    assert stable(daily) not in ("", before)
    assert last_run(daily)["expect"] == before
    blocked = rehearse(daily, "build.yaml", *words, world="beyond-matrix")
    assert jobs(blocked)["build.yaml query-versions"] == "failure"
    assert stable(daily, "beyond-matrix") == ""


@pytest.mark.full
def test_a_dispatch_from_here_is_run_there(daily: Clone) -> None:
    """The run that `inv run-pages` asks for comes before the next rehearsal."""
    assert daily.lab("GITHUB_TOKEN=lab-token inv run-pages").returncode == 0
    done = rehearse(daily, "pages.yaml", "--event", "push")
    assert done.returncode == 0, done.stderr
    told = re.findall(r"^=== (.*)$", done.stderr, re.MULTILINE)
    assert told == ["pages.yaml, workflow_dispatch", "pages.yaml, push"]


@pytest.mark.full
def test_a_click_without_force_skips_too(daily: Clone) -> None:
    """The form's default is no."""
    done = rehearse(daily, "build.yaml", "--event", "workflow_dispatch", "--input", "force_rebuild=false")
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"build.yaml query-versions": "success", "build.yaml watchdog": "success"}


@pytest.mark.full
def test_a_worktree_is_rehearsed_and_its_repository_stays_as_it_is(tmp_path: Path) -> None:
    """Its `.git` is a file that points to the repository, whose commits, branches and settings must not change."""
    main = fresh_clone(tmp_path / "main").path
    git = ["git", "-C", str(main), "-c", "user.name=owner", "-c", "user.email=owner@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    tree = Clone(tmp_path / "tree")
    subprocess.run([*git, "worktree", "add", "-q", "-b", "work", str(tree.path)], check=True)
    (tree.path / "README.md").unlink()
    (tree.path / "new.txt").write_text("not committed yet")

    def repository() -> list[str]:
        asked = (["for-each-ref"], ["config", "--local", "--list"], ["log", "--all", "--oneline"], ["worktree", "list"])
        return [subprocess.run([*git, *words], capture_output=True, text=True, check=True).stdout for words in asked]

    before = repository()
    rehearse(tree, "cleanup-images.yaml", "--event", "workflow_dispatch")
    assert repository() == before
    copied = state(tree) / "checkout"
    assert (copied / ".git").is_dir()
    assert (copied / "new.txt").exists()
    assert not (copied / "README.md").exists()
    tree.inv("lab-clean")
