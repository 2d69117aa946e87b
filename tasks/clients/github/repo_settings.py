"""Read and change a repository's settings on GitHub."""

from dataclasses import replace

from tasks.clients.github import api
from tasks.model.github.repo_settings import RULESET, UNSEEN, Setting, required_checks

_CONFLICT = 409  # Pages exist already; another method changes them


def is_admin(repository: str) -> bool:
    """Whether the token is an administrator's; stops if it cannot see the repository."""
    _, answer = api.call("GET", f"/repos/{repository}", what=f"{repository} could not be read")
    rights = answer.get("permissions") if isinstance(answer, dict) else None
    return isinstance(rights, dict) and rights.get("admin") is True


def read(repository: str, setting: Setting) -> tuple[int, object]:
    """Status and answer for a setting; a hidden or missing setting is an answer, not an error."""
    if setting.path is None:
        return 0, None
    what, path = f"{setting.name}: could not be read", setting.path
    if path == "/rulesets":
        return _ruleset(repository, what)
    place = path if path.startswith(("/users/", "/orgs/")) else f"/repos/{repository}{path}"
    return api.call("GET", place, what=what, accept_status=UNSEEN)


def _ruleset(repository: str, what: str) -> tuple[int, object]:
    """The checks that our ruleset requires; none if there is no such ruleset."""
    status, answer = api.call("GET", f"/repos/{repository}/rulesets", what=what, accept_status=UNSEEN)
    ours = _ours(answer)
    if ours is None:
        return status, required_checks(None)
    status, answer = api.call("GET", f"/repos/{repository}/rulesets/{ours}", what=what, accept_status=UNSEEN)
    return status, required_checks(answer)


def _ours(rulesets: object) -> int | None:
    rows = rulesets if isinstance(rulesets, list) else []
    return next((row.get("id") for row in rows if isinstance(row, dict) and row.get("name") == RULESET), None)


def apply(repository: str, setting: Setting) -> None:
    """Give a setting its wanted value."""
    what, path = f"{setting.name}: could not be set", f"/repos/{repository}{setting.path}"
    method = setting.method
    if setting.path == "/rulesets":
        _, answer = api.call("GET", path, what=what)
        ours = _ours(answer)
        path, method = (f"{path}/{ours}", "PUT") if ours is not None else (path, method)
    status, _ = api.call(method, path, what=what, body=setting.body or None, accept_status=(_CONFLICT,))
    if status == _CONFLICT:
        apply(repository, replace(setting, method="PUT"))
