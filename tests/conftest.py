"""How often properties are tried: a hundred times, and two thousand under `./inv test --full`. What is run first."""

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("full", deadline=None, max_examples=2000)
settings.load_profile("default")

FIRST = (
    "test_boot",
    "test_bare",
    "test_kills",
    "test_failures",
    "test_build_time",
    "test_kmods_workflow",
    "test_workflows",
    "test_workflow_days",
    "test_own_kmods",
    "test_signing",
    "test_publish",
    "test_publish_races",
    "test_contract_effects",
    "test_contract",
    "test_lab",
    "test_cleanup",
    "test_build",
    "test_versions",
    "test_reads",
    "test_github",
    "test_resolve",
    "test_matrix",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that they do not run alone in the end while others wait."""
    order = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))
