"""A repository's settings on GitHub, read and set."""

from dataclasses import replace

from tasks.clients.github import api
from tasks.model.github.repo_settings import RULESET, UNSEEN, Setting, required_checks

_CONFLICT = 409  # Pages are there already, and are changed by another method


def is_admin(repository: str) -> bool:
    """Whether the token is an administrator's; stops where it does not even see the repository."""
    _, found = api.call("GET", f"/repos/{repository}", what=f"{repository} could not be read")
    rights = found.get("permissions") if isinstance(found, dict) else None
    return isinstance(rights, dict) and rights.get("admin") is True


def read(repository: str, setting: Setting) -> tuple[int, object]:
    """Status and answer for a setting; one that may not be seen, or is not there, is an answer too."""
    if setting.path is None:
        return 0, None
    what, path = f"{setting.name}: could not be read", setting.path
    if path == "/rulesets":
        return _ruleset(repository, what)
    place = path if path.startswith(("/users/", "/orgs/")) else f"/repos/{repository}{path}"
    return api.call("GET", place, what=what, accept_status=UNSEEN)


def _ruleset(repository: str, what: str) -> tuple[int, object]:
    """The checks that our ruleset asks for; none where there is no such ruleset."""
    status, found = api.call("GET", f"/repos/{repository}/rulesets", what=what, accept_status=UNSEEN)
    ours = _ours(found)
    if ours is None:
        return status, required_checks(None)
    status, found = api.call("GET", f"/repos/{repository}/rulesets/{ours}", what=what, accept_status=UNSEEN)
    return status, required_checks(found)


def _ours(rulesets: object) -> int | None:
    rows = rulesets if isinstance(rulesets, list) else []
    return next((row.get("id") for row in rows if isinstance(row, dict) and row.get("name") == RULESET), None)


def apply(repository: str, setting: Setting) -> None:
    """Make a setting what it is wanted to be."""
    what, path = f"{setting.name}: could not be set", f"/repos/{repository}{setting.path}"
    method = setting.method
    if setting.path == "/rulesets":
        _, found = api.call("GET", path, what=what)
        ours = _ours(found)
        path, method = (f"{path}/{ours}", "PUT") if ours is not None else (path, method)
    status, _ = api.call(method, path, what=what, body=setting.body or None, accept_status=(_CONFLICT,))
    if status == _CONFLICT:
        apply(repository, replace(setting, method="PUT"))
