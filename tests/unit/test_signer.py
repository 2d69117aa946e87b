"""Where the private key comes from, and that no program that starts later sees it."""

import os
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tasks.clients import shell, signer
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import HostFiles
from tests.builders.values import DIGEST

KEY = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nx\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
SHIPPED = HostFiles({})


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set the variables that a workflow sets."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SIGNING_KEY", KEY)
    monkeypatch.setenv("SIGNING_PASSPHRASE", "opens it")


def assert_nobody_else_sees_it() -> None:
    """Programs inherit the environment."""
    assert not {"SIGNING_KEY", "SIGNING_PASSPHRASE"} & set(os.environ)


def test_the_key_leaves_the_environment() -> None:
    """It is read once, with its passphrase."""
    assert signer.read_key("", SHIPPED) == signer.Key(KEY, "opens it")
    assert_nobody_else_sees_it()


def test_the_key_leaves_the_environment_when_a_file_is_named(tmp_path: Path) -> None:
    """The file that the user names counts, not the variable."""
    (tmp_path / "mine").write_text(KEY.replace("x", "y"))
    assert signer.read_key(str(tmp_path / "mine"), SHIPPED) == signer.Key(KEY.replace("x", "y"), "opens it")
    assert_nobody_else_sees_it()


@pytest.mark.parametrize("value", ["abc", ""])
def test_the_key_leaves_the_environment_when_it_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A word that is no key, or an empty variable, is an error."""
    monkeypatch.setenv("SIGNING_KEY", value)
    with pytest.raises(TaskError):
        signer.read_key("", SHIPPED)
    assert_nobody_else_sees_it()


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
