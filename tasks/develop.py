"""Development: checks and tests of this repository."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from invoke import Context, task

from tasks.console import say, table

_BIN = Path(sys.prefix) / "bin"
_THROUGH = "call the recipe through ./inv, which installs what is missing"
_TESTS = ("tests/unit", "tests/lab")
PARTS = {  # of --full, each well below an hour; what is in none of them is the rest
    "boot": ("boot",),
    "bare": ("bare",),
    "workflows": ("workflows", "kmods_workflow", "own_kmods", "crash"),
}


@task
def lint(c: Context) -> None:
    """Check code, types, imports, scripts, workflows, Butane, matrix and keys; all run, exit 1 on any finding."""
    from concurrent.futures import ThreadPoolExecutor

    from tasks.model.errors import TaskError

    checks = _checks(c)
    with ThreadPoolExecutor(2) as pool:
        faults = dict(zip((name for name, _ in checks), pool.map(lambda check: check[1](), checks), strict=True))
    failed = [name for name, fault in faults.items() if fault]
    for name in failed:
        say(f"--- {name}\n{faults[name]}")
    table(("", "check"), [("FAILED" if fault else "ok", name) for name, fault in faults.items()])
    if failed:
        what = f"{len(failed)} of {len(checks)} checks found something"
        raise TaskError(what, ", ".join(failed), "mend what is said above")


@task(
    help={
        "full": "everything: also what takes long, and properties tried more often",
        "part": f"with --full, one part of it: {', '.join(PARTS)} or rest",
        "unit": "only the unit tests",
    }
)
def test(c: Context, full: bool = False, part: str = "", unit: bool = False) -> None:  # noqa: ARG001  (Invoke's form)
    """Run the tests: unit, then in the lab with the real tools."""
    from os import execv

    from tasks.model.errors import TaskError

    chosen = ["--hypothesis-profile=full"] if full else ["-m", "not full"]
    side_by_side = [] if unit else ["--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder"]
    argv = ["pytest", "--rootdir", str(_root()), *side_by_side, *chosen, *_tests(full=full, part=part, unit=unit)]
    try:
        execv(_BIN / "pytest", argv)  # noqa: S606  (pytest takes our place: its exit status is ours)
    except FileNotFoundError as error:
        raise TaskError("the tests cannot be run", f"{_BIN / 'pytest'} is missing", _THROUGH) from error


def _tests(*, full: bool, part: str, unit: bool) -> list[str]:
    """What pytest is to run: folders, the files of a part, or all but those."""
    from tasks.model.errors import TaskError

    if part and (unit or not full or part not in {*PARTS, "rest"}):
        why = f"--part {part} is none of {', '.join(PARTS)}, rest" if full and not unit else "a part is of --full"
        raise TaskError("there is no such part of the tests", why, "for example: ./inv test --full --part boot")
    files = {name: [str(_root() / f"tests/lab/test_{each}.py") for each in names] for name, names in PARTS.items()}
    if part in files:
        return files[part]
    others = [f"--ignore={file}" for names in files.values() for file in names] if part else []
    return [*others, *(str(_root() / folder) for folder in _TESTS[: 1 if unit else None])]


def _root() -> Path:
    from tasks.clients.workspace import ROOT

    return ROOT


def _checks(c: Context) -> list[tuple[str, Callable[[], str]]]:
    """Each check's name, and what runs it and returns what it found."""
    from tasks import keys
    from tasks.clients.matrix import read_matrix
    from tasks.settings import read_settings

    scripts = ["inv", ".ci/run", "first-boot/switch", *_found("tasks/**/*.sh", "lab/**/*.sh", "tests/**/*.sh")]
    schema = (_BIN / "check-jsonschema", "--builtin-schema")
    programs: dict[str, Sequence[str | Path]] = {
        "ruff": (_BIN / "ruff", "check", "--quiet", "."),
        "ruff format": (_BIN / "ruff", "format", "--check", "--quiet", "."),
        "mypy": (_BIN / "mypy", "--no-error-summary"),
        "shellcheck": (_BIN / "shellcheck", *scripts),
        "hadolint": (_BIN / "hadolint", "Containerfile", "kmods/Containerfile"),
        "actionlint": ("actionlint", f"-shellcheck={_BIN / 'shellcheck'}"),
        "zizmor": (_BIN / "zizmor", "--persona=pedantic", "--offline", "--quiet", ".github", "lab/actions"),
        "workflow schema": (*schema, "vendor.github-workflows", *_found(".github/workflows/*.yaml")),
        "action schema": (*schema, "vendor.github-actions", *_found("lab/actions/**/action.yml")),
        "dependabot schema": (*schema, "vendor.dependabot", ".github/dependabot.yml"),
        "butane": ("butane", "--strict", "--check", "--files-dir=.", "butane.yaml"),
    }
    checks = [(name, _program([str(word) for word in argv])) for name, argv in programs.items()]
    return [
        *checks,
        ("import contracts", _import_contracts),
        ("compatibility matrix", _decided(read_matrix)),
        ("invoke.yaml", _decided(lambda: read_settings(c.config))),
        ("signing key and policy", _decided(lambda: keys.check(read_settings(c.config)))),
    ]


def _found(*patterns: str) -> list[str]:
    """The repository's files of these patterns."""
    return [str(path.relative_to(_root())) for pattern in patterns for path in sorted(_root().glob(pattern))]


def _import_contracts() -> str:
    """Import-linter sees tasks.py as a module; in a folder with links to the two packages it sees these."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as view:
        for package in ("tasks", "lab"):
            Path(view, package).symlink_to(_root() / package)
        config = f"--config={_root() / 'pyproject.toml'}"
        return _program([str(_BIN / "lint-imports"), "--no-cache", "--no-logo", config], Path(view))()


def _program(argv: list[str], cwd: Path | None = None) -> Callable[[], str]:
    """A check that is a program: what it printed when it did not end with 0."""
    from subprocess import PIPE, STDOUT, run

    def check() -> str:
        try:
            done = run(argv, cwd=cwd or _root(), stdout=PIPE, stderr=STDOUT, text=True, check=False)
        except OSError as error:
            return f"{argv[0]}: {error.strerror}; {_THROUGH}"
        return "" if done.returncode == 0 else done.stdout.strip() or f"{argv[0]} ended with {done.returncode}"

    return check


def _decided(read: Callable[[], object]) -> Callable[[], str]:
    """A check that is reading one of our own files."""
    from tasks.model.errors import TaskError

    def check() -> str:
        try:
            read()
        except TaskError as error:
            return str(error)
        return ""

    return check
