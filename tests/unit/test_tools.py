"""The table of tools: what it names exists, and what a machine lacks is named before anything is done."""

import re
from pathlib import Path

import pytest

from tasks import ns
from tools import machine
from tools.machine import Machine
from tools.table import TOOLS, called_recipes, read_tools

RECIPES = {name.replace("_", "-") for name in ns.tasks}


def test_every_recipe_of_the_table_exists() -> None:
    """A typo there would leave a tool uninstalled."""
    assert {recipe for tool in read_tools() for recipe in tool.recipes} - {"*"} <= RECIPES


def test_every_go_module_of_the_table_is_pinned_and_the_other_way_round() -> None:
    """tools/go.mod names the same commands; our own programs stand beside it."""
    block = re.search(r"^tool \((.*?)^\)", (TOOLS / "go.mod").read_text(), re.MULTILINE | re.DOTALL)
    assert block
    built = {tool.go for tool in read_tools() if tool.go}
    own = {f"custom-coreos/tools/{path.parent.name}" for path in TOOLS.glob("*/main.go")}
    assert set(block[1].split()) | own == built


def test_words_after_the_dashes_and_words_that_are_no_recipe_ask_for_nothing() -> None:
    """`inv lab -- 'inv build'` sets up the lab, which has all of it."""
    assert called_recipes(read_tools(), ["lab", "-w", "everyday", "--", "build"]) == ["lab"]


def test_on_fedora_packages_are_named_and_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes on with what is there."""
    monkeypatch.setattr(machine, "distribution", lambda: "fedora")
    missing = [tool for tool in read_tools() if tool.name in ("podman", "skopeo", "butane")]
    Machine(tmp_path / "cache/ready/key", read_tools()).install(missing)
    assert "sudo dnf install skopeo podman butane; going on with what is there" in capsys.readouterr().err


def test_a_step_that_fails_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that cannot be started is told as what it was for."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("subprocess.run", refuse)
    with pytest.raises(
        machine.SetupError, match=r"podman could not be built\n  why: go: Permission denied\n  next: again"
    ):
        machine.run(["go", "build"], what="podman could not be built", hint="again", cwd=tmp_path)
