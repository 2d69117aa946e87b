"""Butane in, Ignition out, and the file that installs a machine."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders.secret_kinds import table
from tests.lab import planted
from tests.lab.conftest import ROOT, Clone, assert_three_lines, ready_folder

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


def test_a_mistake_is_told_with_path_line_and_column_and_nothing_is_written(own_clone: Clone) -> None:
    """The mistakes are a wrong mode, an unknown key (strict), and a tab."""
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


def test_every_planted_secret_is_found_and_nothing_else(own_clone: Clone) -> None:
    """Each has its own path and says what to do; the secrets themselves are not printed."""
    plan = planted.everything()
    assert len(plan.expected) > 100
    (own_clone.path / "butane.yaml").write_text(plan.butane())
    for name, content in plan.local.items():
        (own_clone.path / name).parent.mkdir(exist_ok=True)
        (own_clone.path / name).write_text(content)
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert sorted(re.findall(r"^  in Ignition: (.+)$", done.stderr, re.MULTILINE)) == sorted(plan.expected.values())
    assert done.stderr.count("  instead: ") == len(plan.expected)
    assert not [value for value in planted.VALUES.values() if value in done.stderr]


def test_an_ordinary_home_server_raises_no_alarm(own_clone: Clone) -> None:
    """It has switches named after passwords, paths to secrets, public keys, checksums and certificates."""
    plan = planted.Plan()
    for path, content in planted.INNOCENT.items():
        plan.file(path, path=path, inline=content)
    (own_clone.path / "butane.yaml").write_text(plan.butane())
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert "in Ignition: " not in done.stderr


def documented(clone: Clone) -> list[tuple[str, str]]:
    """Return the complete examples in Butane's own documentation for Fedora CoreOS."""
    ready = ready_folder(clone)
    kept = {**os.environ, "GOMODCACHE": str(ready.parents[1] / "go/documents"), "GOFLAGS": "-modcacherw"}
    argv = [shutil.which("go", path=f"{ready / 'bin'}:{os.environ['PATH']}") or "go", "mod", "download", "-json"]
    found = subprocess.run(
        [*argv, "github.com/coreos/butane"], cwd=ROOT / "tools", env=kept, capture_output=True, text=True, check=True
    )
    folder = json.loads(found.stdout)["Dir"]
    texts = {path.name: path.read_text() for path in sorted(Path(folder, "docs").glob("*.md"))}
    examples = [(name, text) for name in texts for text in re.findall(r"```yaml\n(.*?)```", texts[name], re.DOTALL)]
    return [(name, text) for name, text in examples if "variant: fcos" in text and "local" not in text]


def test_documented_examples_pass_the_filter_unchanged_and_carry_what_they_carry(own_clone: Clone) -> None:
    """For version 1.6.0 the filter gives butane's answer; in all versions the scan finds the documented secrets."""
    examples = documented(own_clone)
    assert len(examples) > 40
    ready = {**os.environ, "PATH": f"{ready_folder(own_clone) / 'bin'}:{os.environ['PATH']}"}
    secret = ("password_hash:", "key_file:\n", "Authorization")
    for name, text in examples:
        direct = subprocess.run(["butane"], input=text, capture_output=True, text=True, env=ready, check=False)
        if "version: 1.6.0" in text:
            argv = [str(own_clone.path / "inv"), "butane"]
            ours = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
            assert (ours.returncode, ours.stdout) == (direct.returncode, direct.stdout), (name, text)
        if direct.returncode == 0:
            (own_clone.path / "butane.yaml").write_text(text)
            done = own_clone.inv("ignition")
            carries = any(word in text for word in secret)
            assert ("in Ignition: " in done.stderr) == carries, (name, text, done.stderr)


@pytest.mark.parametrize("which", ["secret", "public"])
def test_the_table_of_secrets_holds_in_both_directions(own_clone: Clone, which: str) -> None:
    """All kinds are in one file; at least 97 of 100 are found, and nothing that only looks alike."""
    plan = planted.Plan()
    for number, (path, text) in enumerate((kind.path, text) for kind in table() for text in getattr(kind, which)):
        plan.file(f"{number}", path=f"/var/{number}{path}", inline=text)
    (own_clone.path / "butane.yaml").write_text(plan.butane())
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    found = set(re.findall(r"in Ignition: (.+)", done.stderr))
    if which == "public":
        assert found == set()
    assert found <= set(plan.expected.values())
    assert which == "public" or len(found) >= 0.97 * len(plan.expected), set(plan.expected.values()) - found


