"""The repository's settings on GitHub."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tasks.model.github.repo_settings import SettingState, every_setting, required_checks

ROOT = Path(__file__).parents[3]


WORKFLOWS = {path.name: YAML(typ="safe").load(path) for path in sorted((ROOT / ".github/workflows").glob("*.yaml"))}


SCANNED = {"security_and_analysis": {"secret_scanning": {"status": "enabled"}}}


def standing(name: str, status: int, answer: object, *, admin: bool = True) -> tuple[str, str]:
    setting = next(each for each in every_setting("o/n", "users") if each.name == name)
    found = setting.standing(status, answer, admin=admin)
    return found.state, found.actual


@pytest.mark.parametrize(
    ("name", "status", "answer", "state", "actual"),
    [
        ("Actions are on", 200, {"enabled": True}, SettingState.OK, "yes"),
        ("Actions are on", 200, {"enabled": False}, SettingState.DIFFERS, "no"),
        ("Pages come from", 404, {}, SettingState.DIFFERS, "nowhere"),
        ("Pages come from", 200, {"build_type": "legacy"}, SettingState.DIFFERS, "legacy"),
        ("vulnerability alerts", 204, None, SettingState.OK, "yes"),
        ("vulnerability alerts", 404, {}, SettingState.DIFFERS, "no"),
        ("secret scanning", 200, SCANNED, SettingState.OK, "enabled"),
        ("secret scanning", 200, {}, SettingState.UNSEEN, ""),
        ("Actions are on", 403, {}, SettingState.UNSEEN, ""),
        ("the repository may write and delete the package", 0, None, SettingState.BY_HAND, ""),
    ],
)  # fmt: skip
def test_a_setting_stands_as_github_answers(
    name: str, status: int, answer: object, state: SettingState, actual: str
) -> None:
    """A setting that the token cannot see is reported as such, and not as a difference."""
    assert standing(name, status, answer) == (state, actual)


def test_404_for_somebody_else_means_that_it_is_not_shown() -> None:
    """GitHub also answers 404 if a token lacks a right."""
    assert standing("vulnerability alerts", 404, {}, admin=False) == (SettingState.UNSEEN, "")


def test_the_rulesets_checks_are_the_jobs_of_check_yaml() -> None:
    """They have GitHub's names for the jobs that a change runs; a ruleset that is off checks nothing."""
    setting = next(each for each in every_setting("o/n", "users") if each.path == "/rulesets")
    jobs = WORKFLOWS["check.yaml"]["jobs"].values()
    names = sorted(job["name"] for job in jobs if job.get("if") != "github.event_name == 'schedule'")
    ruleset = json.loads(json.dumps(setting.body))  # as GitHub returns it
    assert required_checks(ruleset) == {"checks": names}
    assert setting.wanted == tuple(names)
    assert required_checks({**ruleset, "enforcement": "disabled"}) == {"checks": []}


def test_only_the_owner_page_sets_what_has_no_api() -> None:
    """Every setting can be applied, or names its page."""
    assert all(each.method or each.page for each in every_setting("o/n", "orgs"))
