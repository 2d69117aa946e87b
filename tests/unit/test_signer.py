"""Where the private key comes from, and that no program that starts later sees it."""

import os
from pathlib import Path

import pytest

from tasks.clients import signer
from tasks.model.errors import TaskError
from tasks.model.signing import HostFiles

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
