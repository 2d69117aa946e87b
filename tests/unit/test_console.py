"""What a user sees."""

import sys
from io import BytesIO, TextIOWrapper

import pytest

from tasks import console


@pytest.mark.parametrize(
    ("encoding", "printed"), [("ascii", b"sha256-0123?4567\n"), ("utf-8", "sha256-0123…4567\n".encode())]
)
def test_an_answer_is_printed_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str, printed: bytes) -> None:
    """A table of cleanup has an ellipsis; a cron job or a serial console may know only ASCII."""
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding))
    console.table(("",), [("sha256-0123…4567",)])
    assert written.getvalue() == printed


def test_without_a_terminal_a_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """However long its sentences are: a grep finds them whole."""
    sentence = "the policy accepts the image without a signature; " * 10
    console.table(("check", "what", "next"), [("policy", sentence.strip(), sentence.strip())])
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("check")
    assert row.count(sentence.strip()) == 2
