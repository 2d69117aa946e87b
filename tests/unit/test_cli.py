"""Stdout has the answer, stderr the progress; failures are three lines."""

import shutil
import sys
from pathlib import Path

import pytest
from invoke import Program

from tasks import console
from tasks.cli import Recipes
from tasks.model.errors import TaskError

ROOT = Path(__file__).parents[2]
RECIPES = '''
from invoke import task
from tasks.model.errors import TaskError

@task
def fails(c):
    """Fail in the house's way."""
    raise TaskError("it broke", "because", "type this")

@task
def crashes(c):
    """Fail in no foreseen way."""
    {}["x"]

@task
def stops(c):
    """Be interrupted."""
    raise KeyboardInterrupt

@task
def lacks(c):
    """Need a package that is not there."""
    import no_such_package

@task
def sinks(c):
    """Read what is nested too deeply."""
    import json
    json.loads("[" * 100_000)
'''


def run(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    (tmp_path / "broken_recipes.py").write_text(RECIPES)
    shutil.copy(ROOT / "invoke.yaml", tmp_path)
    argv = ["inv", "--search-root", str(tmp_path), "--collection", "broken_recipes", *words]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as caught:
        program.run(argv)
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("recipe", "lines"),
    [
        ("fails", ["it broke", "  why: because", "  next: type this"]),
        (
            "crashes",
            ["unexpected error (this is a bug, please report it)", "  why: KeyError: 'x'", "  next: check the flags"],
        ),
        ("sinks", ["something that was read here is nested too deeply", "  why: maximum recursion", "  next: look at"]),
        ("stops", ["interrupted", "  why: its child processes were stopped", "  next: run it again"]),
        ("lacks", ["the Python package no_such_package is not installed", "  why: ", "  next: run it with ./inv"]),
    ],
)
@pytest.mark.parametrize("program", [Recipes, Program])
def test_every_failure_is_three_lines_and_exit_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: type[Program],
    recipe: str, lines: list[str],
) -> None:  # fmt: skip
    """That includes our errors, an unexpected one, and Ctrl-C; ./inv and plain Invoke never show a traceback."""
    assert run(program(), tmp_path, monkeypatch, recipe) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    said = shown.err.splitlines()
    assert len(said) == 3
    assert all(line.startswith(start) for line, start in zip(said, lines, strict=True))


def test_another_file_that_invoke_reads_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quote that is not closed has the line where it begins, as in invoke.yaml."""
    file = tmp_path / "mine.yaml"
    file.write_text('run:\n  shell: "sh\n  echo: true\n')
    assert run(Recipes(), tmp_path, monkeypatch, "-f", str(file), "fails") == 1
    what, why, _ = capsys.readouterr().err.splitlines()
    assert what == f"{file} is not valid YAML"
    assert why.startswith("  why: line 2: ")


def test_a_table_for_programs_has_no_colours_and_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    """Piped output is plain text and never wrapped."""
    console.table(("", "name"), [("ok", "x" * 150), ("FAILED", "y")])
    out = capsys.readouterr().out
    assert out.splitlines() == ["        name", "ok      " + "x" * 150, "FAILED  y"]
    assert "\x1b" not in out


def test_an_error_reads_as_what_why_next() -> None:
    """Every test of an error looks for this format."""
    assert str(TaskError("a", "b", "c")) == "a\n  why: b\n  next: c"
