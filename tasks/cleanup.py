"""Cleanup: delete old versions of the image and of your kmods."""

from invoke import Context, task

from tasks.settings.values import read_settings

_CLEANUP = {
    "retention-days": "days after which a version may be deleted (default: retention_days in invoke.yaml)",
    "keep": "how many of the newest good images to keep at any age (default: keep_images in invoke.yaml)",
    "apply": "delete; without this option, only show",
    "force": "delete even if that is more than max_delete_fraction of all versions",
    "json": "print JSON",
}


@task(help=_CLEANUP)
def cleanup(
    c: Context, retention_days: str = "", keep: str = "", apply: bool = False, force: bool = False, json: bool = False
) -> None:
    """With --apply, delete old versions of the image and your kmods, except those that a kept version needs."""
    from tasks.flows import cleanup

    cleanup.cleanup(read_settings(c.config), retention_days, keep, apply=apply, force=force, json=json)


@task(help={"retention-days": "days after which a version may be deleted", "json": "print JSON"})
def cleanup_dry_run(c: Context, retention_days: str, json: bool = False) -> None:
    """Show what cleanup would delete with another retention."""
    cleanup(c, retention_days=retention_days, json=json, force=True)
