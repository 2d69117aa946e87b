"""Act really runs the workflows in the lab: what they leave in the registry, in issues and on the page."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked, fresh_clone
from tests.lab.test_publish import BUNDLE, IMAGE, LOGIN, STABLE


def rehearse(clone: Clone, file: str, *words: str, world: str = "everyday") -> subprocess.CompletedProcess[str]:
    """Type the recipe."""
    return clone.inv("rehearse-workflow", file, "-w", world, *words)


def jobs(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the results in the table, by file and job."""
    rows = re.findall(r"^(\S+\.yaml) +\w+ +(\S+) +(success|failure)$", done.stdout, re.MULTILINE)
    return {f"{file} {job}": result for file, job, result in rows}


def state(clone: Clone, world: str = "everyday") -> Path:
    """Return the lab's state folder."""
    return clone.path / ".lab" / world


def issues(clone: Clone, world: str = "everyday", *, opened: bool = True) -> list[dict[str, Any]]:
    """Return the issues on the lab's GitHub."""
    found = [json.loads(file.read_text()) for file in sorted(state(clone, world).glob("forge/issues/*.json"))]
    return [issue for issue in found if (issue["state"] == "open") == opened]


def stable(clone: Clone, world: str = "everyday") -> str:
    """Return the digest that the public tag points at; empty if it does not exist."""
    return clone.lab(STABLE, world).stdout.strip()


def last_run(clone: Clone, world: str = "everyday") -> dict[str, str]:
    """Return the outputs that the steps of the last build passed on."""
    found: list[dict[str, dict[str, str]]] = json.loads((state(clone, world) / "workflows.json").read_text())
    return found[0]["outputs"]


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


def test_what_only_the_referrers_api_lists_is_attached_too(own_clone: Clone) -> None:
    """If GHCR gets that API, attestations have no fallback tag, but count for promote and stay with their image."""
    world = "referrers"
    done = rehearse(own_clone, "build.yaml", world=world)
    assert done.returncode == 0, done.stderr
    kinds = {}
    for listing in ("v1.1-referrers-tag", "v1.1-referrers-api"):
        discover = f"oras discover --distribution-spec {listing} --format json {IMAGE}:stable"
        kinds[listing] = [
            each["artifactType"] for each in json.loads(own_clone.lab(discover, world).stdout)["manifests"]
        ]
    assert [kinds[listing].count(BUNDLE) for listing in kinds] == [0, 2]
    shown = json.loads(own_clone.lab("inv history --json", world).stdout)["images"]
    assert [(image["stable"], image["verified"], image["signed"]) for image in shown] == [(True, True, True)]
    fates = own_clone.lab("export GITHUB_TOKEN=lab-token; inv cleanup-dry-run 0 --json", world)
    kept = {row["digest"] for row in json.loads(fates.stdout)["versions"] if row["fate"] == "keep"}
    listed = json.loads(own_clone.lab(discover, world).stdout)["manifests"]
    assert {each["digest"] for each in listed} <= kept


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
    assert "cache-hit=true" in done.stderr  # what the first one has saved
    assert "cache-hit=false" not in done.stderr
    assert last_run(daily)["verdict"] == "SKIP"
    assert stable(daily) == before


def test_the_runs_are_listed(daily: Clone) -> None:
    """The recipes show event, result, age and duration."""
    listed = checked(daily.lab("GITHUB_TOKEN=lab-token inv all-workflows --json").stdout, "runs")["runs"]
    found = {(run["workflow"], run["event"], run["result"]) for run in listed}
    assert {("build.yaml", "schedule", "success"), ("pages.yaml", "workflow_dispatch", "success")} <= found
    shown = daily.lab("GITHUB_TOKEN=lab-token inv workflow-status").stdout
    assert re.search(r"^build\.yaml +main +schedule +success +less than an hour +\d+ min \d+ s", shown, re.MULTILINE)


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


