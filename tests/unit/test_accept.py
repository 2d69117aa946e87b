"""The meaning of a refused pull or push, from podman's own words."""

import pytest

from tasks.clients.podman import _not_written, _refused
from tasks.model import hints
from tasks.model.errors import TaskError
from tasks.model.github.repo_settings import package_page

UNSIGNED = "podman ended with 125: Error: A signature was required, but no signature exists"


def told(why: str) -> TaskError:
    """Return the error for a pull that ended with these words."""
    return _refused(TaskError("it could not be pulled", why, hints.after(why)), lambda: "its settings")


@pytest.mark.parametrize(
    "why",
    [
        "Requesting bearer token: received unexpected HTTP status: 403 Forbidden",
        "requesting bearer token: invalid status code from registry 403 (Forbidden)",
        "unauthorized: authentication required",
        "denied: requested access to the resource is denied",
    ],
)
def test_a_private_package_is_told_with_the_page_of_its_settings(why: str) -> None:
    """That page sets its visibility."""
    assert told(why).next.endswith(": its settings")


@pytest.mark.parametrize("why", [UNSIGNED, f"{UNSIGNED} in n@sha256:{'403' * 21}4", "mkdir /x: permission denied"])
def test_nothing_else_is_taken_for_a_private_package(why: str) -> None:
    """A digest may contain any three digits, and a disk may also deny access."""
    assert "settings" not in told(why).next


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (UNSIGNED, "a shipped key signed it"),
        ("podman ended with 125: Error: reading signatures: 503 Service Unavailable", "check the network"),
        ("podman ended with 125: write /graph/x: no space left on device", "df -h"),
        ("podman ended with 125: x509: certificate has expired", "clock"),
        ("podman ended with 125: mounting: operation not permitted", "who owns"),
    ],
)
def test_only_a_refused_signature_is_blamed_on_the_key(why: str, words: str) -> None:
    """Every other cause has its own next step."""
    assert words in told(why).next


@pytest.mark.parametrize("kind", ["users", "orgs"])
def test_the_page_of_a_package_is_under_its_owners_kind(kind: str) -> None:
    """A slash in its name is encoded, as on GitHub."""
    assert package_page(kind, "owner", "a/b") == f"https://github.com/{kind}/owner/packages/container/a%2Fb/settings"


@pytest.mark.parametrize(("in_actions", "named"), [("true", True), ("", False)])
def test_a_package_that_a_workflow_may_not_write_is_told_with_the_page_of_its_settings(
    monkeypatch: pytest.MonkeyPatch, in_actions: str, named: bool
) -> None:
    """On a person's own machine the same words mean their login."""
    monkeypatch.setenv("GITHUB_ACTIONS", in_actions)
    refused = TaskError("it could not be pushed", "podman ended with 125: permission_denied: write_package", "log in")
    found = _not_written(refused, lambda: "its settings")
    assert ("its settings" in found.next) is named
    assert ("first pushed by hand" in found.why) is named
