"""Recipes that act on GitHub: the watchdog's issue, settings and runs; and the doctor, which checks all of it."""

import json
import re
import subprocess
import threading
import time
from typing import Any

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked
from tests.lab.published import LOGIN
from tests.lab.rehearsed import issues, state

NARROW = "GITHUB_TOKEN=lab-token-without-packages"
TOKEN = "export GITHUB_TOKEN=lab-token; "  # noqa: S105  (it opens nothing but the lab)
RUN = "GITHUB_WORKFLOW_REF=o/n/.github/workflows/{file}@refs/heads/main inv watchdog --jobs '{jobs}'; "


def run(file: str, result: str) -> str:
    """Call the watchdog as at the end of a workflow."""
    return RUN.format(file=file, jobs=json.dumps({"job": {"result": result, "outputs": None}}))


def comments(clone: Clone, world: str) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in state(clone, world).glob("forge/comments/*.json")]


@pytest.mark.full
def test_there_is_never_more_than_one_issue_and_one_comment_for_each_end(own_clone: Clone) -> None:
    """Several workflows have bad days, in a mixed order."""
    bad = run("build.yaml", "failure") * 2 + run("cleanup-images.yaml", "failure") + run("build.yaml", "cancelled")
    half = run("cleanup-images.yaml", "success")
    done = own_clone.lab(TOKEN + bad + half)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "build.yaml fails", "build.yaml fails", "build.yaml fails; cleanup-images.yaml fails",
        "build.yaml fails; cleanup-images.yaml fails", "build.yaml fails",
    ]  # fmt: skip
    assert [issue["title"] for issue in issues(own_clone)] == ["build.yaml fails"]
    done = own_clone.lab(TOKEN + run("build.yaml", "success") * 2 + run("build.yaml", "failure"))
    assert done.stdout.splitlines() == ["all is well", "all is well", "build.yaml fails"]
    assert "could not be read" not in done.stderr  # neither the decision nor the forecast
    assert len(issues(own_clone, opened=False)) == len(comments(own_clone, "everyday")) == 1
    assert len(issues(own_clone)) == 1


def test_an_answer_that_was_lost_opens_no_second_issue(own_clone: Clone) -> None:
    """GitHub opened the issue, but answered 502."""
    done = own_clone.lab(f"{TOKEN} inv watchdog && inv watchdog", "issues-502")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Nothing newer can be built"] * 2
    assert len(issues(own_clone, "issues-502")) == 1


def test_a_second_open_issue_is_closed(own_clone: Clone) -> None:
    """Two runs may have opened one at the same moment; an issue of the owner's with the same label stays as it is."""
    place = state(own_clone) / "forge/issues"
    place.mkdir(parents=True)
    for number, body in enumerate(("my own", "<!-- state: [] -->", "<!-- state: [{] -->"), 1):
        row = {"number": number, "title": "x", "body": body, "labels": ["watchdog"], "state": "open"}
        (place / f"{number}.json").write_text(json.dumps(row))
    done = own_clone.lab(TOKEN + run("build.yaml", "failure"))
    assert done.returncode == 0, done.stderr
    assert [(issue["number"], issue["title"]) for issue in issues(own_clone)] == [(1, "x"), (2, "build.yaml fails")]
    assert [comment["body"] for comment in comments(own_clone, "everyday")] == ["It continues in #2."]


def test_a_block_is_told_before_it_comes(own_clone: Clone) -> None:
    """An unsupported kernel in the forecast opens the issue, although today is fine."""
    done = own_clone.lab(f"{TOKEN} inv watchdog", "storm-ahead")
    assert done.stdout == "Builds will be blocked\n", done.stderr
    (issue,) = issues(own_clone, "storm-ahead")
    assert "no OpenZFS release supports it yet" in issue["body"]
    assert "44.20261110.3.0 (kernel 7.1.9) has kmods of OpenZFS 2.4.4" in issue["body"]


