"""Boots the built image and checks what holds, what is refused, and that nothing is left behind."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import ROOT
from tests.lab.conftest import HOUR, Clone, assert_three_lines, fresh_clone, on_debian_12
from tests.lab.test_build import processes_of

STAGES = (
    "first boot", "second boot", "a firmware update", "a fresh TPM", "another PCR 7", "no zfs.ko", "a foreign module",
    "pcr_ids 77", "update",
)  # fmt: skip
POLICY = "/etc/containers/policy.json"


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clone, subprocess.CompletedProcess[str]]]:
    """Return a clone in a deeply nested folder, and the result of `inv boot` there."""
    clone = fresh_clone(tmp_path_factory.mktemp("boot") / "-".join(["deep"] * 20) / "custom-coreos")
    yield clone, clone.inv("boot", seconds=2 * HOUR)
    clone.inv("lab-clean")


def left_by(clone: Clone) -> list[str]:
    """List processes and mounts below a clone, and loop devices of its files."""
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(clone.path) in line]
    loops = [place.read_text() for place in Path("/sys/block").glob("loop*/loop/backing_file")]
    return [*processes_of(clone), *mounts, *(file for file in loops if str(clone.path) in file)]


@on_debian_12
@pytest.mark.full
def test_the_image_boots(booted: tuple[Clone, subprocess.CompletedProcess[str]]) -> None:
    """It goes through every stage and every check holds; it names each check, and reports each stage with its time."""
    clone, done = booted
    assert done.returncode == 0, done.stdout + done.stderr[-8000:]
    rows = [line for line in done.stdout.splitlines() + done.stderr.splitlines() if line.startswith("ok ")]
    assert "FAILED" not in done.stdout + done.stderr
    for stage in STAGES:
        assert f"=== {stage}: " in done.stderr
        assert any(re.match(rf"ok +{stage}  ", row) for row in rows)
    assert left_by(clone) == []


@on_debian_12
@pytest.mark.full
def test_only_the_consoles_stay(booted: tuple[Clone, subprocess.CompletedProcess[str]]) -> None:
    """No disk, image or key is left; each log has the kernel's first words."""
    clone, _ = booted
    machines = list(clone.path.glob(".lab/boot-*/machines/*"))
    assert {path.suffix for path in machines} == {".log"}
    assert "Linux version 6.12." in next(path for path in machines if path.name == "first.log").read_text()
    assert not list(clone.path.glob(".lab/boot-*/storage"))


@on_debian_12
@pytest.mark.full
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("=== inv keygen", signal.SIGINT),
        ("=== inv build", signal.SIGTERM),
        ("=== made ready", signal.SIGINT),
        ("=== made ready", signal.SIGKILL),
        ("=== second boot", signal.SIGINT),
    ],
)
def test_nothing_stays_when_it_is_ended(
    booted: tuple[Clone, subprocess.CompletedProcess[str]], moment: str, number: signal.Signals
) -> None:
    """While images are built or machines run, no process or mount is left, and it reports that it was interrupted."""
    clone, _ = booted
    child = _started(clone, moment)
    if number is signal.SIGINT:
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert left_by(clone) == []
    if number is not signal.SIGKILL:
        assert child.returncode == 1
        assert said.rstrip().splitlines()[-3] == "interrupted"
        assert "Traceback" not in said
        assert "FAILED" not in said


BOOT_WHOSE_STAGE_GETS_THE_CTRL_C = """
import signal, sys, threading, time
from lab.real import boot, ingredients, stages

def stage(machine):
    time.sleep(1)  # until the main thread waits for it
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)

ingredients.gather = lambda given: None
stages.Journey = lambda bench: None
stages.GROUPS = ((("a stage", stage),),)
sys.argv = ["boot", '{"state": "/nowhere"}']
boot.main()
"""


def test_a_ctrl_c_does_not_wait_for_a_stage() -> None:
    """It also ends if Ctrl-C wakes no waiting thread, so no stage whose machine it ended is reported as failed."""
    argv = [sys.executable, "-c", BOOT_WHOSE_STAGE_GETS_THE_CTRL_C]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGINT
    assert [line for line in done.stderr.splitlines() if not line.startswith("=== made ready")] == []


@on_debian_12
@pytest.mark.full
def test_nothing_stays_when_making_the_parts_is_ended(own_clone: Clone, tmp_path: Path) -> None:
    """It opens another lab to compile OpenZFS: neither lab is left, and the cache has no incomplete entry."""
    cached = Path(os.environ.get("CUSTOM_COREOS_CACHE") or Path.home() / ".cache/custom-coreos")
    subprocess.run(["cp", "-al", str(cached), str(tmp_path / "cache")], check=True)
    for made in (tmp_path / "cache/lab").glob("kmods-*-6.12.*"):
        shutil.rmtree(made)
    child = _started(own_clone, "lab: making kmods-", CUSTOM_COREOS_CACHE=str(tmp_path / "cache"))
    _wait_for(child, "fetching ")
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert left_by(own_clone) == []
    assert said.rstrip().splitlines()[-3] == "interrupted"
    assert not list((tmp_path / "cache/lab").glob(".kmods-*.making"))


