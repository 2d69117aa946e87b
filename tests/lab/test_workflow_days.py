"""The workflows on days of their own: first days, bad days, clicks and strangers, as act runs them in the lab."""

import json
import re
import shutil
import subprocess

import pytest

from tests.lab.conftest import Clone, assert_three_lines
from tests.lab.published import BUNDLE, IMAGE
from tests.lab.rehearsed import issues, jobs, last_run, rehearse, stable, state


@pytest.mark.full
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


@pytest.mark.full
def test_a_scheduled_cleanup_before_the_first_publication_succeeds(own_clone: Clone) -> None:
    """There is nothing to delete, and the watchdog has nothing to report."""
    done = rehearse(own_clone, "cleanup-images.yaml", "--event", "schedule")
    assert done.returncode == 0, done.stderr
    assert jobs(done) == {"cleanup-images.yaml cleanup": "success", "cleanup-images.yaml watchdog": "success"}
    assert "does not exist yet: there is nothing to clean up" in done.stdout + done.stderr


@pytest.mark.full
def test_blocked_fails_the_run_opens_one_issue_and_closes_it_when_it_is_over(own_clone: Clone) -> None:
    """Two blocked runs give one issue, reported once; the next good run closes it with one comment."""
    for _ in range(2):
        done = rehearse(own_clone, "build.yaml", world="beyond-matrix")
        assert_three_lines(done, "the rehearsal of build.yaml failed")
        assert jobs(done) == {"build.yaml query-versions": "failure", "build.yaml watchdog": "success"}
        assert "::error title=nothing can be built from Fedora CoreOS 44.20261117.3.0" in done.stderr
    (issue,) = issues(own_clone, "beyond-matrix")
    assert issue["title"] == "Nothing newer can be built"
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
    assert "All is well again. It was: Nothing newer can be built" in comment["body"]


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


@pytest.mark.full
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


@pytest.mark.full
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
    own_clone.replace("lab/actions/deploy-pages/action.yml", "-delete\n", "-delete\n        exit 1\n")  # Pages is down
    done = rehearse(own_clone, "pages.yaml", "--event", "push")
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
        "tasks/flows/lint.py", "    checks = _checks(config)\n",
        "    import os\n    print('SEEN', sorted(name for name in os.environ if 'SIGN' in name or 'TOKEN' in name))\n"
        "    print('FOUND', os.popen('cat ~/.docker/config.json ~/.config/custom-coreos/* 2>&1').read())\n"
        "    checks = _checks(config)\n",
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
    (own_clone.path / "overlay-root/etc").mkdir(exist_ok=True)
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
