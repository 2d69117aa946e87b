"""The lab: real names in a namespace, and nothing of it outside or afterwards."""

import fcntl
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, fresh_clone, ready_folder
from tests.lab.test_build import processes_of

REPOSITORY = "ghcr.io/owner/thing"


def test_the_exit_status_of_the_command_is_the_labs(clone: Clone) -> None:
    """It passes on zero, another status, and a signal's."""
    assert [clone.lab(command).returncode for command in ("true", "exit 7", "kill -9 $$")] == [0, 7, 137]


def test_nothing_leads_outside(clone: Clone) -> None:
    """A lab only has the loopback interface, and only its hosts have addresses."""
    done = clone.lab("ip -o link | wc -l; getent hosts quay.io | cut -d' ' -f1; getent hosts example.org || echo none")
    assert done.stdout.split() == ["1", "127.0.1.1", "none"]


def test_ghcr_wants_a_login_to_push_and_pulls_without(clone: Clone) -> None:
    """It refuses a push without a login or with a wrong password, and accepts the lab's login."""
    image = f"printf 'FROM scratch\\nCOPY overlay-root /\\n' | podman build -q -f - -t {REPOSITORY}:x . > /dev/null"
    push = f"podman push -q {REPOSITORY}:x"
    login = "podman login -u owner -p {} ghcr.io"
    refused = clone.lab(f"{image}; {push}")
    assert refused.returncode != 0
    assert clone.lab(login.format("wrong")).returncode != 0
    again = f"podman logout ghcr.io && podman rmi -f {REPOSITORY}:x && podman pull -q {REPOSITORY}:x"
    done = clone.lab(f"{login.format('lab-token')} && {push} && {again}")
    assert done.returncode == 0, done.stderr


def test_tag_lists_come_in_pages_of_a_hundred(clone: Clone) -> None:
    """Both hosts do that; skopeo reads all pages."""
    done = clone.lab(
        "skopeo list-tags docker://quay.io/fedora/fedora-coreos | grep -c '\"'; cat .lab/everyday/requests.jsonl"
    )
    count, _, requests = done.stdout.partition("\n")
    assert int(count) > 250
    assert sum("tags/list" in line and "fedora-coreos" in line for line in requests.splitlines()) >= 3


def test_the_base_is_a_manifest_list(clone: Clone) -> None:
    """The real one is a list too; its digest names the list."""
    raw = "skopeo inspect --raw docker://quay.io/fedora/fedora-coreos:stable"
    assert clone.lab(f'{raw} | grep -o \'"architecture":"[a-z0-9]*"\'').stdout.count("architecture") == 2
    same = f"test sha256:$({raw} | sha256sum | cut -d' ' -f1) = $(inv versions --json | grep -o 'sha256:[0-9a-f]*')"
    assert clone.lab(same).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_when_the_parent_is_ended(clone: Clone, number: signal.Signals) -> None:
    """After Ctrl-C, SIGTERM or SIGKILL no process of the lab is left, and the lab can be opened again."""
    argv = [str(clone.path / "inv"), "lab", "-w", "slow", "--", "echo up; sleep 600"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=clone.path)
    assert child.stdout
    assert child.stdout.readline() == "up\n"
    if number is signal.SIGINT:
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)
    child.wait(20)
    end = time.monotonic() + 5
    while processes_of(clone) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_of(clone) == []
    assert clone.lab("true", "slow").returncode == 0


