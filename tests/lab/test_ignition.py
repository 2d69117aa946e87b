"""Butane in, Ignition out, and the file that installs a machine."""

import hashlib
import json
import subprocess

from tests.lab.conftest import Clone, assert_three_lines, ready_folder

BUTANE = "variant: fcos\nversion: 1.6.0\n"


def test_the_configuration_is_kept_value_for_value(own_clone: Clone) -> None:
    """What butane.yaml says is what the machine gets; stdout is the hash that coreos-installer takes."""
    done = own_clone.inv("ignition")
    body = (own_clone.path / "ignition.json").read_bytes()
    assert done.stdout == f"sha512-{hashlib.sha512(body).hexdigest()}\n"
    config = json.loads(body)
    (user,) = config["passwd"]["users"]
    assert user["name"] == "core"
    assert user["sshAuthorizedKeys"][0].startswith("ecdsa-sha2-nistp256 AAAAE2VjZHNh")
    assert user["sshAuthorizedKeys"][0].endswith("OJKsV2Ws=") or user["sshAuthorizedKeys"][0].endswith("iveJOSsV2Ws=")
    (luks,) = config["storage"]["luks"]
    assert (luks["name"], luks["label"], luks["device"]) == ("root", "luks-root", "/dev/disk/by-partlabel/root")
    assert luks["wipeVolume"] is True
    assert luks["clevis"]["custom"]["pin"] == "tpm2"
    assert json.loads(luks["clevis"]["custom"]["config"]) == {"pcr_bank": "sha256", "pcr_ids": "7"}
    (root,) = config["storage"]["filesystems"]
    assert root == {"device": "/dev/mapper/root", "format": "btrfs", "label": "root", "wipeFilesystem": True}
    (hostname,) = config["storage"]["files"]
    assert (hostname["path"], hostname["mode"], hostname["contents"]["source"]) == ("/etc/hostname", 0o644, "data:,nas")
    assert config["ignition"]["version"] == "3.5.0"


def test_it_is_the_same_byte_for_byte_every_time(own_clone: Clone) -> None:
    """Both names of the recipe, twice, from another folder."""
    made = {
        own_clone.inv(recipe, cwd=own_clone.path / "lab").stdout for recipe in ("ignition", "generate-ignition") * 2
    }
    assert len(made) == 1


def test_a_mistake_is_told_with_path_line_and_column_and_nothing_is_written(own_clone: Clone) -> None:
    """A wrong mode, an unknown key (strict), a tab."""
    butane = own_clone.path / "butane.yaml"
    good = butane.read_text()
    for old, new, words in (
        ("mode: 0644", "mode: 644", ["$.storage.files.0.mode", "line 33 col 13"]),
        ("wipe_volume: true", "wipe_volum: true", ["$.storage.luks.0.wipe_volum", "line"]),
        ("  files:", "\tfiles:", ["line"]),
    ):
        butane.write_text(good.replace(old, new))
        done = own_clone.inv("ignition")
        assert_three_lines(done, "butane.yaml is not valid Butane", *words)
        assert done.stdout == ""
    assert not (own_clone.path / "ignition.json").exists()
    butane.unlink()
    assert_three_lines(own_clone.inv("ignition"), "butane.yaml could not be read")


def test_butane_is_a_filter(clone: Clone) -> None:
    """Stdin to stdout, butane's own report and exit status."""
    argv = [str(clone.path / "inv"), "butane"]
    good = subprocess.run(argv, input=BUTANE, capture_output=True, text=True, check=True)
    assert json.loads(good.stdout)["ignition"]["version"] == "3.5.0"
    bad = subprocess.run(argv, input=BUTANE + "storage: 7\n", capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert bad.stdout == ""
    assert "Traceback" not in bad.stderr


def test_without_a_butane_of_its_own_the_container_serves(clone: Clone) -> None:
    """Podman alone on the PATH: the container has no network and nothing to write to, and gives the very same."""
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