@pytest.mark.full
def test_a_source_that_cannot_be_read_does_not_mean_that_all_is_well(own_clone: Clone) -> None:
    """One stream ahead leaves the others; an issue stays open until everything was looked at."""
    shown = checked(own_clone.lab("inv forecast --json", "next-down").stdout, "forecast")
    assert [row["stream"] for row in shown["ahead"]] == ["testing"]
    assert any(note.endswith("nothing is known about next") for note in shown["notes"])
    done = own_clone.lab(TOKEN + run("build.yaml", "failure") + run("build.yaml", "success"), "next-down")
    assert done.stdout.endswith("nothing is known to be wrong, but the stream next could not be read\n"), done.stderr
    (issue,) = issues(own_clone, "next-down")
    assert "build.yaml fails" in issue["title"]


@pytest.mark.parametrize(
    ("command", "world", "words"),
    [
        ("inv watchdog", "everyday", ("there is no token for GitHub", "gh auth login")),
        ("GITHUB_TOKEN=x inv watchdog", "everyday", ("could not be listed", "GitHub answered 403: Resource not")),
        ("GITHUB_TOKEN=lab-token inv watchdog", "github-down", ("could not be listed", "did not answer")),
        ("GITHUB_TOKEN=lab-token inv watchdog --jobs '{}}'", "everyday", ("--jobs is wrong",)),
        ("GITHUB_TOKEN=lab-token inv run-cleanup-force", "everyday", ("nothing was done", "add --yes")),
        ("GITHUB_TOKEN=x inv run-workflow", "everyday", ("build.yaml could not be started", "403")),
        (f"{NARROW} inv cleanup", "everyday", ("could not be listed", "at least read:packages", "delete:packages")),
    ],
)  # fmt: skip
def test_what_github_does_not_do_is_told(clone: Clone, command: str, world: str, words: tuple[str, ...]) -> None:
    """Three lines say what to type."""
    assert_three_lines(clone.lab(command, world), *words)


def test_a_token_that_may_not_touch_packages_is_told_of(clone: Clone) -> None:
    """Doctor names the scopes and how to get them; repo-settings reports what it could not see."""
    done = clone.lab(f"export {NARROW}; inv doctor; inv repo-settings")
    assert re.search(r"^warning +GitHub login +owner lacks .* --scopes write:packages", done.stdout, re.MULTILINE)
    assert re.search(r"^the package is +\? +public +not shown to this token https", done.stdout, re.MULTILINE)


@pytest.mark.full
def test_a_run_is_watched_to_its_end(own_clone: Clone) -> None:
    """The recipe reports each change, and fails if the run fails."""
    run_file = state(own_clone) / "forge/runs/1.json"

    def github() -> None:
        for change in ({"status": "in_progress"}, {"status": "completed", "conclusion": "failure"}):
            while not run_file.exists():
                time.sleep(0.1)
            time.sleep(4)
            run_file.write_text(json.dumps(json.loads(run_file.read_text()) | change))

    thread = threading.Thread(target=github)
    thread.start()
    done = own_clone.lab(f"{TOKEN} inv run-workflow --force-rebuild --watch")
    thread.join()
    assert_three_lines(done, "build.yaml ended with failure")
    assert "queued: https://github.com/owner/runs/1" in done.stderr
    assert "in_progress: " in done.stderr
    assert json.loads(run_file.read_text())["inputs"] == {"force_rebuild": "true"}


def test_settings_are_held_against_what_is_wanted_and_applied_by_the_flag_alone(own_clone: Clone) -> None:
    """Reading changes nothing; a setting without an API names its page; the second time there is nothing to do."""
    looked = own_clone.lab(f"{TOKEN} inv repo-settings")
    assert_three_lines(looked, "10 settings of samhclark/custom-coreos must change")
    assert re.search(r"a workflow's token may only read +write +read +differs$", looked.stdout, re.MULTILINE)
    assert "users/samhclark/packages/container/custom-coreos/settings" in looked.stdout
    assert not (state(own_clone) / "forge/settings.json").exists()
    applied = own_clone.lab(f"{TOKEN} inv repo-settings --apply")
    assert_three_lines(applied, "1 setting of", "the package is")  # nothing is published yet
    assert re.search(r"main requires +Lint, Test +Lint, Test +ok$", applied.stdout, re.MULTILINE)
    again = own_clone.lab(f"{TOKEN} inv repo-settings --apply")
    assert "setting:" not in again.stderr


