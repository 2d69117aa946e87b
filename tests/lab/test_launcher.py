"""The launcher installs only what a recipe needs, costs almost nothing once warm, and repairs a broken set-up."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, ready_folder

EMPTY = "from invoke import task\n\n\n@task\ndef nothing(c):\n    pass\n"


def cheapest(*commands: list[str], rounds: int = 15) -> list[float]:
    """Return the least processor time of each command in seconds, measured in turn; other tests run beside it."""
    quiet = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    best = [float("inf")] * len(commands)
    for _ in range(rounds):
        for number, argv in enumerate(commands):
            child = os.posix_spawn(argv[0], argv, os.environ, file_actions=[quiet])
            _, status, used = os.wait4(child, 0)
            assert status == 0, argv
            best[number] = min(best[number], used.ru_utime + used.ru_stime)
    return best


def test_listing_recipes_costs_little_more_than_bare_invoke(clone: Clone, tmp_path: Path) -> None:
    """It takes at most 1.3 times as long as an empty tasks.py, and the launcher adds at most a third of that."""
    (tmp_path / "tasks.py").write_text(EMPTY)
    python = ready_folder(clone) / "venv/bin"
    empty, ours, launched = cheapest(
        [str(python / "inv"), "--search-root", str(tmp_path), "--list"],
        [str(python / "python"), str(clone.path / "tasks.py"), "--list"],
        [str(clone.path / "inv"), "--list"],
    )
    print(f"inv --list: {ours / empty:.2f} times an empty tasks.py; {launched / empty:.2f} times with the launcher")
    assert ours / empty <= 1.3
    assert launched - ours <= empty / 3  # 50 ms where an empty tasks.py takes 150


def test_recipes_are_listed_grouped_and_in_order(clone: Clone) -> None:
    """`inv` without a recipe prints the list."""
    done = clone.inv(cwd=Path("/"))
    assert done.returncode == 0
    recipes = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert recipes[:5] == ["zfs-version", "kernel-version", "kernel-major-minor", "check-zfs-available", "versions"]
    groups = [line.partition(":")[0] for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert groups == [
        "Versions", "Build", "Butane and Ignition", "Workflow", "Cleanup", "Matrix", "Registry", "Doctor", "Lab",
        "Development", "More of each",
    ]  # fmt: skip


def test_a_reader_may_leave_before_the_end(clone: Clone) -> None:
    """`./inv | head -1` shows no error, and neither does help."""
    for words in ([], ["--help", "versions"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [clone.path / "inv", *words], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (1, "")


def test_a_recipe_needs_only_its_own_tools(clone: Clone) -> None:
    """`versions` never needs podman."""
    clone.lab("inv versions")
    needed = (ready_folder(clone) / "needs-versions").read_text().split()
    assert "skopeo" in needed
    assert "podman" not in needed


@pytest.fixture
def own_ready(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a launcher's folder that a test may damage; it links to the tests' shared one."""
    shared = ready_folder(clone).parents[1]
    cache = tmp_path / "cache"
    shutil.copytree(shared / "ready", cache / "ready", symlinks=True)
    for name in ("go", "lab", "pypi", "venv"):
        (cache / name).symlink_to(shared / name)
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(cache))
    places = [place for place in os.environ["PATH"].split(":") if not place.startswith(str(shared))]
    monkeypatch.setenv("PATH", ":".join(places))
    return ready_folder(clone)


@pytest.mark.parametrize("broken", ["venv", "needs-ignition"])
def test_a_half_finished_set_up_is_repaired_by_running_it_again(clone: Clone, own_ready: Path, broken: str) -> None:
    """It makes whatever piece is missing, and keeps the rest."""
    ready = own_ready
    (ready / broken).unlink(missing_ok=True)
    assert clone.inv("ignition").returncode == 0
    assert (ready / broken).exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--help", "boot"),
        ("-h", "boot"),
        ("boot", "--help"),
        ("boot", "-h"),
        ("--list",),
        ("-l",),
        ("--version",),
        ("-V", "boot"),
        ("--print-completion-script", "bash"),
        ("--complete", "--", "inv", "boot"),
        ("--complete", "--", "inv", "boot", "--"),
        ("check-compatibility", "--zfs", "2.4.4", "--kernel", "boot"),
        ("check-compatibility", "--kernel", "boot", "-z", "boot"),
        ("butane", "nothing.yaml", "--", "boot"),
        ("boot", "--nonsense"),
    ],
)
def test_only_a_recipe_that_runs_is_made_ready(clone: Clone, own_ready: Path, words: tuple[str, ...]) -> None:
    """Help, a list or completion makes no recipe ready, nor does an option's value or a word after `--`."""
    (own_ready / "needs-boot").unlink(missing_ok=True)
    said = clone.inv(*words).stderr
    assert not (own_ready / "needs-boot").exists()
    assert "installing" not in said


