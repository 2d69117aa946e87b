"""Workflow: start the workflows on GitHub, and watch them."""

from invoke import Context, task

from tasks.settings.values import read_settings

_RUN = {"force-rebuild": "build even if nothing changed", "watch": "wait until it ends; exit 1 if it fails"}
_JSON = {"json": "print JSON"}
_WATCHDOG = {
    "jobs": "the results of the jobs before it, as toJSON(needs) in a workflow",
    "keep-alive": "also stop GitHub from disabling the schedules after 60 days without a commit",
}


@task(help=_RUN)
def run_workflow(c: Context, force_rebuild: bool = False, watch: bool = False) -> None:
    """Start the build on GitHub."""
    from tasks.flows import workflow

    workflow.build(read_settings(c.config), force_rebuild=force_rebuild, watch=watch)


@task
def run_pages(c: Context) -> None:
    """Update the page on GitHub."""
    from tasks.flows import workflow

    workflow.pages(read_settings(c.config))


@task
def run_cleanup(c: Context) -> None:
    """Show on GitHub what cleanup would delete."""
    from tasks.flows import workflow

    workflow.cleanup(read_settings(c.config), dry_run=True)


@task(help={"yes": "do not ask"})
def run_cleanup_force(c: Context, yes: bool = False) -> None:
    """Clean up the package on GitHub now; ask first."""
    from tasks.flows import workflow

    workflow.cleanup(read_settings(c.config), dry_run=False, yes=yes)


@task(help=_JSON)
def workflow_status(c: Context, json: bool = False) -> None:
    """Show the last five builds on GitHub."""
    from tasks.flows import workflow

    workflow.show_builds(read_settings(c.config), json=json)


@task(help=_JSON)
def all_workflows(c: Context, json: bool = False) -> None:
    """Show the last three runs of each workflow."""
    from tasks.flows import workflow

    workflow.show_all(read_settings(c.config), json=json)


@task(help=_WATCHDOG)
def watchdog(c: Context, jobs: str = "", keep_alive: bool = False) -> None:
    """Open, update or close the one issue about what prevents stable from being current."""
    from tasks.flows import watchdog

    watchdog.watchdog(read_settings(c.config), jobs, keep_alive=keep_alive)


@task(help={"apply": "change the settings that differ, if GitHub has an API for them"})
def repo_settings(c: Context, apply: bool = False) -> None:
    """Compare the repository's settings on GitHub with what the workflows need; exit 1 on a difference."""
    from tasks.flows import repo_settings

    repo_settings.repo_settings(read_settings(c.config), apply=apply)