def test_a_scheduled_cleanup_before_the_first_publication_succeeds(own_clone: Clone) -> None:
    """There is nothing to delete, and the watchdog has nothing to report."""
    done = rehearse(own_clone, "cleanup-images.yaml", "--event", "schedule")
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"cleanup-images.yaml cleanup": "success", "cleanup-images.yaml watchdog": "success"}
    assert "does not exist yet: there is nothing to clean up" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def littered(daily: Clone) -> Clone:
    """Return the same clone, with an image under a meaningless tag, which cleanup may delete at once."""
    daily.replace("invoke.yaml", "retention_days: 90", "retention_days: 0")
    daily.replace("invoke.yaml", "keep_images: 3", "keep_images: 0")
    copied = "skopeo --insecure-policy copy -q --authfile ~/.docker/config.json"
    done = daily.lab(f"{LOGIN} && {copied} docker://quay.io/fedora/fedora-coreos:stable docker://{IMAGE}:stray")
    assert done.returncode == 0, done.stderr
    return daily


def has_litter(clone: Clone) -> bool:
    return clone.lab(f"skopeo inspect --no-tags docker://{IMAGE}:stray").returncode == 0


@pytest.mark.full
@pytest.mark.parametrize("words", [(), ("--input", "dry_run=true")])
def test_cleanup_by_hand_is_dry_unless_it_says_otherwise(littered: Clone, words: tuple[str, ...]) -> None:
    """That is the form's default, and what `inv run-cleanup` sends."""
    assert rehearse(littered, "cleanup-images.yaml", "--event", "workflow_dispatch", *words).returncode == 0
    assert has_litter(littered)


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


def test_blocked_fails_the_run_opens_one_issue_and_closes_it_when_it_is_over(own_clone: Clone) -> None:
    """Two blocked runs give one issue, reported once; the next good run closes it with one comment."""
    for _ in range(2):
        done = rehearse(own_clone, "build.yaml", world="beyond-matrix")
        assert_three_lines(done, "the rehearsal of build.yaml failed")
        assert jobs(done) == {"build.yaml query-versions": "failure", "build.yaml watchdog": "success"}
        assert "::error title=nothing can be built from Fedora CoreOS 44.20261117.3.0" in done.stderr
    (issue,) = issues(own_clone, "beyond-matrix")
    assert issue["title"] == "No image can be built"
    assert issue["labels"] == ["watchdog"]
    assert "7.3" in issue["body"]
    assert "What you can do: ./inv sync-matrix" in issue["body"]
    shutil.copytree(state(own_clone, "beyond-matrix") / "forge", state(own_clone) / "forge")
    done = rehearse(own_clone, "build.yaml", "--no-secrets")
    assert done.returncode == 0, done.stderr
    assert jobs(done)["build.yaml build"] == "success"
    assert "the secret SIGNING_KEY is missing" in done.stderr  # a fork builds and verifies, but does not publish
    assert re.search(r"\[build\] ok +modules-load", done.stderr)
    assert stable(own_clone) == ""
    assert issues(own_clone) == []
    (closed,) = issues(own_clone, opened=False)
    assert closed["number"] == issue["number"]
    (comment,) = [json.loads(file.read_text()) for file in (state(own_clone) / "forge/comments").glob("*.json")]
    assert "All is well again. It was: No image can be built" in comment["body"]


