"""Bare machines: fresh roots of Debian 12 and 13 in which a user types only what the README says.

Each has its own disk, today's control groups, apt, certificates, git and sudo. Downloads come from the network, with
this machine's own settings.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab import checkout
from lab.make import debian, roots
from tests.lab.conftest import HOUR, assert_three_lines

pytestmark = pytest.mark.full
USER, NUMBER = "owner", 1000
NO_LIMIT = "[containers]\npids_limit = 0\n"  # this machine may keep its controllers under version 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Bare:
    """A bare machine: its root file system, and how long each command took there."""

    root: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def types(
        self, command: str, user: str = "root", seconds: int = HOUR, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Let a user type a command in the home folder."""
        words = ["cgroup2", *roots.machine_files()]
        argv = roots.enter(self.root, user, words, roots.machine_settings() | variables, ["bash", "-c", command])
        begun = time.monotonic()
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
        self.seconds[command] = time.monotonic() - begun
        return done


@contextmanager
def bare(root: Path, codename: str) -> Iterator[Bare]:
    """Make a fresh machine with its own disk, a clone in root's home folder, and an ordinary user with sudo."""
    with roots.disk(root):
        roots.unpack(debian.bare(codename), root)
        roots.add_user(root, USER, NUMBER)
        checkout.copy(root / "root/custom-coreos")
        settings = root / "etc/containers/containers.conf.d/no-limit.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(NO_LIMIT)
        yield Bare(root=root)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bare]]:
    """Return one machine of each release."""
    top = tmp_path_factory.mktemp("bare")
    with bare(top / "12", "bookworm") as old, bare(top / "13", "trixie") as new:
        yield {"bookworm": old, "trixie": new}


REHEARSE, UNIT = "cd custom-coreos && ./inv rehearse", "cd custom-coreos && ./inv test --unit"


@pytest.mark.parametrize("codename", ["bookworm", "trixie"])
def test_a_bare_machine_rehearses(machines: dict[str, Bare], codename: str) -> None:
    """One command without a question ends in a table."""
    done = machines[codename].types(REHEARSE)
    assert done.returncode == 0, done.stderr
    assert "total " in done.stdout
    assert ("building podman" in done.stderr) == (codename == "bookworm")


def test_debian_13_is_ready_in_much_less_time(machines: dict[str, Bare]) -> None:
    """Its podman can sign, so none is compiled: it takes at most 0.6 of the time on Debian 12."""
    old, new = (machines[codename].seconds[REHEARSE] for codename in ("bookworm", "trixie"))
    print(f"./inv rehearse on bare Debian 13 takes {new:.0f} s, {new / old:.2f} of the {old:.0f} s on bare Debian 12")
    assert new <= 0.6 * old


