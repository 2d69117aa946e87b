"""Development: checks and tests of this repository."""

from invoke import Context, task

_TEST = {
    "full": "everything: also long tests, and properties tried more often",
    "part": "with --full, one part of it: boot, bare, workflows or rest",
    "unit": "only the unit tests",
}


@task
def lint(c: Context) -> None:
    """Check code, types, imports, scripts, workflows, Butane, matrix and keys; run all, exit 1 on any finding."""
    from tasks.flows import lint

    lint.lint(c.config)


@task(help=_TEST)
def test(c: Context, full: bool = False, part: str = "", unit: bool = False) -> None:
    """Run the tests, unit tests and those in the lab with the real tools; words after `--` go to pytest."""
    from tasks.flows import test

    test.test(c.remainder.split(), full=full, part=part, unit=unit)
