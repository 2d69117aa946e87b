"""The settings that the repository on GitHub should have, as data, and how its actual settings differ.

Formats: docs.github.com/rest (repos, actions/permissions, pages, repos/rules, packages).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote

UNSEEN = (401, 403, 404)  # GitHub's statuses for settings that are missing, or that a token may not see
_EXISTS, _MISSING = (200, 204), 404
_CHECKS = ("Lint", "Test")  # the jobs of check.yaml


class SettingState(StrEnum):
    """How a setting compares with its wanted value."""

    OK = "ok"
    DIFFERS = "differs"
    UNSEEN = "not shown to this token"
    BY_HAND = "by hand"  # the API neither shows nor sets it


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting: where to read it, its wanted value, and the request that sets it."""

    name: str
    path: str | None  # below /repos/OWNER/NAME (empty: the repository), or a package's full path; None: not in the API
    pick: tuple[str, ...] = ()  # the keys that lead to the value; none: the value is that it exists
    wanted: object = True
    absent: object = None  # the value if GitHub tells an administrator that there is none
    method: str = ""  # sends `body` to set it; empty: no API sets it
    body: Mapping[str, object] = field(default_factory=dict)
    page: str = ""  # below the repository's address, or a full address: where to see and set it by hand

    def standing(self, status: int, answer: object, *, admin: bool) -> "ActualSetting":
        """The setting's state according to GitHub's answer; only an administrator sees everything."""
        if self.path is None:
            return ActualSetting(self, "", SettingState.BY_HAND)
        actual = self._actual(answer) if status in _EXISTS else self.absent if admin and status == _MISSING else None
        if actual is None:
            return ActualSetting(self, "", SettingState.UNSEEN)
        return ActualSetting(self, _shown(actual), SettingState.OK if actual == self.wanted else SettingState.DIFFERS)

    def _actual(self, answer: object) -> object:
        if not self.pick:
            return True
        for key in self.pick:
            answer = answer.get(key) if isinstance(answer, dict) else None
        return tuple(answer) if isinstance(answer, list) else answer


@dataclass(frozen=True, slots=True)
class ActualSetting:
    """A setting with its actual value."""

    setting: Setting
    actual: str
    state: SettingState

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its line in the table."""
        page = (
            ""
            if self.state is SettingState.OK or (self.state is SettingState.DIFFERS and self.can_apply)
            else self.setting.page
        )
        return self.setting.name, self.actual or "?", _shown(self.setting.wanted), f"{self.state} {page}".strip()

    @property
    def can_apply(self) -> bool:
        """Whether the API can set it."""
        return bool(self.setting.method)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def required_checks(ruleset: object) -> dict[str, object]:
    """The checks that a ruleset requires, as a sorted list under `checks`."""
    rules = ruleset.get("rules") if isinstance(ruleset, dict) else None
    names: list[str] = []
    for rule in rules if isinstance(rules, list) else []:
        if isinstance(rule, dict) and rule.get("type") == "required_status_checks":
            parameters = rule.get("parameters")
            checks = parameters.get("required_status_checks", []) if isinstance(parameters, dict) else []
            names += [str(check.get("context")) for check in checks if isinstance(check, dict)]
    active = isinstance(ruleset, dict) and ruleset.get("enforcement") == "active"
    return {"checks": sorted(names) if active else []}


PAGES = Setting(
    name="Pages come from", path="/pages", pick=("build_type",), wanted="workflow", absent="nowhere",
    method="POST", body={"build_type": "workflow"}, page="/settings/pages",
)  # fmt: skip
RULESET = "main"
_RULES: Sequence[Mapping[str, object]] = (
    {"type": "deletion"},
    {"type": "non_fast_forward"},
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": name} for name in _CHECKS],
        },
    },
)


def package_page(kind: str, owner: str, name: str) -> str:
    """The page where a package's visibility and rights are set; its owner is of `kind` users or orgs."""
    return f"https://github.com/{kind}/{owner}/packages/container/{quote(name, safe='')}/settings"


_OF_THE_REPOSITORY = (
    Setting(
        name="Actions are on", path="/actions/permissions", pick=("enabled",),
        method="PUT", body={"enabled": True, "allowed_actions": "all"}, page="/settings/actions",
    ),
    Setting(
        name="a workflow's token may only read", path="/actions/permissions/workflow",
        pick=("default_workflow_permissions",), wanted="read", page="/settings/actions",
        method="PUT", body={"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    ),
    Setting(
        name="Actions approve pull requests", path="/actions/permissions/workflow",
        pick=("can_approve_pull_request_reviews",), wanted=False, page="/settings/actions",
        method="PUT", body={"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    ),
    PAGES,
    Setting(
        name="vulnerability alerts", path="/vulnerability-alerts", absent=False, method="PUT",
        page="/settings/security_analysis",
    ),
    Setting(
        name="security updates", path="/automated-security-fixes", pick=("enabled",), absent=False, method="PUT",
        page="/settings/security_analysis",
    ),
    *(
        Setting(
            name=key.replace("_", " "), path="", pick=("security_and_analysis", key, "status"), wanted="enabled",
            method="PATCH", body={"security_and_analysis": {key: {"status": "enabled"}}},
            page="/settings/security_analysis",
        )
        for key in ("secret_scanning", "secret_scanning_push_protection")
    ),
    Setting(
        name="merged branches are deleted", path="", pick=("delete_branch_on_merge",),
        method="PATCH", body={"delete_branch_on_merge": True}, page="/settings",
    ),
    Setting(
        name="main requires", path="/rulesets", pick=("checks",), wanted=_CHECKS, method="POST",
        body={
            "name": RULESET, "target": "branch", "enforcement": "active", "rules": _RULES,
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
        },
        page="/settings/rules",
    ),
)  # fmt: skip


def every_setting(repository: str, kind: str) -> tuple[Setting, ...]:
    """Every setting of `owner/name`, whose owner is of `kind` users or orgs."""
    owner, _, name = repository.partition("/")
    package = package_page(kind, owner, name)
    return (
        *_OF_THE_REPOSITORY,
        Setting(
            name="the package is", path=f"/{kind}/{owner}/packages/container/{name}", pick=("visibility",),
            wanted="public", absent="missing", page=package,
        ),
        Setting(name="the repository may write and delete the package", path=None, page=package),
    )  # fmt: skip
