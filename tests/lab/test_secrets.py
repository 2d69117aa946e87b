"""Secrets in the public Ignition file: what is found, what passes, and what may be allowed."""

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


@pytest.mark.parametrize("each", [4, pytest.param(1, marks=pytest.mark.full)])
def test_documented_examples_pass_the_filter_unchanged_and_carry_what_they_carry(own_clone: Clone, each: int) -> None:
    """For version 1.6.0 the filter gives butane's answer; in all versions the scan finds the documented secrets."""
    examples = documented(own_clone)[::each]
    assert len(examples) > 40 / each
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
            if done.returncode:  # one example: no machine could boot with it until the advice is followed
                assert name == "upgrading-fcos.md"
                assert_three_lines(done, "a machine could not boot", "/etc/hosts", "overwrite: true")
                own_clone.replace("butane.yaml", "- path: /etc/hosts\n", "- path: /etc/hosts\n      overwrite: true\n")
                done = own_clone.inv("ignition")
                assert done.returncode == 0, done.stderr
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
