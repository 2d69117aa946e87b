"""Doctor: is everything here that the recipes need, and what installs it."""

from invoke import Context, task

from tasks.settings import read_settings


@task(help={"json": "print JSON"})
def doctor(c: Context, json: bool = False) -> None:
    """Look at tools, logins, keys, matrix and disk; every line with what mends it; exit 1 on a failure."""
    from tasks.flows import doctor

    doctor.doctor(read_settings(c.config), json=json)


@task(help={"recipes": "names of recipes with commas between them, such as publish,promote"})
def setup(c: Context, recipes: str) -> None:  # noqa: ARG001  (Invoke's form)
    """Install what recipes need, and run none of them; a workflow does so before a step that holds a secret."""
    from tasks.flows import setup

    setup.setup(recipes.split(","))
