"""The workflow files as data: rules that act does not enforce."""

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tasks.flows import test as develop

ROOT = Path(__file__).parents[3]


WORKFLOWS = {path.name: YAML(typ="safe").load(path) for path in sorted((ROOT / ".github/workflows").glob("*.yaml"))}


def triggers(workflow: dict[Any, Any]) -> dict[str, Any]:
    return dict(workflow["on"])


JOBS = [(file, name, job) for file, flow in WORKFLOWS.items() for name, job in flow["jobs"].items()]


def called(step: dict[str, Any]) -> list[str]:
    """Return the recipes that a step calls."""
    return re.findall(r"^(?:\w+=\S+ )?\./inv ([a-z][a-z-]+)", step.get("run", ""), re.MULTILINE)


def of_action(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """Return the steps of a job that use an action."""
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


def test_publishing_and_deleting_are_serialized_and_never_cancelled() -> None:
    """Act ignores concurrency, so this test reads it as data."""
    for name in ("build.yaml", "cleanup-images.yaml"):
        assert WORKFLOWS[name]["concurrency"] == {"group": "registry", "cancel-in-progress": False}
    for workflow in WORKFLOWS.values():
        watchdog = workflow["jobs"].get("watchdog")
        assert watchdog is None or watchdog["concurrency"] == {"group": "watchdog", "cancel-in-progress": False}


def test_every_job_has_the_least_rights() -> None:
    """The top level has no rights; a job has a right to write only if it uses it."""
    granted = {
        (name, job, right)
        for name, workflow in WORKFLOWS.items()
        for job, body in workflow["jobs"].items()
        for right, level in body["permissions"].items()
        if level == "write"
    }
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())
    assert granted == {
        ("build.yaml", "publish-kmods", "packages"), ("build.yaml", "publish-kmods", "id-token"),
        ("build.yaml", "publish-kmods", "attestations"),
        ("build.yaml", "build", "packages"), ("build.yaml", "build", "id-token"),
        ("build.yaml", "build", "attestations"), ("build.yaml", "build", "actions"),
        ("build.yaml", "watchdog", "issues"), ("cleanup-images.yaml", "cleanup", "packages"),
        ("cleanup-images.yaml", "watchdog", "issues"), ("cleanup-images.yaml", "watchdog", "actions"),
        ("pages.yaml", "deploy", "pages"), ("pages.yaml", "deploy", "id-token"), ("pages.yaml", "watchdog", "issues"),
    }  # fmt: skip


def test_what_compiles_others_source_sees_no_key_and_what_has_the_key_compiles_nothing() -> None:
    """The kmods job can only read the repository; the other job takes its result and checks it."""
    jobs = WORKFLOWS["build.yaml"]["jobs"]
    assert jobs["kmods"]["permissions"] == {"contents": "read"}
    assert "secrets." not in json.dumps(jobs["kmods"])
    with_key = [step for step in jobs["publish-kmods"]["steps"] if "secrets." in json.dumps(step)]
    assert [step["name"] for step in with_key] == ["Check, sign and push the modules"]
    commands = [step["run"] for step in jobs["publish-kmods"]["steps"] if called(step) == ["build-kmods"]]
    assert commands
    assert all("--load" in command for command in commands)


def test_an_image_is_built_also_when_kmods_could_not_be() -> None:
    """The jobs before it need not have run, but the first one must have decided."""
    build = WORKFLOWS["build.yaml"]["jobs"]["build"]
    assert build["needs"] == ["query-versions", "kmods", "publish-kmods"]
    assert build["if"].startswith("!cancelled() && needs.query-versions.result == 'success'")
    assert set(WORKFLOWS["build.yaml"]["jobs"]["watchdog"]["needs"]) == set(WORKFLOWS["build.yaml"]["jobs"]) - {
        "watchdog"
    }


def test_the_schedules_are_those_that_are_promised() -> None:
    """Daily at six with a second try, weekly on Sundays at two, all tests once a week."""
    crons = {name: [each["cron"] for each in triggers(flow).get("schedule", [])] for name, flow in WORKFLOWS.items()}
    assert crons["build.yaml"][0] == "0 6 * * *"
    assert len(crons["build.yaml"]) == 2
    assert crons["cleanup-images.yaml"] == ["0 2 * * 0"]
    assert len(crons["check.yaml"]) == 1


def test_what_strangers_can_start_has_no_secret_and_may_write_nothing() -> None:
    """A pull request only runs check.yaml, which names no secret at all."""
    started = [name for name, flow in WORKFLOWS.items() if {"pull_request", "pull_request_target"} & {*triggers(flow)}]
    assert started == ["check.yaml"]
    assert "pull_request_target" not in triggers(WORKFLOWS["check.yaml"])
    text = (ROOT / ".github/workflows/check.yaml").read_text()
    assert not re.search(r"secrets|github\.token|write", text)