@pytest.mark.full
@pytest.mark.parametrize(
    ("file", "words", "world", "failed", "why"),
    [
        ("build.yaml", (), "quay-down", "query-versions", "quay.io"),
        ("build.yaml", ("--event", "workflow_dispatch"), "wrong-kernel", "build", "nothing provides kernel-uname-r"),
        ("build.yaml", ("--no-secrets",), "github-down", "watchdog", "api.github.com did not answer"),
        ("cleanup-images.yaml", (), "packages-down", "cleanup", "api.github.com answered 500"),
        ("pages.yaml", ("--event", "push"), "quay-down", "site", "quay.io"),
        ("pages.yaml", ("--event", "workflow_dispatch"), "quay-down", "site", "quay.io"),
    ],
)
def test_a_failure_in_each_job_is_told(
    own_clone: Clone, file: str, words: tuple[str, ...], world: str, failed: str, why: str
) -> None:
    """The run fails in that job with its reason, stable does not move, and the issue names the workflow."""
    done = rehearse(own_clone, file, *words, world=world)
    assert_three_lines(done, f"the rehearsal of {file} failed")
    assert jobs(done)[f"{file} {failed}"] == "failure"
    assert why in done.stderr
    assert stable(own_clone, world) == ""
    found = issues(own_clone, world)
    if failed == "watchdog":
        assert found == []
    else:
        assert f"{file} fails" in found[0]["title"]
        assert f"failed: {failed}; see https://github.com/samhclark/custom-coreos/actions/runs/1" in found[0]["body"]


NEW_DAY = {
    "no key": (("--no-secrets",), "make a key and commit it: ./inv keygen"),
    "a key, and Pages off": ((), "GitHub Pages come from nowhere, not from a workflow"),
}


@pytest.mark.parametrize("day", NEW_DAY)
def test_a_new_repository_does_not_start_red(own_clone: Clone, day: str) -> None:
    """The first pushes end well, with a notice that says what to do; nothing is deployed, and no issue is opened."""
    words, told = NEW_DAY[day]
    settings = state(own_clone) / "forge/settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"/pages": None}))
    done = rehearse(own_clone, "pages.yaml", "--event", "push", *words)
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"pages.yaml site": "success", "pages.yaml watchdog": "success"}
    assert "::notice title=No page yet::" in done.stderr
    assert told in done.stderr
    assert list((state(own_clone) / "pages").iterdir()) == []
    assert issues(own_clone) == []


@pytest.mark.full
def test_with_a_key_and_pages_on_the_page_is_deployed(own_clone: Clone) -> None:
    """That also works before the first image."""
    done = rehearse(own_clone, "pages.yaml", "--event", "push")
    assert done.returncode == 0, done.stderr
    assert jobs(done)["pages.yaml deploy"] == "success"
    assert (state(own_clone) / "pages/index.html").exists()


def test_a_workflow_is_refused_a_package_that_was_first_pushed_by_hand(own_clone: Clone) -> None:
    """The error quotes GitHub, and has the page that gives the repository the right; nothing is promoted."""
    done = rehearse(own_clone, "build.yaml", world="private")
    assert_three_lines(done, "the rehearsal of build.yaml failed")
    assert jobs(done)["build.yaml build"] == "failure"
    assert "permission_denied: write_package" in done.stderr
    page = "https://github.com/users/samhclark/packages/container/custom-coreos/settings"
    assert f"Manage Actions access: {page}" in done.stderr
    assert not list(state(own_clone, "private").glob("registry/ghcr.io/**/custom-coreos/_manifests/tags/*"))


@pytest.mark.full
def test_a_page_that_cannot_be_deployed_is_told(own_clone: Clone) -> None:
    """That is the last job that can fail."""
    place = state(own_clone) / "pages"
    place.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)  # it cannot be removed
    try:
        done = rehearse(own_clone, "pages.yaml", "--event", "push")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert jobs(done)["pages.yaml site"] == "success"
    assert jobs(done)["pages.yaml deploy"] == "failure"
    assert "failed: deploy" in issues(own_clone)[0]["body"]


