"""Development: check and test this repository."""

from invoke import Context, task

_TEST = {
    "full": "run everything: also the long tests, with more examples for each property",
    "part": "with --full, run only one part: boot, bare, workflows, kmods, kills, failures, publish or rest",
    "unit": "run only the unit tests",
    "mutants": "change the deciding modules a little, and show each change that no test notices",
}


@task
def lint(c: Context) -> None:
    """Check code, types, imports, scripts, workflows, Butane, matrix and keys; run all, exit 1 on any finding."""
    from tasks.flows import lint

    lint.lint(c.config)


@task(help=_TEST)
def test(_c: Context, full: bool = False, part: str = "", unit: bool = False, mutants: bool = False) -> None:
    """Run the unit tests, and the lab tests with the real tools; words after `--` go to pytest."""
    from tasks.flows import test

    test.test(full=full, part=part, unit=unit, mutants=mutants)
