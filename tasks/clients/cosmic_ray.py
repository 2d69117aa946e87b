"""Cosmic Ray changes a module, one small change at a time, and runs the module's tests on each."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tasks.clients import workspace
from tasks.clients.workspace import ROOT
from tasks.model.errors import TaskError

_BIN = Path(sys.prefix) / "bin"
_COPY = "checkout"
_LEFT_OUT = shutil.ignore_patterns(".git", ".lab", ".venv", "__pycache__", ".*_cache", ".hypothesis")
_SECONDS = 120  # for the tests of one change; a change may make an endless loop
_KEPT = (  # of each kind of operator; the others are like these, or only raise TypeError
    "Add_Sub|Sub_Add|Mul_Div|FloorDiv_Mul|BitOr_BitAnd|BitAnd_BitOr|Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is|In_NotIn|NotIn_In|"
    "Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt"
)
LEFT_OUT_OPERATORS = f"core/Replace(Binary|Comparison)Operator_(?!({_KEPT})$).*"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one statement: its module and line, and what it was before and after, without indents."""

    module: str
    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a module's changes: how many there were, and those that no test noticed."""

    module: str
    count: int
    survivors: tuple[Mutant, ...]


def prepare() -> Path:
    """Make a folder for this state of the checkout, with a copy of it, and remove those of other states."""
    sources = sorted([*ROOT.glob("tasks/**/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "uv.lock"])
    state = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = workspace.cache() / "mutants" / state
    for other in folder.parent.glob("*"):
        if other != folder:
            shutil.rmtree(other)
    if not (folder / _COPY).exists():
        shutil.rmtree(folder, ignore_errors=True)
        copy = shutil.copytree(ROOT, folder / f"{_COPY}.new", ignore=_LEFT_OUT, symlinks=True)
        # Compiled by content, not by time: two changes of the same size may be made in one second.
        compiled = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode=checked-hash", "tasks", "tests"]
        subprocess.run(compiled, cwd=copy, check=True)
        copy.rename(folder / _COPY)
    return folder


@dataclass(slots=True)
class Session:
    """All changes of a module, in `folder`; pytest gets `words`. It goes on where an earlier one was stopped."""

    folder: Path
    module: str
    words: tuple[str, ...]
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin, in a copy of the checkout of its own."""
        shutil.rmtree(self._path(""), ignore_errors=True)
        shutil.copytree(self.folder / _COPY, self._path(""), symlinks=True)
        test = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "-p", "no:xdist", *self.words]
        self._path(".toml").write_text(
            f"[cosmic-ray]\nmodule-path = {json.dumps(self.module)}\ntimeout = {_SECONDS}.0\nexcluded-modules = []\n"
            f'test-command = {json.dumps(shlex.join(test))}\n[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = [{json.dumps(LEFT_OUT_OPERATORS)}]\n"
        )
        if not self._path(".sqlite").exists():
            self._query("cosmic-ray", "init", self._path(".toml"), self._path(".new"))
            self._query("cr-filter-operators", self._path(".new"), self._path(".toml"))
            self._path(".new").rename(self._path(".sqlite"))
        argv = [str(_BIN / "cosmic-ray"), "exec", str(self._path(".toml")), str(self._path(".sqlite"))]
        self._child = subprocess.Popen(argv, cwd=self._path(""), stdout=subprocess.DEVNULL, start_new_session=True)

    @property
    def has_ended(self) -> bool:
        """Whether Cosmic Ray has ended, after the last change or with an error."""
        return self._child is None or self._child.poll() is not None

    def stop(self) -> None:
        """Stop Cosmic Ray and the tests that it runs."""
        if self._child and not self.has_ended:
            os.killpg(self._child.pid, signal.SIGTERM)

    def outcome(self) -> Outcome:
        """Read what became of each change."""
        rows = [json.loads(line)[1] for line in self._query("cosmic-ray", "dump", self._path(".sqlite")).splitlines()]
        if None in rows:
            raise TaskError(f"{self.module} was not changed everywhere", "Cosmic Ray stopped early", "run it again")
        made: list[dict[str, Any]] = [row for row in rows if row["worker_outcome"] != "skipped"]
        survivors = tuple(self._mutant(row["diff"]) for row in made if row["test_outcome"] == "survived")
        return Outcome(self.module, len(made), survivors)

    def _mutant(self, diff: str) -> Mutant:
        """Read a change from its diff."""
        lines = diff.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("@@"))
        first, body = int(lines[start].split()[1].lstrip("-").partition(",")[0]), lines[start + 1 :]
        place = next(number for number, line in enumerate(body) if line.startswith("-") and line[1:].strip())
        text = {sign: " ".join(line[1:].strip() for line in body if line.startswith(sign)).strip() for sign in "-+"}
        return Mutant(self.module, first + place, text["-"], text["+"])

    def _path(self, ending: str) -> Path:
        name = self.module.replace("/", "-").removesuffix(".py")
        return self.folder / f"{name}{ending}"

    def _query(self, program: str, *words: str | Path) -> str:
        argv = [str(_BIN / program), *map(str, words)]
        done = subprocess.run(argv, cwd=self._path(""), capture_output=True, text=True, check=False)
        if done.returncode:
            why = done.stderr.strip().rpartition("\n")[2] or f"it ended with {done.returncode}"
            raise TaskError(f"{program} failed", why, f"run it yourself: {shlex.join(argv)}")
        return done.stdout