def test_a_tab_installs_nothing(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a new clone, or after a pull that changed the tools, nobody would see what a Tab starts."""
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(tmp_path / "cache"))
    done = clone.inv("--complete", "--", "inv", "ver")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "cache").exists()


def test_every_recipe_of_one_call_is_made_ready(clone: Clone, own_ready: Path) -> None:
    """That includes one after another's option; a recipe that is not in the table only needs Python."""
    names = "doctor", "verify", "block"
    for name in names:
        (own_ready / f"needs-{name}").unlink(missing_ok=True)
    assert_three_lines(clone.inv("-R", "block", "--unblock", "verify", "localhost/nothing", "doctor", "--json"))
    assert all((own_ready / f"needs-{name}").exists() for name in names)


@pytest.mark.parametrize(("kind", "shown"), [("--unit", "$ pytest --rootdir"), ("--mutants", "no test is run")])
def test_a_dry_run_of_the_tests_runs_none(clone: Clone, kind: str, shown: str) -> None:
    """-R only shows what would be run."""
    assert clone.inv("-R", "test", kind).returncode == 0  # which may install what it needs
    done = clone.inv("-R", "test", kind)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert done.stderr.startswith(shown)


def test_a_tool_that_was_removed_is_noticed(clone: Clone, own_ready: Path) -> None:
    """The warm start checks the commands themselves."""
    clone.inv("ignition")
    merge = own_ready / "bin/ignition-merge"
    if merge.is_symlink():
        merge.unlink()
        assert clone.inv("ignition").returncode == 0
        assert merge.is_symlink()


def test_it_works_through_a_link_and_from_any_folder(clone: Clone, tmp_path: Path) -> None:
    """A link in ~/bin is a valid way to call it."""
    (tmp_path / "inv").symlink_to(clone.path / "inv")
    argv = [str(tmp_path / "inv"), "check-compatibility", "--zfs", "2.4.4", "--kernel", "7.1.9-200.fc44.x86_64"]
    assert subprocess.run(argv, cwd="/", capture_output=True, check=False).returncode == 0


def test_without_podman_the_error_names_it(clone: Clone) -> None:
    """A missing tool gives three lines, even if the launcher could not help."""
    argv = [str(ready_folder(clone) / "venv/bin/python"), str(clone.path / "tasks.py"), "verify", "x"]
    done = subprocess.run(argv, env={"PATH": "/nowhere", "HOME": "/"}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "podman is not on the PATH" in done.stderr
    assert "./inv" in done.stderr


def test_without_network_each_source_is_named(clone: Clone) -> None:
    """An empty network namespace gives three lines and exit status 1."""
    argv = ["unshare", "--net", str(clone.path / "inv"), "versions"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not be read" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_an_empty_cache_is_filled_and_rehearses_in_time(own_clone: Clone, tmp_path: Path) -> None:
    """Without any cache, on a machine that has the packages: tools, Python, images and the whole main job."""
    begun = time.monotonic()
    argv = [str(own_clone.path / "inv"), "rehearse"]
    environment = {**os.environ, "CUSTOM_COREOS_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(f"from empty caches: {time.monotonic() - begun:.0f} s")
    assert time.monotonic() - begun < 480


SPY = """#!/bin/sh
case "$*" in *tools.ready*) env > {log}; exit 1 ;; esac
exec {python} "$@"
"""


def test_what_installs_the_recipes_python_does_not_see_the_signing_key(
    clone: Clone, own_ready: Path, tmp_path: Path
) -> None:
    """A workflow's step may have the key in its environment; this test records the installer's environment."""
    log, spy = tmp_path / "environment", tmp_path / "bin/python3"
    spy.parent.mkdir()
    spy.write_text(SPY.format(log=log, python=shutil.which("python3")))
    spy.chmod(0o755)
    (own_ready / "venv").unlink()
    secrets = {"SIGNING_KEY": "the key", "SIGNING_PASSPHRASE": "opens it"}
    seen = {**os.environ, **secrets, "PATH": f"{spy.parent}:{os.environ['PATH']}"}
    argv = [str(clone.path / "inv"), "ignition"]
    assert subprocess.run(argv, env=seen, capture_output=True, check=False).returncode == 1
    assert "PATH=" in log.read_text()
    assert "SIGNING" not in log.read_text()


@pytest.mark.full
def test_a_package_that_is_not_the_pinned_one_is_not_installed(own_clone: Clone, tmp_path: Path) -> None:
    """What it builds holds the signing key."""
    pins = own_clone.path / "tools/uv.txt"
    pins.write_text(re.sub(r"sha256:[0-9a-f]{4}", "sha256:0000", pins.read_text()))
    path = ":".join(each for each in os.environ["PATH"].split(":") if not Path(each, "uv").exists())
    env = {**os.environ, "CUSTOM_COREOS_CACHE": str(tmp_path / "cache"), "PATH": path}
    done = subprocess.run([own_clone.path / "inv", "--list"], env=env, capture_output=True, text=True, check=False)
    assert_three_lines(done, "uv could not be installed")
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_one_test_is_run_by_its_name(clone: Clone) -> None:
    """As in CONTRIBUTING.md, everything after `--` goes to pytest, with its quotes."""
    done = clone.inv("test", "--unit", "--", "tests/unit/test_lock.py", "-k", "reads_back or layout")
    assert "3 passed" in done.stdout, done.stdout + done.stderr
