"""The front door: every recipe, in the order of the Justfile that it replaces; no logic here."""

from pathlib import Path
from typing import Any

from invoke import Collection

__path__ = [str(Path(__file__).with_suffix(""))]  # makes the folder tasks/ importable as this module's package

if __name__ == "__main__":
    import sys

    sys.modules["tasks"] = sys.modules["__main__"]
    from tasks.cli import main

    main(Path(__file__).parent)

from tasks import build, butane, cleanup, develop, doctor, lab, matrix, registry, version, workflow
from tasks.cli import check_settings

check_settings()  # before Invoke reads invoke.yaml
ns = Collection()
recipe: Any
for recipe in (
    version.zfs_version, version.kernel_version, version.kernel_major_minor, version.check_zfs_available,
    version.versions, build.build, build.test_build, butane.generate_ignition,
    workflow.run_workflow, workflow.run_pages, workflow.run_cleanup, workflow.run_cleanup_force,
    workflow.workflow_status, workflow.all_workflows, cleanup.cleanup_dry_run, butane.butane,
    matrix.check_compatibility, version.fedora_version, version.forecast, version.lock,
    matrix.sync_matrix, matrix.block, build.build_force, build.build_kmods, build.verify,
    butane.ignition, butane.adopt, butane.site, butane.serve,
    registry.keygen, registry.publish, registry.promote, registry.rollback, registry.history, registry.diff,
    registry.sbom, cleanup.cleanup, workflow.watchdog, workflow.repo_settings, doctor.doctor, doctor.setup,
    lab.lab, lab.lab_clean, lab.rehearse, lab.boot, lab.rehearse_workflow, lab.bench,
    develop.lint, develop.test,
):  # fmt: skip
    ns.add_task(recipe)