def test_each_text_is_searched_for_itself(own_clone: Clone) -> None:
    """A line of one file and a line of the next are no command; the finding names the file that holds the secret."""
    plan = planted.Plan()
    plan.file("alive", path="/usr/local/bin/alive", inline="curl --silent https://example.org/alive\n")
    plan.file("words", path="/usr/local/bin/words", inline="echo -u\necho --user bob:\n")
    login = "curl --silent -u bob:Zk3vQ8xT1mWc7RbY https://example.org/list\n"
    plan.file("fetch", path="/usr/local/bin/fetch", inline=login)
    (own_clone.path / "butane.yaml").write_text(plan.butane())
    done = own_clone.inv("ignition")
    assert re.findall(r"in Ignition: (.+)", done.stderr) == [plan.expected["fetch"]]


def test_what_is_no_secret_can_be_allowed_with_a_reason_as_long_as_it_stays_the_same(own_clone: Clone) -> None:
    """The printed line is pasted; a token that is added later is found; an entry that allows nothing is reported."""
    plan = planted.Plan()
    plan.file("env", path="/etc/app/b.env", inline="DB_DATABASE_NAME=photos\nAPI_TOKEN=made-up-for-tests\n")
    plan.file("gitlab", inline=planted.VALUES["gitlab"])
    butane = own_clone.path / "butane.yaml"
    butane.write_text(plan.butane())
    printed = re.findall(r'^    "(.+)": "WHY IT IS NO SECRET"$', own_clone.inv("ignition").stderr, re.MULTILINE)
    (env,) = [line for line in printed if line.startswith("secret-setting ")]
    allowed = json.dumps({env: "a made-up one", "github-pat 0123456789ab": "was there once"})
    own_clone.replace("invoke.yaml", "allow_public: {}", f"allow_public: {allowed}")
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"in Ignition: (.+)", done.stderr) == [plan.expected["gitlab"]]
    assert f"{plan.expected['env']} (secret-setting) may be public: a made-up one" in done.stderr
    assert "allow_public names github-pat 0123456789ab, but no such secret is found any more" in done.stderr
    plan.files[0]["contents"]["inline"] += f"GITHUB_TOKEN={planted.VALUES['github']}\n"
    butane.write_text(plan.butane())
    done = own_clone.inv("ignition")
    assert re.findall(r"in Ignition: (.+)", done.stderr) == [plan.expected["env"], plan.expected["gitlab"]]
    assert f"allow_public names {env}, but no such secret is found any more" in done.stderr


def test_what_is_encrypted_passes_with_a_caution_where_a_passphrase_opens_it(own_clone: Clone) -> None:
    """Anyone can try passphrases on a public file; nobody guesses a key."""
    plan = planted.Plan()
    sops = "password: ENC[AES256_GCM,data:Tr7o,iv:1A==,tag:1A==,type:str]\n"
    plan.file("sops", path="/etc/secrets/a.yaml", inline=sops)
    plan.file("vault", path="/etc/secrets/vault.yml", inline="$ANSIBLE_VAULT;1.1;AES256\n3639613363\n3336\n")
    (own_clone.path / "butane.yaml").write_text(plan.butane())
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert "in Ignition: " not in done.stderr
    (caution,) = [line for line in done.stderr.splitlines() if "only a passphrase protects this" in line]
    assert "storage.files[/etc/secrets/vault.yml].contents.inline" in caution


def test_a_secret_keeps_the_page_from_being_made(own_clone: Clone) -> None:
    """`site` and `serve` refuse and leave nothing; the error names the line in butane.yaml."""
    own_clone.replace("butane.yaml", "inline: nas", f"inline: {planted.VALUES['github']}")
    assert own_clone.lab("inv keygen").returncode == 0
    for recipe in ("site", "serve"):
        done = own_clone.lab(f"inv {recipe}")
        assert_three_lines(done, "nothing is made public", "1 secret(s)", "allow_public")
        assert "storage.files[/etc/hostname].contents.inline, line 35: a secret" in done.stderr
    assert not (own_clone.path / "site").exists()


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
        ("      label: root\n", "", "has no `label: root`"),
        ("wipe_filesystem: true\n", "", "has no `wipe_filesystem: true`"),
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
    butane.write_text(good.replace("inline: nas", f"inline: {'nas ' * 1_300_000}"))
    done = own_clone.inv("ignition")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"sha512-{hashlib.sha512((own_clone.path / 'ignition.json').read_bytes()).hexdigest()}\n"
