"""What host-policy says about an image in a registry, and what is no verdict."""

from subprocess import CompletedProcess

import pytest

from tasks.clients import shell, signer
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import HostFiles
from tests.builders.values import DIGEST

SHIPPED = HostFiles({})
IMAGE = ImageRef("ghcr.io/o/n", DIGEST)
UNSIGNED, BUSY, GONE = (
    "A signature was required, but no signature exists",
    "context deadline exceeded",
    "manifest unknown",
)


def answers(monkeypatch: pytest.MonkeyPatch, *causes: str) -> list[str]:
    """Let host-policy end with these causes, one after the other (empty: it accepts); return those that are left."""
    left = list(causes)

    def attempt(argv: list[str], **_: object) -> CompletedProcess[str]:
        cause = left.pop(0)
        return CompletedProcess(argv, 1 if cause else 0, "", cause)

    monkeypatch.setattr(shell, "attempt", attempt)
    monkeypatch.setattr(shell, "_PAUSES_SECONDS", (0, 0))
    return left


@pytest.mark.parametrize(
    ("causes", "refusal"),
    [
        (("",), ""), ((UNSIGNED,), UNSIGNED), ((BUSY, ""), ""), ((BUSY, GONE, ""), ""), ((BUSY, UNSIGNED), UNSIGNED),
    ],
)  # fmt: skip
def test_a_registry_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, causes: tuple[str, ...], refusal: str
) -> None:
    """Only a verdict on the signature ends the tries."""
    left = answers(monkeypatch, *causes)
    assert (signer.refusal(IMAGE, SHIPPED), left) == (refusal, [])


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (BUSY, "network"),
        ("x509: certificate has expired", "clock"),
        ("unauthorized: authentication required", "public"),
    ],
)
def test_a_registry_that_never_answers_has_refused_no_signature(
    monkeypatch: pytest.MonkeyPatch, cause: str, words: str
) -> None:
    """The error is about what failed."""
    answers(monkeypatch, cause, cause, cause)
    with pytest.raises(TaskError, match="could not be checked") as caught:
        signer.refusal(IMAGE, SHIPPED)
    assert (cause in caught.value.why, words in caught.value.next) == (True, True)
