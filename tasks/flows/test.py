"""Run the tests of this repository by replacing this process with pytest, or see what they do not notice."""

import shlex
import sys
from os import chdir, execv, sched_getaffinity
from pathlib import Path

from tasks.clients.shell import Mode
from tasks.clients.workspace import ROOT
from tasks.console import say
from tasks.flows.mutants import show_unnoticed
from tasks.model.errors import TaskError

_PYTEST = Path(sys.prefix) / "bin/pytest"
_FOLDERS = ("tests/unit", "tests/lab")
PARTS = {  # of --full, each well below an hour; every other test belongs to `rest`
    "boot": ("boot",),
    "bare": ("bare",),
    "workflows": ("workflows", "workflow_days"),
    "kmods": ("kmods", "kmods_workflow", "own_kmods", "build_time"),
    "kills": ("kills",),
    "failures": ("failures",),
    "publish": ("publish", "publish_races", "signing", "policy_recipes", "cleanup"),
}


def test(*, full: bool, part: str, unit: bool, mutants: bool) -> None:
    """Run the chosen tests, or those that the words after `--` name; pytest's exit status becomes ours."""
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []  # Invoke's remainder has lost the quotes
    if mutants and (full or part or unit):
        raise TaskError("--mutants runs tests of its own", "it cannot be combined", "type only: ./inv test --mutants")
    if mutants and not Mode.dry:
        show_unnoticed(words)
        return
    chosen = ["--hypothesis-profile=full"] if full else ["-m", "not full"]
    workers = len(sched_getaffinity(0)) + 1  # tests also wait for hosts that are slow
    side_by_side = [] if unit or words else [f"--numprocesses={workers}", "--dist=loadfile", "--no-loadscope-reorder"]
    targets = words or _places(full=full, part=part, unit=unit)
    argv = ["pytest", "--rootdir", str(ROOT), *side_by_side, *chosen, *targets]
    if Mode.dry:
        say("no test is run: -R only shows what would be done" if mutants else f"$ {shlex.join(argv)}")
        return
    chdir(ROOT)
    try:
        execv(_PYTEST, argv)  # noqa: S606  (no shell)
    except FileNotFoundError as error:
        hint = "run the recipe with ./inv, which installs what is missing"
        raise TaskError("the tests cannot be run", f"{_PYTEST} is missing", hint) from error


def _places(*, full: bool, part: str, unit: bool) -> list[str]:
    """Return what pytest must run: folders, the files of a part, or everything except those parts."""
    if part and (unit or not full or part not in {*PARTS, "rest"}):
        why = f"--part {part} is not one of {', '.join(PARTS)}, rest" if full and not unit else "--part needs --full"
        raise TaskError("there is no such part of the tests", why, "for example: ./inv test --full --part boot")
    files = {name: [str(ROOT / f"tests/lab/test_{each}.py") for each in names] for name, names in PARTS.items()}
    if part in files:
        return files[part]
    others = [f"--ignore={file}" for names in files.values() for file in names] if part else []
    return [*others, *(str(ROOT / folder) for folder in _FOLDERS[: 1 if unit else None])]
