"""Cleanup: what of the image's package and of our own kmods' may go, and its deletion."""

from invoke import Context, task

from tasks.settings import read_settings

_CLEANUP = {
    "retention-days": "age in days from which a version may go (default: retention_days in invoke.yaml)",
    "keep": "so many of the newest good images stay whatever their age (default: keep_images in invoke.yaml)",
    "apply": "delete; without it, nothing is",
    "force": "also when more than max_delete_fraction of everything would go",
    "json": "print JSON",
}


@task(help=_CLEANUP)
def cleanup(
    c: Context, retention_days: str = "", keep: str = "", apply: bool = False, force: bool = False, json: bool = False
) -> None:
    """Delete old versions of image and own kmods; nothing that a kept one needs, nothing at all without --apply."""
    from tasks.flows import cleanup

    cleanup.cleanup(read_settings(c.config), retention_days, keep, apply=apply, force=force, json=json)


@task(help={"retention-days": "age in days from which a version may go", "json": "print JSON"})
def cleanup_dry_run(c: Context, retention_days: str, json: bool = False) -> None:
    """Show what cleanup would delete with another retention; deletes nothing."""
    cleanup(c, retention_days=retention_days, json=json, force=True)
