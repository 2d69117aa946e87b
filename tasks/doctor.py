"""Doctor: check and install what the recipes need."""

from invoke import Context, task

from tasks.settings.values import read_settings


@task(help={"json": "print JSON"})
def doctor(c: Context, json: bool = False) -> None:
    """Check tools, logins, keys, matrix and disk, and print the fix for each problem; exit 1 on a failure."""
    from tasks.flows import doctor

    doctor.doctor(read_settings(c.config), json=json)


@task(help={"recipes": "names of recipes with commas between them, such as publish,promote"})
def setup(c: Context, recipes: str) -> None:  # noqa: ARG001  (Invoke's form)
    """Install what recipes need without running them; workflows do so before a step with a secret."""
    from tasks.flows import setup

    setup.setup(recipes.split(","))