def test_a_lab_in_use_is_named_and_not_shared(clone: Clone) -> None:
    """Two labs in one state folder would damage each other's storage; another world is free."""
    argv = [str(clone.path / "inv"), "lab", "-w", "slow", "--", "echo up; read x"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=clone.path) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        assert_three_lines(clone.lab("true", "slow"), "this lab is in use")
        assert clone.lab("touch $HOME/kept").returncode == 0
        assert_three_lines(clone.inv("lab-clean"), "this lab is in use")
        assert clone.lab("test -e $HOME/kept").returncode == 0  # then nothing of any lab is removed
        child.communicate("\n", timeout=20)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("rehearsal-slow", ("rehearse",)),
        pytest.param("slow", ("rehearse-workflow", "build.yaml"), marks=pytest.mark.full),
    ],
)
def test_a_rehearsal_leaves_alone_what_another_is_using(clone: Clone, state: str, words: tuple[str, ...]) -> None:
    """The second does not replace the copy that the first works in."""
    kept = clone.path / ".lab" / state / "checkout/kept"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()
    with (kept.parents[1] / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_three_lines(clone.inv(*words, "-w", "slow"), "this lab is in use")
    assert kept.exists()


def test_what_was_pushed_stays_between_two_calls_and_lab_clean_removes_it(own_clone: Clone) -> None:
    """A lab's state lives in .lab/."""
    assert own_clone.lab("touch $HOME/kept").returncode == 0
    assert own_clone.lab("test -e $HOME/kept").returncode == 0
    assert own_clone.inv("lab-clean").returncode == 0
    assert not (own_clone.path / ".lab").exists()


def test_an_unknown_world_is_told_with_those_there_are(clone: Clone) -> None:
    """The error for a typo lists the worlds."""
    assert_three_lines(clone.lab("true", "evryday"), "there is no world 'evryday'", "everyday")


def test_the_rehearsal_goes_to_the_end_and_says_what_stood_in(clone: Clone) -> None:
    """It shows each step with its time and what was real, and the total."""
    done = clone.inv("rehearse")
    assert done.returncode == 0, done.stderr
    table = done.stdout[done.stdout.rindex("\nstep ") :]
    steps = [re.split("  +", line)[0] for line in table.strip().splitlines()[1:-1]]
    assert steps[:7] == ["keygen", "versions", "check-compatibility", "build", "verify", "ignition", "publish"]
    assert steps[-3:] == ["cleanup plan", "cleanup", "the host pulls once more"]
    assert not any(path.is_file() for path in (clone.path / "overlay-root/etc").rglob("*"))  # all happened in a copy
    assert "stand-in" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("total ")


def test_a_rehearsal_that_stops_says_where(clone: Clone) -> None:
    """If quay.io is down, it stops at `versions`."""
    done = clone.inv("rehearse", "-w", "quay-down")
    assert_three_lines(done, "the rehearsal of quay-down stopped", "versions failed with the output above")
    assert "not run" in done.stdout


@pytest.mark.parametrize("place", ["clone", "cache"])
def test_an_overlay_is_no_place_for_a_lab(own_clone: Clone, tmp_path: Path, place: str) -> None:
    """A container's file system is one, and podman's storage does not work there; the error comes first."""
    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    below = own_clone.path if place == "clone" else tmp_path / "cache"
    below.mkdir(exist_ok=True)
    options = f"lowerdir={below},upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    cache = (
        ""
        if place == "clone"
        else f"for each in ~/.cache/custom-coreos/*; do ln -s $each {below}; done; rm {below}/lab;"
    )
    typed = f"mount -t overlay -o {options} overlay {below} && {cache} cd {own_clone.path} && ./inv lab -- true"
    variables = {**os.environ, **({} if place == "clone" else {"CUSTOM_COREOS_CACHE": str(below)})}
    argv = ["unshare", "--mount", "sh", "-c", typed]
    done = subprocess.run(argv, env=variables, capture_output=True, text=True, check=False)
    assert_three_lines(done, f"no lab can be made in {below}", "overlayfs takes no overlay")


def test_a_lab_opens_from_any_folder(clone: Clone) -> None:
    """In tasks/, a file has the name of the lab's package."""
    done = clone.inv("lab", "--", "echo here", cwd=clone.path / "tasks")
    assert (done.returncode, done.stdout) == (0, "here\n"), done.stderr


def test_a_checkout_that_another_user_owns_is_copied_with_its_revision(tmp_path: Path) -> None:
    """Root in a user's clone, without sudo: git would call it dubious, and the build would have no revision."""
    theirs = fresh_clone(tmp_path / "theirs").path
    git = ["git", "-C", str(theirs), "-c", "user.name=owner", "-c", "user.email=owner@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "First"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    subprocess.run(["chown", "--recursive", "4242", str(theirs)], check=True)
    asked = "import sys; from pathlib import Path; from lab import checkout; from tasks.clients import workspace"
    code = f"{asked}; checkout.copy(Path(sys.argv[1])); print(workspace.revision())"
    python = ready_folder(Clone(theirs)) / "venv/bin/python"
    done = subprocess.run(
        [python, "-c", code, str(tmp_path / "copy")], cwd=theirs, capture_output=True, text=True, check=False
    )
    assert done.stdout == commit, done.stderr
    assert (tmp_path / "copy/inv").exists()


def test_a_lab_under_sudo_leaves_nothing_of_roots_in_a_users_checkout(
    own_clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders over which it mounts its own keys belong to the user, who writes keys there without sudo."""
    subprocess.run(["chown", "--recursive", "4242:4242", str(own_clone.path)], check=True)
    monkeypatch.setenv("SUDO_USER", "someone")
    assert own_clone.lab("true").returncode == 0
    find = ["find", str(own_clone.path), "-uid", "0", "-not", "-path", "*/.lab*"]
    assert subprocess.run(find, capture_output=True, text=True, check=True).stdout == ""
    as_user = ["setpriv", "--reuid=4242", "--regid=4242", "--clear-groups"]
    for folder in ("overlay-root/etc/pki/cosign", "overlay-root/etc/containers"):
        subprocess.run([*as_user, "touch", "a-key"], cwd=own_clone.path / folder, check=True)


@pytest.mark.parametrize("variable", [{}, {"GIT_DIR": "../.git"}])
def test_a_zip_unpacked_in_another_repository_has_no_revision(tmp_path: Path, variable: dict[str, str]) -> None:
    """The other repository's commit and remote are not ours, not even in one of its hooks."""
    unpacked = fresh_clone(tmp_path / "zip").path
    git = ["git", "-C", str(tmp_path), "-c", "user.name=owner", "-c", "user.email=owner@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Theirs"], ["remote", "add", "origin", "x"]):
        subprocess.run([*git, *words], check=True)
    code = "from tasks.clients import identity, workspace; print(workspace.revision(), repr(identity.origin()))"
    python = ready_folder(Clone(unpacked)) / "venv/bin/python"
    env = {**os.environ, **variable}
    done = subprocess.run([python, "-c", code], cwd=unpacked, env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "unversioned ''\n", done.stderr
