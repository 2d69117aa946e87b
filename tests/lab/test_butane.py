"""The recipe butane: butane itself, on this machine or in its container."""

import json
import subprocess

import pytest

from tests.lab.conftest import Clone, ready_folder

BUTANE = "variant: fcos\nversion: 1.6.0\n"


def test_butane_is_a_filter(clone: Clone) -> None:
    """It reads stdin and writes stdout, with butane's own report and exit status."""
    argv = [str(clone.path / "inv"), "butane"]
    good = subprocess.run(argv, input=BUTANE, capture_output=True, text=True, check=True)
    assert json.loads(good.stdout)["ignition"]["version"] == "3.5.0"
    bad = subprocess.run(argv, input=BUTANE + "storage: 7\n", capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert bad.stdout == ""
    assert "Traceback" not in bad.stderr


@pytest.mark.full
def test_without_a_butane_of_its_own_the_container_serves(clone: Clone) -> None:
    """With only podman on the PATH, a container without network and writable files gives exactly the same."""
    python = ready_folder(clone) / "venv/bin/python"
    alone = "mkdir -p $HOME/bin && ln -sf $(command -v podman) $HOME/bin/"
    filtered = f"PATH=$HOME/bin {python} {clone.path}/tasks.py butane"
    done = clone.lab(
        f"{alone} && {filtered} < butane.yaml > a && inv butane < butane.yaml > b && cmp a b", "butane-in-container"
    )
    assert done.returncode == 0, done.stderr
    assert "Copying blob" in done.stderr
    wrong = clone.lab(f"echo 'variant: fcos' | {filtered}", "butane-in-container")
    assert wrong.returncode == 1


@pytest.mark.full
def test_the_container_takes_files_in_too(own_clone: Clone) -> None:
    """With only podman, the common parts come out the same: the container mounts the files read-only."""
    python = ready_folder(own_clone) / "venv/bin/python"
    names = "podman ignition-merge host-policy gitleaks git"
    tools = f"mkdir -p $HOME/bin && for tool in {names}; do ln -sf $(command -v $tool) $HOME/bin/; done"
    done = own_clone.lab(
        f"cd {own_clone.path} && {tools} && inv keygen && inv ignition && mv ignition.json a && "
        f"PATH=$HOME/bin {python} tasks.py ignition && cmp a ignition.json",
        "butane-in-container",
    )
    assert done.returncode == 0, done.stdout + done.stderr