@pytest.mark.parametrize("codename", ["bookworm", "trixie"])
def test_a_bare_machine_runs_the_unit_tests(machines: dict[str, Bare], codename: str) -> None:
    """The README's other command works in its quick form."""
    done = machines[codename].types(UNIT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_debian_13_has_no_kernel_to_boot_and_says_so(machines: dict[str, Bare]) -> None:
    """The lab's kernel and machines are made from Debian 12's packages."""
    done = machines["trixie"].types("cd custom-coreos && ./inv boot")
    assert_three_lines(done, "the world real cannot be made here", "this is Debian GNU/Linux 13", "on Debian 12")


CONTROL = """Package: containerd.io
Version: 2.1
Architecture: amd64
Maintainer: Owner <owner@example.org>
Provides: runc
Conflicts: runc
Description: has the name and the relations of Docker's own package
"""


def test_docker_beside_it_stays(machines: dict[str, Bare]) -> None:
    """Docker's containerd.io excludes Debian's runc package; the recipes use the runc that it brings."""
    machine, package = machines["bookworm"], machines["bookworm"].root / "tmp/docker"
    assert machine.types("cd custom-coreos && ./inv setup publish").returncode == 0  # whichever test ran before
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text(CONTROL)
    (package / "usr/bin").mkdir(parents=True)
    shutil.copy2(machine.root / "usr/sbin/runc", package / "usr/bin/runc")
    install = "apt-get -qq -y remove runc && dpkg-deb --build /tmp/docker && dpkg --install /tmp/docker.deb"
    again = "rm -rf ~/.cache/custom-coreos/ready && cd custom-coreos && ./inv setup publish"
    done = machine.types(f"{install} && {again} && dpkg-query --show containerd.io")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "containerd.io\t2.1" in done.stdout
    done = machine.types(f"rm /usr/bin/runc && {again}")  # a conflict that only the owner can resolve
    assert_three_lines(done, "Debian packages could not be installed", "apt-get would have to remove containerd.io")


@pytest.fixture
def unpacked(machines: dict[str, Bare]) -> Bare:
    """Return a Debian 13 with a checkout from a zip, in the user's own folder, whose name has a space."""
    machine = machines["trixie"]
    folder = machine.root / f"home/{USER}/my server"
    if not folder.exists():
        checkout.copy(folder / "custom-coreos")
        shutil.rmtree(folder / "custom-coreos/.git")
        subprocess.run(["chown", "--recursive", f"{NUMBER}:{NUMBER}", str(folder)], check=True)
    return machine


HERE = 'cd "my server/custom-coreos" && '


def test_an_ordinary_user_with_sudo_rehearses_and_tests(unpacked: Bare) -> None:
    """It works in a folder without git; sudo runs what needs root, and the recipes say so if sudo is missing."""
    assert_three_lines(unpacked.types(f"{HERE}./inv rehearse", USER), "rehearse needs root", "sudo ./inv rehearse")
    done = unpacked.types(f"{HERE}sudo ./inv rehearse", USER)
    assert done.returncode == 0, done.stderr
    done = unpacked.types(f"{HERE}./inv test --unit", USER)
    assert done.returncode == 0, done.stdout + done.stderr
    owned = ["find", str(unpacked.root / f"home/{USER}"), "-xdev", "-uid", "0", "-not", "-path", "*/.lab*"]
    assert subprocess.run(owned, capture_output=True, text=True, check=True).stdout == ""


def test_an_ordinary_user_has_a_podman_that_does_what_is_tried(unpacked: Bare) -> None:
    """It is rootless, on today's control groups, with and without a run-time folder."""
    for folder in (f"/run/user/{NUMBER}", ""):
        done = unpacked.types(f"{HERE}./inv setup publish && ./inv doctor --json", USER, XDG_RUNTIME_DIR=folder)
        assert '"it signs an image' in done.stdout.replace("tried: ", '"'), done.stdout + done.stderr


def test_a_user_who_may_not_use_sudo_is_told_what_to_install(unpacked: Bare) -> None:
    """Three lines name the packages, and nothing else happens."""
    roots.add_user(unpacked.root, "guest", 1002, sudo=False)
    checkout.copy(unpacked.root / "home/guest/custom-coreos")
    subprocess.run(["chown", "--recursive", "1002:1002", str(unpacked.root / "home/guest")], check=True)
    subprocess.run(["chroot", str(unpacked.root), "apt-get", "-qq", "-y", "remove", "skopeo"], check=True)
    done = unpacked.types("cd custom-coreos && ./inv versions", "guest")
    assert_three_lines(done, "Debian packages could not be installed", "sudo", "apt-get install skopeo")


def test_a_user_without_subordinate_ids_is_told_about_them(unpacked: Bare) -> None:
    """Podman's own error names the file; recipes that need no podman still work in the clone."""
    for name in ("etc/subuid", "etc/subgid"):
        (unpacked.root / name).write_text("")
    shutil.rmtree(unpacked.root / f"home/{USER}/.cache/custom-coreos/ready")
    done = unpacked.types(f"{HERE}./inv setup build", USER)
    assert_three_lines(done, "podman does not do what it must", "/etc/subuid")
    assert "building podman" not in done.stderr
