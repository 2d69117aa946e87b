"""Replaces a repository's settings on GitHub: a document for each path, with the values of a new repository."""

import json
from pathlib import Path
from typing import Any

_NEW: dict[str, Any] = {
    "": {
        "default_branch": "main",
        "permissions": {"admin": True},
        "delete_branch_on_merge": False,
        "security_and_analysis": {
            "secret_scanning": {"status": "disabled"},
            "secret_scanning_push_protection": {"status": "disabled"},
        },
    },
    "/actions/permissions": {"enabled": True, "allowed_actions": "all"},
    "/actions/permissions/workflow": {
        "default_workflow_permissions": "write",
        "can_approve_pull_request_reviews": True,
    },
    "/pages": None,
    "/vulnerability-alerts": None,
    "/automated-security-fixes": {"enabled": False, "paused": False},
    "/rulesets": [],
}
_SWITCHES = {"/vulnerability-alerts": {}, "/automated-security-fixes": {"enabled": True, "paused": False}}


class Settings:
    """The settings, in one file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def answer(self, method: str, path: str, change: dict[str, Any]) -> tuple[int, Any] | None:
        """Return status and document; None if the path is not a setting."""
        top, _, number = path.partition("/rulesets/")
        if path not in _NEW and not (top == "" and number.isdigit()):
            return None
        documents = _NEW | (json.loads(self.file.read_text()) if self.file.exists() else {})
        if method == "GET":
            return self._read(documents, path, number)
        if path == "/pages" and method == "POST" and documents[path] is not None:
            return 409, {"message": "GitHub Pages is already enabled."}
        if path.startswith("/rulesets"):
            rules = [rule for rule in documents["/rulesets"] if str(rule["id"]) != number]
            documents["/rulesets"] = [*rules, {**change, "id": int(number or len(rules) + 1)}]
        else:
            documents[path] = _SWITCHES[path] if path in _SWITCHES else _merged(documents[path] or {}, change)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(documents))
        return (204, None) if path in _SWITCHES else (200, documents.get(path))

    def _read(self, documents: dict[str, Any], path: str, number: str) -> tuple[int, Any]:
        rules = documents["/rulesets"]
        document = next((rule for rule in rules if str(rule["id"]) == number), None) if number else documents[path]
        if path == "/rulesets":
            document = [{"id": rule["id"], "name": rule["name"]} for rule in rules]
        if document is None:
            return 404, {"message": "Not Found"}
        return (204, None) if path == "/vulnerability-alerts" else (200, document)


def _merged(before: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Merge one document into another, key by key, as PATCH does."""
    both = {key: (before.get(key), value) for key, value in change.items()}
    nested = {
        key: _merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
        for key, (old, new) in both.items()
    }
    return before | nested
