"""Run every check of this repository, two at a time."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, STDOUT, run
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.clients import butane
from tasks.clients.matrix import read_matrix
from tasks.clients.workspace import ROOT, read_text
from tasks.console import say, table
from tasks.flows import keys
from tasks.flows.ignition import USER_FILE
from tasks.model.errors import TaskError
from tasks.settings.values import read_settings

if TYPE_CHECKING:
    from invoke import Config

_BIN = Path(sys.prefix) / "bin"
_THROUGH = "run the recipe with ./inv, which installs what is missing"


def lint(config: "Config") -> None:
    """Run all checks, show what each found, and stop if any found something."""
    checks = _checks(config)
    with ThreadPoolExecutor(2) as pool:
        faults = dict(zip((name for name, _ in checks), pool.map(lambda check: check[1](), checks), strict=True))
    failed = [name for name, fault in faults.items() if fault]
    for name in failed:
        say(f"--- {name}\n{faults[name]}")
    table(("", "check"), [("FAILED" if fault else "ok", name) for name, fault in faults.items()])
    if failed:
        what = f"{len(failed)} of {len(checks)} checks failed"
        raise TaskError(what, ", ".join(failed), "fix the problems shown above")


def _checks(config: "Config") -> list[tuple[str, Callable[[], str]]]:
    """Return each check's name, and the function that runs it and returns what it found."""
    scripts = ["inv", ".ci/run", "first-boot/switch", *_files("tasks/**/*.sh", "lab/**/*.sh", "tests/**/*.sh")]
    schema = (_BIN / "check-jsonschema", "--builtin-schema")
    programs: dict[str, Sequence[str | Path]] = {
        "ruff": (_BIN / "ruff", "check", "--quiet", "."),
        "ruff format": (_BIN / "ruff", "format", "--check", "--quiet", "."),
        "mypy": (_BIN / "mypy", "--no-error-summary"),
        "shellcheck": (_BIN / "shellcheck", *scripts),
        "hadolint": (_BIN / "hadolint", "Containerfile", "kmods/Containerfile"),
        "actionlint": ("actionlint", f"-shellcheck={_BIN / 'shellcheck'}"),
        "zizmor": (_BIN / "zizmor", "--persona=pedantic", "--offline", "--quiet", ".github", "lab/actions"),
        "workflow schema": (*schema, "vendor.github-workflows", *_files(".github/workflows/*.yaml")),
        "action schema": (*schema, "vendor.github-actions", *_files("lab/actions/**/action.yml")),
        "dependabot schema": (*schema, "vendor.dependabot", ".github/dependabot.yml"),
    }
    checks = [(name, _program([str(word) for word in argv])) for name, argv in programs.items()]
    return [
        *checks,
        ("import contracts", _import_contracts),
        ("butane.yaml", _reading(lambda: butane.translate(read_text(ROOT / USER_FILE), USER_FILE, ROOT))),
        ("compatibility matrix", _reading(read_matrix)),
        ("invoke.yaml", _reading(lambda: read_settings(config))),
        ("signing key and policy", _reading(lambda: keys.check(read_settings(config)))),
    ]


def _files(*patterns: str) -> list[str]:
    """Return the repository's files that match these patterns."""
    return [str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _import_contracts() -> str:
    """Check the import contracts in a folder with links to both packages, so that tasks.py does not hide tasks/."""
    with TemporaryDirectory() as view:
        for package in ("tasks", "lab"):
            Path(view, package).symlink_to(ROOT / package)
        config = f"--config={ROOT / 'pyproject.toml'}"
        return _program([str(_BIN / "lint-imports"), "--no-cache", "--no-logo", config], Path(view))()


def _program(argv: list[str], cwd: Path | None = None) -> Callable[[], str]:
    """Return a check that runs a program, and returns its output if the exit status is not 0."""

    def check() -> str:
        try:
            done = run(argv, cwd=cwd or ROOT, stdout=PIPE, stderr=STDOUT, text=True, check=False)
        except OSError as error:
            return f"{argv[0]}: {error.strerror}; {_THROUGH}"
        return "" if done.returncode == 0 else done.stdout.strip() or f"{argv[0]} ended with {done.returncode}"

    return check


def _reading(read: Callable[[], object]) -> Callable[[], str]:
    """Return a check that reads one of our own files, and returns the error if there is one."""

    def check() -> str:
        try:
            read()
        except TaskError as error:
            return str(error)
        return ""

    return check
