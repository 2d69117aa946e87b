"""Kmods of our own repository: when they are due, how they get there, and which of them are used."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.conftest import Clone, fresh_clone
from tests.lab.test_versions import checked

NEWER = "7.2.1-200.fc44.x86_64"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone that ships a key, whose private half each of its labs takes from a file."""
    made = fresh_clone(tmp_path_factory.mktemp("own-kmods") / "custom-coreos")
    done = made.lab(f"cd {made.path} && inv keygen --key {made.path.parent}/signing.key")
    assert done.returncode == 0, done.stderr
    yield made
    made.inv("lab-clean")


def decided(clone: Clone, world: str) -> dict[str, Any]:
    """What `inv versions` says, with what it gives to the next steps in GitHub Actions."""
    file = clone.path / "outputs.txt"
    file.unlink(missing_ok=True)
    done = clone.lab(f"cd {clone.path} && GITHUB_OUTPUT={file} inv versions --json --lock {clone.path}/a.lock", world)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = checked(done.stdout, "versions")
    lines = file.read_text().splitlines()
    outputs = {line.partition("<<")[0]: lines[number + 1] for number, line in enumerate(lines) if "<<end-" in line}
    return found | {"outputs": outputs}


def test_kmods_that_nobody_built_in_a_day_are_due_and_the_best_pair_is_locked_meanwhile(keyed: Clone) -> None:
    """The release waits for thirty hours; after five hours nothing is due."""
    found = decided(keyed, "late")
    assert (found["verdict"], found["chosen"]["kernel"]) == ("BUILD", "7.1.9-200.fc44.x86_64")
    assert found["kmods_due"] == {"zfs": "2.4.4", "kernel": NEWER}
    assert found["outputs"]["kmods_due"] == f"zfs-2.4.4_kernel-{NEWER}"
    assert json.loads((keyed.path / "a.lock").read_text())["kernel"] == "7.1.9-200.fc44.x86_64"
    waiting = decided(keyed, "waiting")
    assert (waiting["kmods_due"], waiting["outputs"]["kmods_due"]) == (None, "")


def test_without_a_key_none_are_due(clone: Clone) -> None:
    """What nobody can sign is not built."""
    assert decided(clone, "late")["kmods_due"] is None