@pytest.mark.full
def test_hold_is_a_notice_and_no_failure(own_clone: Clone) -> None:
    """While the newest release waits, the older one is built on the first day, and stays for every later event."""
    assert rehearse(own_clone, "build.yaml", "--event", "workflow_dispatch", world="waiting").returncode == 0
    before = stable(own_clone, "waiting")
    for event in ("schedule", "workflow_dispatch"):
        done = rehearse(own_clone, "build.yaml", "--event", event, world="waiting")
        assert done.returncode == 0, done.stderr
        assert jobs(done) == {"build.yaml query-versions": "success", "build.yaml watchdog": "success"}
        assert "## HOLD" in done.stdout
        assert before == stable(own_clone, "waiting") != ""
    assert issues(own_clone, "waiting") == []


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
@pytest.mark.parametrize("event", ["push", "schedule", "pull_request"])
def test_the_checks_run_for_each_of_their_events(own_clone: Clone, event: str) -> None:
    """They run up to lint, because the tests would start this lab again."""
    done = rehearse(own_clone, "check.yaml", "--event", event)
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"check.yaml lint": "success"}


@pytest.mark.full
def test_a_repository_with_capitals_publishes_in_lower_case(own_clone: Clone) -> None:
    """Registries only allow lower case; the image has the repository's name."""
    for words in (["init", "-q"], ["remote", "add", "origin", "https://github.com/Owner/Home-Server.git"]):
        subprocess.run(["git", "-C", str(own_clone.path), *words], check=True)
    own_clone.replace("invoke.yaml", "ghcr.io/samhclark/custom-coreos ", "ghcr.io/owner/home-server ")
    own_clone.replace("butane.yaml", "ecdsa-sha2-nistp256", "ssh-ed25519")
    done = rehearse(own_clone, "build.yaml")
    assert done.returncode == 0, done.stderr
    assert last_run(own_clone)["image"] == "ghcr.io/owner/home-server"
    assert own_clone.lab("skopeo inspect --no-tags docker://ghcr.io/owner/home-server:stable").returncode == 0


@pytest.mark.full
def test_a_strangers_pull_request_reaches_no_secret(own_clone: Clone) -> None:
    """It edits a recipe that the checks run: no key is there, and the token cannot write."""
    own_clone.replace(
        "tasks/develop.py", "    checks = _checks(c)\n",
        "    import os\n    print('SEEN', sorted(name for name in os.environ if 'SIGN' in name or 'TOKEN' in name))\n"
        "    print('FOUND', os.popen('cat ~/.docker/config.json ~/.config/custom-coreos/* 2>&1').read())\n"
        "    checks = _checks(c)\n",
    )  # fmt: skip
    done = rehearse(own_clone, "check.yaml", "--event", "pull_request")
    assert "[lint] SEEN []" in done.stderr
    assert done.stderr.count("No such file") == 2
    assert jobs(done) == {"check.yaml lint": "failure"}  # the planted lines break the rules
    assert "ruff" in done.stderr
    given = (state(own_clone) / "runner/secrets").read_text()
    assert "SIGNING_KEY" not in given
    token = given.partition('"')[2].partition('"')[0]
    refused = own_clone.lab(f"podman login -u owner --password-stdin ghcr.io <<< {token}")
    assert refused.returncode != 0


@pytest.mark.full
def test_a_run_that_is_cancelled_between_signature_and_promotion_is_finished_by_the_next(own_clone: Clone) -> None:
    """The next run may be of another commit; the published image stays, and no issue is opened."""
    assert rehearse(own_clone, "build.yaml").returncode == 0
    before = stable(own_clone)
    (own_clone.path / "overlay-root/etc").mkdir()
    (own_clone.path / "overlay-root/etc/motd").write_text("the next one\n")
    argv = [str(own_clone.path / "inv"), "rehearse-workflow", "build.yaml"]
    with subprocess.Popen(
        argv, cwd=own_clone.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr
        for line in run.stderr:
            if "next: ./inv promote" in line:
                run.terminate()
    assert stable(own_clone) == before
    done = rehearse(own_clone, "build.yaml")
    assert done.returncode == 0, done.stderr
    assert stable(own_clone) == last_run(own_clone)["digest"] != before
    assert issues(own_clone) == []