def test_no_expression_stands_in_a_script_and_every_action_is_pinned() -> None:
    """The pin is a commit, with its version in a comment."""
    for path in (ROOT / ".github/workflows").glob("*.yaml"):
        for job in WORKFLOWS[path.name]["jobs"].values():
            assert not any("${{" in step.get("run", "") for step in job["steps"])
        uses = re.findall(r"uses: (.*)", path.read_text())
        assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in uses)


def test_every_job_that_builds_runs_where_the_distributions_podman_signs() -> None:
    """Ubuntu 24.04's podman cannot sign, and AppArmor lets no other podman make user namespaces there."""
    assert {job["runs-on"] for _, _, job in JOBS} == {"ubuntu-26.04"}


def test_whoever_asks_what_is_published_has_a_login() -> None:
    """GHCR gives a stranger the same answer for missing and private; a wrong guess would publish again."""
    asking = {"versions", "site", "watchdog", "cleanup", "publish", "promote"}
    seen = 0
    for file, name, job in JOBS:
        steps = job["steps"]
        asks = [number for number, step in enumerate(steps) if {*called(step)} & asking]
        if not asks:
            continue
        logins = [
            number for number, step in enumerate(steps) if step.get("uses", "").startswith("docker/login-action@")
        ]
        assert logins, (file, name)
        assert logins[0] < asks[0], (file, name)
        assert job["permissions"]["packages"] in {"read", "write"}, (file, name)
        seen += 1
    assert seen == 8


def test_tools_are_installed_by_a_step_of_its_own_that_sees_no_secret() -> None:
    """It names every recipe of the job, so that a step with a secret finds everything installed."""
    for file, name, job in JOBS:
        steps = [step for step in job["steps"] if called(step)]
        if not steps or "--full" in steps[-1]["run"]:  # the weekly job has no secret, and starts from nothing
            continue
        assert called(steps[0]) == ["setup"], (file, name)
        assert "env" not in steps[0]
        assert {recipe for step in steps[1:] for recipe in called(step)} <= {
            *steps[0]["run"].split()[-1].split(","), "run-pages",  # it needs no tool
        }, (file, name)  # fmt: skip


def test_a_job_with_the_key_takes_nothing_from_a_cache() -> None:
    """Anything that another job wrote there would see the key."""
    for file, name, job in JOBS:
        restored = of_action(job, "actions/cache/restore")
        if "secrets.SIGNING_KEY }}" in json.dumps(job):
            assert all(step["if"] == "env.HAS_KEY == 'false'" for step in restored), (file, name)
            assert all("without-key" in step["with"]["key"] for step in restored)
        else:
            assert all("without-key" not in step["with"]["key"] for step in restored)


def test_what_was_installed_is_kept_also_when_a_later_step_fails() -> None:
    """It is saved right after installation, under the key of the lookup, because the set-up changes hashed files."""
    seen = 0
    for _, _, job in JOBS:
        for restored, saved in zip(
            of_action(job, "actions/cache/restore"), of_action(job, "actions/cache/save"), strict=True
        ):
            steps = job["steps"]
            assert called(steps[steps.index(saved) - 1]) == ["setup"]
            assert restored["with"]["path"] == saved["with"]["path"]
            assert saved["with"]["key"] == "${{ steps.cache.outputs.cache-primary-key }}"
            assert "hashFiles('inv', 'tools/**', 'uv.lock')" in restored["with"]["key"]
            assert saved["if"].endswith("steps.cache.outputs.cache-hit != 'true'")
            seen += 1
    assert seen


def test_the_weekly_run_goes_through_every_part_of_the_tests() -> None:
    """A test file that is in no part belongs to the rest."""
    parts = WORKFLOWS["check.yaml"]["jobs"]["everything"]["strategy"]["matrix"]["part"]
    assert parts == [*develop.PARTS, "rest"]
    assert all((ROOT / f"tests/lab/test_{name}.py").exists() for names in develop.PARTS.values() for name in names)


def test_the_tests_run_in_the_same_container_each_time() -> None:
    """It has its own control groups for podman, and temporary files on a file system where podman's storage works."""
    jobs = WORKFLOWS["check.yaml"]["jobs"]
    assert jobs["test"]["container"] == jobs["everything"]["container"]
    assert jobs["test"]["container"]["options"] == "--privileged --cgroupns=host"
    for name in ("test", "everything"):
        assert jobs[name]["steps"][-1]["run"].startswith('TMPDIR="$RUNNER_TEMP" ./inv test')
