"""How the doctor interprets an answer."""

import pytest

from tasks.model import doctor


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5", "2.39.5"), ("jq-1.6", "1.6"), ("Butane v0.29.0", "0.29.0"),
        ("Version: 0.17.3 (Features: DeltaRPM)", "0.17.3"), ("systemd 252 (252.38-1~deb12u1)", "252.38-1~deb12u1"),
        ("go version go1.26.8 linux/amd64", "1.26.8"), ("it has none", ""),
    ],
)  # fmt: skip
def test_a_version_is_found_in_what_a_program_says(said: str, version: str) -> None:
    """The first version counts."""
    assert doctor.version_in(said) == version


@pytest.mark.parametrize(("gib", "state"), [(1, "FAILED"), (5, "warning"), (20, "ok")])
def test_the_disk_is_judged_by_what_an_image_needs(gib: int, state: str) -> None:
    """The fix is a command that frees space."""
    found = doctor.of_disk("disk", gib << 30)
    assert found.state == state
    assert bool(found.fix) == (state != "ok")


def test_a_login_is_judged_by_its_scopes() -> None:
    """A token that lists none, like a workflow's, is accepted."""
    assert doctor.of_scopes("me", None).state == "ok"
    assert doctor.of_scopes("me", "repo, workflow, write:packages, delete:packages").state == "ok"
    lacking = doctor.of_scopes("me", "repo, workflow")
    assert (lacking.state, lacking.fix) == ("warning", "gh auth refresh --scopes write:packages,delete:packages")