@pytest.mark.full
def test_the_settings_of_an_organisation_name_its_own_page(own_clone: Clone) -> None:
    """Its packages are on another page."""
    done = own_clone.lab(f"{TOKEN} inv repo-settings", "organisation")
    assert "github.com/orgs/samhclark/packages/container/custom-coreos/settings" in done.stdout


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in checked(done.stdout, "doctor")["findings"]}


def test_the_doctor_finds_what_is_missing_and_what_is_wrong(own_clone: Clone) -> None:
    """In a fresh clone with a login and a foreign key it exits with 1, and every line names the fix."""
    own_clone.replace("invoke.yaml", "ghcr.io/samhclark/custom-coreos ", "ghcr.io/owner/custom-coreos ")
    done = own_clone.lab(f"{TOKEN} {LOGIN}; inv doctor --json")
    found = findings(done)
    assert done.returncode == 1
    assert {name for name, row in found.items() if row["state"] == "FAILED"} == {"butane.yaml"}
    assert found["butane.yaml"]["fix"] == "./inv adopt"
    assert found["key and policy"]["fix"] == "./inv keygen"
    assert found["podman"]["message"].endswith("tried: it signs an image, verifies it, and runs a container")
    assert (
        found["registry"]["message"]
        == "ghcr.io accepts the login, which may push ghcr.io/owner/custom-coreos and ghcr.io/owner/custom-coreos-kmods"
    )
    assert found["GitHub login"]["state"] == "ok"
    assert found["Pages"]["fix"] == "./inv repo-settings --apply"
    assert all(row["fix"] for row in found.values() if row["state"] != "ok")


@pytest.mark.full
def test_the_doctor_knows_a_private_key_that_does_not_fit(own_clone: Clone) -> None:
    """No host would accept what that key signs."""
    public = "overlay-root/etc/pki/cosign/cosign.pub"
    made = own_clone.lab(f"inv keygen && cp {public} old && rm ~/.config/custom-coreos/* {public} && inv keygen")
    assert made.returncode == 0, made.stderr
    done = own_clone.lab(f"mv old {public}; inv doctor --json")
    found = findings(done)
    assert found["private key"]["state"] == "FAILED"
    assert "does not ship the public half" in found["private key"]["message"]


@pytest.mark.full
def test_the_doctor_knows_a_key_whose_keygen_was_killed_at_its_end(own_clone: Clone) -> None:
    """The public half ships; only its own file has not its last name yet."""
    private = "~/.config/custom-coreos/signing"
    done = own_clone.lab(f"inv keygen >&2 && mv {private}.pub {private}.pub.new && inv doctor --json")
    assert findings(done)["private key"]["state"] == "ok"


def test_the_doctor_serves_without_any_network(clone: Clone) -> None:
    """With loopback only, it is quick, without a traceback, and unreachable hosts are no failure."""
    begun = time.monotonic()
    argv = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec ./inv doctor --json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=clone.path)
    found = findings(done)
    assert found["registry"]["state"] == found["matrix"]["state"] == "warning"
    assert found["git"]["state"] == "ok"
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begun < 10  # one connection that waits for an answer costs 20 s


def test_the_table_has_a_tool_of_every_name(clone: Clone) -> None:
    """Each has its version; the table is for people."""
    shown = clone.lab("inv doctor").stdout
    for name, version in (("oras", r"1\.2\.3"), ("act", r"0\.2\.82"), ("gitleaks", r"v8\."), ("butane", r"0\.29\.0")):
        assert re.search(rf"^ok +{name} +{version}", shown, re.MULTILINE)