@on_debian_12
@pytest.mark.full
def test_two_at_once_do_not_collide(booted: tuple[Clone, subprocess.CompletedProcess[str]]) -> None:
    """They start together in one clone; both first boots hold, and ending one does not affect the other."""
    clone, _ = booted
    one, other = (_start(clone) for _ in range(2))
    for child in (one, other):
        assert "checks hold" in _wait_for(child, "=== first boot")
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
    assert left_by(clone) == []


@on_debian_12
@pytest.mark.full
def test_a_given_image_and_a_given_file_are_booted(booted: tuple[Clone, subprocess.CompletedProcess[str]]) -> None:
    """The image is given by digest. A file whose policy.json cannot overwrite the tree's stops the boot."""
    clone, _ = booted
    listed = "podman images --digests --format '{{.Digest}}' custom-coreos"
    made = clone.lab(f"inv keygen && inv ignition && inv build && {listed}", "real")
    assert made.returncode == 0, made.stderr
    document = json.loads((clone.path / "ignition.json").read_text())
    policy = {"path": POLICY, "contents": {"source": "data:,%7B%7D"}}
    del document["ignition"]["config"]
    document["storage"]["files"].append(policy)
    (clone.path / "stops.json").write_text(json.dumps(document))
    digest = made.stdout.split()[-1]
    child = _start(clone, "--image", digest, "--ignition", "ignition.json")
    assert "checks hold" in _wait_for(child, "=== first boot")
    os.killpg(child.pid, signal.SIGINT)
    assert "=== inv build" not in child.communicate(timeout=60)[1]
    done = clone.inv("boot", "--image", digest, "--ignition", "stops.json", seconds=HOUR)
    assert_three_lines(done, "the boot is not proven", "1 of 9 stages")
    log = next(clone.path.glob(".lab/boot-*/machines/first.log")).read_text(errors="replace")
    assert POLICY in log
    assert "overwrite" in log


@on_debian_12
@pytest.mark.full
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--ignition", "nowhere.json"), "nowhere.json could not be read"),
        (("--ignition", "half.json"), "is not JSON"),
        (("--ignition", "open.json"), "binds no root to a TPM"),
        (("--ignition", "other.json"), "binds no root to a TPM"),
        (("--ignition", "nobody.json"), "no user core"),
        (("--ignition", "null.json"), "no user core"),
        (("--ignition", "keyless.json"), "no user core with a key"),
        (("--image", "null"), "'null' is not a digest"),
        (("--image", f"sha256:{'0' * 64}"), "has no image"),
    ],
)
def test_what_cannot_be_booted_is_said(
    booted: tuple[Clone, subprocess.CompletedProcess[str]], words: tuple[str, str], why: str
) -> None:
    """Three lines say so before anything is built."""
    clone, _ = booted
    (clone.path / "half.json").write_text('{"ignition": {')
    (clone.path / "nobody.json").write_text('{"ignition": {"version": "3.5.0"}}')
    (clone.path / "null.json").write_text('{"ignition": null, "passwd": {"users": [null]}, "storage": null}')
    (clone.path / "keyless.json").write_text('{"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": []}]}}')
    (clone.path / "open.json").write_text('{"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": ["k"]}]}}')
    luks = {"name": "root", "clevis": {"custom": {"pin": "tpm2", "config": '{"pcr_ids": "4"}'}}}
    users = [{"name": "core", "sshAuthorizedKeys": ["k"]}]
    (clone.path / "other.json").write_text(json.dumps({"passwd": {"users": users}, "storage": {"luks": [luks]}}))
    done = clone.inv("boot", *words)
    assert_three_lines(done, why)
    assert "=== inv" not in done.stderr


def _start(clone: Clone, *words: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(clone.path / "inv"), "boot", *words], cwd=clone.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True, env={**os.environ, **env},
    )  # fmt: skip


def _started(clone: Clone, moment: str, **env: str) -> subprocess.Popen[str]:
    """Start a boot, and wait until it reports that moment."""
    child = _start(clone, **env)
    _wait_for(child, moment)
    return child


def _wait_for(child: subprocess.Popen[str], moment: str) -> str:
    """Return the line that begins with these words."""
    assert child.stderr
    said = []
    for line in child.stderr:
        said.append(line)
        if line.startswith(moment):
            return line
    pytest.fail(f"it ended before {moment!r}: {''.join(said)}")
