"""Adopting the repository for somebody else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.hosts.upstreams import KEY
from tests.lab.conftest import PRODUCT, Clone, assert_three_lines, ready_folder


def adopt(clone: Clone, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Type `adopt` with its own home folder."""
    cache = ready_folder(clone).parents[1]
    env = {**os.environ, "HOME": str(home), "CUSTOM_COREOS_CACHE": str(cache)}
    argv = [str(clone.path / "inv"), "adopt", *words]
    return subprocess.run(
        argv, cwd=clone.path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def texts(clone: Clone) -> dict[str, str]:
    return {name: (clone.path / name).read_text() for name in ("butane.yaml", "invoke.yaml")}


def test_one_command_makes_it_yours_and_twice_changes_nothing(own_clone: Clone, tmp_path: Path) -> None:
    """It reads the remote and ~/.ssh, shows the diff, keeps comments, and silences the warning about a foreign key."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/id.pub").write_text(f"ssh-ed25519 {KEY} me@home\n")
    (tmp_path / ".ssh/id-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com AAAA\n")
    for words in (["init", "-q"], ["remote", "add", "origin", "https://github.com/Someone/My-NAS.git"]):
        subprocess.run(["git", *words], cwd=own_clone.path, check=True)
    before = texts(own_clone)
    assert_three_lines(adopt(own_clone, tmp_path), "nothing was done", "--yes")
    assert texts(own_clone) == before
    done = adopt(own_clone, tmp_path, "--hostname", "box", "--yes")
    assert done.returncode == 0, done.stderr
    after = texts(own_clone)
    for line in ("+        inline: box", "-        inline: nas", f"+        - ssh-ed25519 {KEY} me@home"):
        assert line in done.stdout.splitlines()
    assert "image: ghcr.io/someone/my-nas  " in after["invoke.yaml"]
    for name, text in before.items():
        assert after[name].count("#") == text.count("#")
        assert len(after[name].splitlines()) == len(text.splitlines())
    again = adopt(own_clone, tmp_path, "--hostname", "box")
    assert (again.returncode, again.stdout) == (0, "nothing to change\n")
    warned = own_clone.inv("ignition").stderr
    assert "but the repository is someone's" not in warned


def test_windows_line_ends_and_unusual_style_stay(own_clone: Clone, tmp_path: Path) -> None:
    """Only the changed lines differ; a key that stays is reported, and a clone that is not on GitHub has no owner."""
    (tmp_path / "id.pub").write_text(f"ssh-ed25519 {KEY} me@home\n")
    friend = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl friend"
    admin = f"  - {{name: admin, ssh_authorized_keys: [{friend}]}}\n"
    butane = f"# mine\n---\nvariant: fcos\nversion: 1.6.0\npasswd:\n  users:\n{admin}  - name: core\nstorage:\n"
    owners = (PRODUCT / "butane.yaml").read_text().partition("        - ")[2].splitlines()[0]
    butane = butane.replace("core\n", f"core\n    ssh_authorized_keys:\n    - {owners}\n")
    (own_clone.path / "butane.yaml").write_bytes(butane.replace("\n", "\r\n").encode())
    done = adopt(own_clone, tmp_path, "--image", "ghcr.io/a/b", "--ssh-key", f"{tmp_path}/id.pub", "--yes")
    assert done.returncode == 0, done.stderr
    after = (own_clone.path / "butane.yaml").read_bytes().decode()
    wanted = butane.replace(f"    - {owners}\n", f"    - ssh-ed25519 {KEY} me@home\n")
    assert after == wanted.replace("\n", "\r\n")
    assert "WARNING: butane.yaml: passwd.users[admin] keeps the key friend (SHA256:" in done.stderr
    assert "samhclark" not in done.stderr


def test_the_original_owner_s_key_is_never_kept_silently(own_clone: Clone, tmp_path: Path) -> None:
    """This holds before the clone is on GitHub, and `doctor` says the same."""
    done = adopt(own_clone, tmp_path, "--yes")
    assert "keeps the key of samhclark, who could log in to your machine" in done.stderr
    assert "samhclark could log in to your machine" in own_clone.inv("doctor").stdout


def test_keys_come_from_github_too(own_clone: Clone) -> None:
    """They come over TLS from the lab's GitHub; a user without keys, or one who does not exist, changes nothing."""
    before = texts(own_clone)
    inv = "inv adopt --image ghcr.io/a/b --yes --ssh-key https://github.com"
    for user in ("keyless", "nobody"):
        assert_three_lines(own_clone.lab(f"cd {own_clone.path} && {inv}/{user}.keys"), f"{user}.keys has no keys")
    assert texts(own_clone) == before
    assert own_clone.lab(f"cd {own_clone.path} && {inv}/owner.keys").returncode == 0
    assert f"- ssh-ed25519 {KEY} owner@github\n" in texts(own_clone)["butane.yaml"]


def test_what_is_no_key_no_name_and_no_image_is_refused(own_clone: Clone, tmp_path: Path) -> None:
    """It refuses a private key, a host name with a space, an image with capitals, and a missing file."""
    (tmp_path / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    before = texts(own_clone)
    for words, told in (
        (("--ssh-key", str(tmp_path / "key")), "a private key"),
        (("--ssh-key", str(tmp_path / "none.pub")), "none.pub could not be read"),
        (("--hostname", "my nas"), "not a host name"),
        (("--image", "ghcr.io/Me/Nas"), "image is wrong"),
    ):
        assert_three_lines(adopt(own_clone, tmp_path, "--yes", *words), told)
    assert texts(own_clone) == before


def test_on_a_terminal_it_asks(own_clone: Clone, tmp_path: Path) -> None:
    """No is the default; yes writes."""
    (tmp_path / "id.pub").write_text(f"ssh-ed25519 {KEY}\n")
    before = texts(own_clone)
    inv = f"{own_clone.path}/inv adopt --image ghcr.io/a/b --ssh-key {tmp_path}/id.pub"
    for typed, kept in (("", True), ("n", True), ("y", False)):
        argv = ["script", "--quiet", "--return", "--command", inv, "/dev/null"]
        done = subprocess.run(argv, input=f"{typed}\n", capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout
        assert "write this? [y/N]" in done.stdout
        assert (texts(own_clone) == before) is kept


def test_an_image_of_another_repository_is_noticed(own_clone: Clone, tmp_path: Path) -> None:
    """Doctor, keygen and adopt notice it; if origin is not on GitHub, the message names `--image`."""
    assert "origin is not a GitHub repository" in adopt(own_clone, tmp_path).stderr
    for words in (["init", "-q"], ["remote", "add", "origin", "git@github.com:Someone/My-NAS.git"]):
        subprocess.run(["git", *words], cwd=own_clone.path, check=True)
    both = "ghcr.io/samhclark/custom-coreos, but the workflows of this repository publish ghcr.io/someone/my-nas"
    assert both in own_clone.inv("doctor").stdout
    assert f"WARNING: the policy is for {both}; next: ./inv adopt" in own_clone.inv("-R", "keygen").stderr
    asked = adopt(own_clone, tmp_path, "--image", "ghcr.io/someone/else").stderr
    assert "publish ghcr.io/someone/my-nas and ignore the image in invoke.yaml" in asked
    assert adopt(own_clone, tmp_path, "--yes").returncode == 0
    assert "the workflows of this repository publish" not in own_clone.inv("doctor").stdout


@pytest.mark.full
def test_the_tests_pass_in_a_repository_that_is_somebodys(own_clone: Clone, tmp_path: Path) -> None:
    """They pass with another image, other keys and packages; check.yaml runs them there for every change."""
    (tmp_path / "id.pub").write_text(f"ssh-ed25519 {KEY} me@home\n")
    done = adopt(own_clone, tmp_path, "--image", "ghcr.io/someone/nas", "--ssh-key", str(tmp_path / "id.pub"), "--yes")
    assert done.returncode == 0, done.stderr
    done = own_clone.inv("keygen", "--key", str(tmp_path / "signing.key"))
    assert done.returncode == 0, done.stderr
    own_clone.replace("invoke.yaml", "packages: [tailscale]", "packages: [tailscale, htop]")
    files = "tests/unit", "tests/lab/test_signing.py", "tests/lab/test_publish.py", "tests/lab/test_ignition.py"
    argv = [sys.executable, "-m", "pytest", "-q", "-m", "not full", *files]
    done = subprocess.run(argv, cwd=own_clone.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
