"""An attestation is rejected by gh, and never by a network that fails."""

from subprocess import CompletedProcess

import pytest

from tasks.clients import shell
from tasks.clients.github import gh
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tests.builders.values import DIGEST

IMAGE = ImageRef("ghcr.io/o/n", DIGEST)
BUSY, NONE = "failed to fetch attestations: HTTP 502: Bad Gateway", "no attestations found for subject"


@pytest.mark.parametrize(
    ("causes", "fault"), [([""], ""), ([NONE], NONE), ([BUSY, ""], ""), ([BUSY, BUSY, NONE], NONE)]
)
def test_only_gh_s_own_verdict_rejects_an_attestation(
    monkeypatch: pytest.MonkeyPatch, causes: list[str], fault: str
) -> None:
    """GitHub may be busy for a moment."""
    assert (check(monkeypatch, causes), causes) == (fault, [])


def test_a_network_that_keeps_failing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks for a forged attestation then."""
    with pytest.raises(TaskError, match="could not be checked") as caught:
        check(monkeypatch, [BUSY] * 3)
    assert "check the network" in caught.value.next


def check(monkeypatch: pytest.MonkeyPatch, causes: list[str]) -> str:
    """Return the fault if gh ends with these causes, one after the other (empty: it accepts)."""

    def attempt(argv: list[str], **_: object) -> CompletedProcess[str]:
        cause = causes.pop(0)
        return CompletedProcess(argv, 1 if cause else 0, "", cause)

    monkeypatch.setattr(shell, "attempt", attempt)
    monkeypatch.setattr(shell, "_PAUSES_SECONDS", (0, 0))
    return gh.attestation_fault(IMAGE, "o/n")
