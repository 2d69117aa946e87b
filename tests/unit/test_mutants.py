"""Which small changes of the code no test notices: how a change is read, and what explains one."""

import re
import tomllib
from pathlib import Path

import pytest

from tasks.clients import cosmic_ray
from tasks.clients.cosmic_ray import Mutant, Outcome, Session
from tasks.clients.workspace import ROOT
from tasks.flows import mutants
from tasks.model.errors import TaskError

DIFF = """--- mutation diff ---
--- atasks/model/a.py
+++ btasks/model/a.py
@@ -10,5 +10,5 @@
 def older(a, b):
     limit = 1
-    return a < b
+    return a <= b

"""
CHANGE = Mutant("tasks/model/a.py", 12, "return a < b", "return a <= b")
TABLE = tomllib.loads((ROOT / "tests/mutants.toml").read_text())


def test_a_change_is_read_from_its_diff() -> None:
    """The line is the one that was changed, not the first one that is shown."""
    session = Session(Path(), "tasks/model/a.py", ())
    assert session._mutant(DIFF) == CHANGE


def test_an_explanation_covers_the_whole_line_and_if_given_the_change() -> None:
    """A part of a line would excuse more than somebody has thought about."""
    assert mutants.Explanation("return a < b", "x").covers(CHANGE)
    assert mutants.Explanation("return . < .", "x", after=".* <= b").covers(CHANGE)
    assert not mutants.Explanation("a < b", "x").covers(CHANGE)
    assert not mutants.Explanation("return a < b", "x", after="return a > b").covers(CHANGE)


def test_the_table_names_files_that_exist_and_reasons() -> None:
    """A typo would leave a module without tests, and every change unnoticed."""
    for module, words in TABLE["modules"].items():
        assert (ROOT / module).is_file()
        assert all((ROOT / word).exists() for word in words if word.startswith("tests/"))
    assert all(mutants.Explanation(**each).why for each in TABLE["explained"])


@pytest.mark.parametrize(
    ("words", "survivor", "fault"),
    [
        (["retention"], None, ""),
        (["retention"], CHANGE, "1 changes are noticed by no test, and 0 explanations"),
        (["nothing"], None, "no module is changed"),
        ([], None, f"0 changes are noticed by no test, and {len(TABLE['explained'])} explanations"),
    ],
)
def test_what_nobody_noticed_or_explained_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, words: list[str], survivor: Mutant | None, fault: str
) -> None:
    """An explanation that explains nothing any more is one too, if all modules were changed."""
    outcome = Outcome("tasks/model/a.py", 3, (survivor,) if survivor else ())
    monkeypatch.setattr(mutants, "_outcomes", lambda _: iter([outcome]))
    if not fault:
        mutants.show_unnoticed(words)
        return
    with pytest.raises(TaskError) as caught:
        mutants.show_unnoticed(words)
    assert caught.value.what.startswith(fault)


def test_an_operator_that_only_raises_typeerror_is_left_out() -> None:
    """Those that are kept change a decision."""
    left_out = re.compile(cosmic_ray.LEFT_OUT_OPERATORS)
    for name in ("BinaryOperator_Add_Mul", "ComparisonOperator_Eq_Is"):
        assert left_out.fullmatch(f"core/Replace{name}")
    for name in ("BinaryOperator_Add_Sub", "ComparisonOperator_Lt_LtE", "TrueWithFalse", "OrWithAnd"):
        assert not left_out.fullmatch(f"core/Replace{name}")
