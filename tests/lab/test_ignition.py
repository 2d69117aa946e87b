"""Butane in, Ignition out, and the file that installs a machine."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines

BUTANE = "variant: fcos\nversion: 1.6.0\n"


def test_the_configuration_is_kept_value_for_value(own_clone: Clone) -> None:
    """The machine gets what butane.yaml says; stdout is the hash that coreos-installer takes."""
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
    """Both names of the recipe give it, twice, and from another folder."""
    made = {
        own_clone.inv(recipe, cwd=own_clone.path / "lab").stdout for recipe in ("ignition", "generate-ignition") * 2
    }
    assert len(made) == 1


def test_a_mistake_is_told_with_place_and_line_and_nothing_is_written(own_clone: Clone) -> None:
    """The mistakes are a wrong mode, an unknown key (strict), and a tab."""
    butane = own_clone.path / "butane.yaml"
    good = butane.read_text()
    for old, new, words in (
        ("mode: 0644", "mode: 644", ["storage.files[/etc/hostname].mode, line 33: "]),
        ("wipe_volume: true", "wipe_volum: true", ["storage.luks[root].wipe_volum, line", "did you mean wipe_volume?"]),
        ("  files:", "\tfiles:", ["line 31: ", "write spaces"]),
    ):
        butane.write_text(good.replace(old, new))
        done = own_clone.inv("ignition")
        assert_three_lines(done, "butane.yaml is not valid Butane", *words)
        assert done.stdout == ""
    assert not (own_clone.path / "ignition.json").exists()
    butane.unlink()
    assert_three_lines(own_clone.inv("ignition"), "butane.yaml could not be read")


def test_files_are_taken_in_from_the_repository_alone(own_clone: Clone, tmp_path: Path) -> None:
    """A path or link that leaves the repository is refused, so no such content gets into a public file."""
    (tmp_path / "outside").write_text("not for the public")
    (own_clone.path / "link").symlink_to(tmp_path / "outside")
    for local in ("../outside", "link"):
        text = json.dumps({"variant": "fcos", "version": "1.6.0", "storage": {"files": [
            {"path": "/etc/a", "contents": {"local": local}}]}})  # fmt: skip
        (own_clone.path / "butane.yaml").write_text(text)
        done = own_clone.inv("ignition")
        assert_three_lines(done, "includes a file from elsewhere", local)
    shadow = own_clone.path / "overlay-root/etc/pki/cosign/cosign.pub"
    shadow.parent.mkdir(parents=True)
    shadow.symlink_to("/etc/shadow")
    own_clone.path.joinpath("butane.yaml").write_text(BUTANE)
    done = own_clone.inv("ignition")
    assert done.returncode == 1
    assert "root:" not in done.stderr
    assert not (own_clone.path / "ignition.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"pcr_ids":"7"', '"pcr_ids":"77"', "a TPM has no PCR 77"),
        ("inline: nas", "source: http://nas.example/hostname", "is fetched without TLS and without a hash"),
        (
            "ghcr.io/samhclark/custom-coreos ",
            "ghcr.io/someone/custom-coreos ",
            "the repository is someone's",
        ),
    ],
)
def test_what_would_cost_a_machine_is_told(own_clone: Clone, old: str, new: str, words: str) -> None:
    """Each mistake gives a warning, and the shipped file has none; PCR 7 and memory are always mentioned."""
    as_shipped = own_clone.inv("ignition").stderr
    assert words not in as_shipped
    assert "PCR 7" in as_shipped
    assert "4 GiB" in as_shipped
    own_clone.replace("invoke.yaml" if "ghcr.io" in old else "butane.yaml", old, new)
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if words in line]
    assert line.startswith("WARNING: butane.yaml: ")
    assert ", line " in line


def test_a_machine_that_nobody_can_enter_is_told(own_clone: Clone) -> None:
    """It has neither key nor password."""
    (own_clone.path / "butane.yaml").write_text(BUTANE)
    assert "nobody can log in" in own_clone.inv("ignition").stderr


def test_odd_files_are_read_or_refused_whole(own_clone: Clone) -> None:
    """A byte order mark, five megabytes, a half-written ignition.json of a killed run, a repository without one."""
    butane = own_clone.path / "butane.yaml"
    good = butane.read_text()
    whole = own_clone.inv("ignition").stdout
    (own_clone.path / "ignition.json").write_text('{"ignition": {"vers')
    assert own_clone.inv("ignition").stdout == whole
    butane.write_text("\ufeff" + good)
    assert own_clone.inv("ignition").stdout == whole
    lines = f"\n{' ' * 10}{'nas ' * 20}" * 65_000
    butane.write_text(good.replace("inline: nas", f"inline: |{lines}"))
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"sha512-{hashlib.sha512((own_clone.path / 'ignition.json').read_bytes()).hexdigest()}\n"
