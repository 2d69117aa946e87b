"""Keys in the lab: what keygen writes, what lint finds, and a rotation that hosts survive."""

import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines
from tests.lab.published import IMAGE, LOGIN, digest_of, host_takes


@pytest.mark.full
def test_a_fresh_clone_builds_without_key_and_publishes_nothing(own_clone: Clone) -> None:
    """It says so both times."""
    assert "no signing key ships" in own_clone.lab("inv build").stderr
    assert_three_lines(own_clone.lab("inv publish"), "nothing can be published", "./inv keygen")
    assert_three_lines(own_clone.lab("inv keygen --rotate --backup"), "one thing at a time", "./inv keygen --rotate")
    assert_three_lines(own_clone.lab("inv keygen --rotate"), "no key ships yet", "make the first")
    assert "no key is made" in own_clone.lab("inv -R keygen").stderr
    assert not [path for path in (own_clone.path / "overlay-root/etc").rglob("*") if path.is_file()]


REMOVE = "rm -r overlay-root/etc/pki/cosign/* overlay-root/etc/containers/*"  # the folders themselves are mounts


def test_a_lab_has_keys_of_its_own(own_clone: Clone) -> None:
    """An owner's key is neither overwritten nor used there; the owner's other files are seen."""
    etc, mirror = own_clone.path / "overlay-root/etc", "containers/registries.conf.d/mirror.conf"
    for file in ("pki/cosign/cosign.pub", mirror):
        (etc / file).parent.mkdir(parents=True)
        (etc / file).write_text("the owner's\n")
    done = own_clone.lab(f"inv keygen && cat overlay-root/etc/{mirror} overlay-root/etc/pki/cosign/*")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the owner's") == 1
    assert "PUBLIC KEY" in done.stdout
    own_clone.inv("lab-clean")
    files = {str(path.relative_to(etc)): path.read_text() for path in etc.rglob("*") if path.is_file()}
    assert files == dict.fromkeys(("pki/cosign/cosign.pub", mirror), "the owner's\n")


SKOPEO = """#!/bin/sh
# skopeo 1.18 as Debian 13 has it: its private key's file is not called .key
for word in "$@"; do case $word in --output-prefix=*) prefix=${word#*=} ;; esac; done
[ "$1" = generate-sigstore-key ] || exec /usr/bin/skopeo "$@"
echo private > "$prefix.private"
echo public > "$prefix.pub"
"""


@pytest.mark.full
def test_keygen_works_where_skopeo_can_make_keys(own_clone: Clone, tmp_path: Path) -> None:
    """One program makes the pair, whatever else is installed; hosts accept what the key signs."""
    (tmp_path / "skopeo").write_text(SKOPEO)
    (tmp_path / "skopeo").chmod(0o755)
    done = own_clone.lab(f"export PATH={tmp_path}:$PATH; inv keygen && {LOGIN} && inv publish")
    assert done.returncode == 0, done.stderr
    assert "PRIVATE KEY" in (own_clone.path / ".lab/everyday/home/.config/custom-coreos/signing.key").read_text()


@pytest.mark.full
def test_an_interrupted_keygen_is_taken_up(own_clone: Clone) -> None:
    """The pair exists and nothing ships yet; a private key without its public half is never overwritten."""
    assert own_clone.lab("inv keygen").returncode == 0
    own_clone.lab(f"{REMOVE}; cd ~/.config/custom-coreos && mv signing.pub signing.pub.new")
    again = own_clone.lab("inv keygen")
    assert again.returncode == 0
    assert "its public half ships from now on" in again.stderr
    assert own_clone.lab("inv lint | grep 'signing key'").stdout.startswith("ok")
    own_clone.lab(REMOVE)
    assert_three_lines(own_clone.lab("inv keygen"), "signing.key exists", "never overwritten", "stolen")


@pytest.mark.full
def test_a_renamed_image_needs_another_policy(own_clone: Clone) -> None:
    """The old rule would protect nothing; a name with a slash is a package like any other."""
    assert own_clone.lab("inv keygen").returncode == 0
    own_clone.replace("invoke.yaml", IMAGE, "ghcr.io/samhclark/servers/nas")
    assert_three_lines(own_clone.lab("inv build"), "is wrong", "keygen --policy")
    assert own_clone.lab("inv keygen --policy").returncode == 0
    done = own_clone.lab(f"{LOGIN}; inv publish && GITHUB_TOKEN=lab-token inv cleanup-dry-run 0")
    assert done.returncode == 0, done.stderr
    assert "versions stay" in done.stdout


def on_terminal(clone: Clone, command: str, *typed: str) -> str:
    """Type a command in the lab on a terminal, and then one line for each prompt; return what is shown."""
    ours, theirs = pty.openpty()
    argv = [str(clone.path / "inv"), "lab", "--", command]
    with subprocess.Popen(
        argv, cwd=clone.path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as run:
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in typed).encode())
        shown = b""
        with suppress(OSError):  # the other side is closed
            while part := os.read(ours, 4096):
                shown += part
        assert run.wait() == 0, shown.decode()
    os.close(ours)
    return shown.decode().replace("\r", "")


GROUPS = re.compile(r"((?:[0-9A-Z]{4}-){7})\s+((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})")


@pytest.mark.full
def test_a_backup_key_saves_every_machine_when_the_key_is_lost(own_clone: Clone) -> None:
    """It is shown once and in no file; it signs an image that ships the next key, and machines take both."""
    shown = on_terminal(own_clone, "inv keygen", "")
    written = "".join(GROUPS.findall(shown)[0])
    assert own_clone.own("overlay-root/etc/pki/cosign/backup.pub").exists()
    found = subprocess.run(
        ["grep", "-rlF", written[:14], str(own_clone.path)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    done = own_clone.lab(f"{LOGIN} && inv publish && rm ~/.config/custom-coreos/*; inv publish --rebuild")
    assert_three_lines(done, "the private half of etc/pki/cosign/cosign.pub", "backup key")
    typo = written.translate(str.maketrans("23456789", "34567892"))
    assert_three_lines(own_clone.lab(f"inv publish --rebuild --key - <<< {typo}"), "this is no backup key", "14 groups")
    done = own_clone.lab(f"inv keygen --rotate && inv publish --key - <<< {written.lower().replace('-', ' ')!r}")
    assert done.returncode == 0, done.stderr
    assert host_takes(own_clone, ":stable").returncode == 0


@pytest.mark.full
def test_a_new_key_moves_stable_only_after_machines_have_it(own_clone: Clone) -> None:
    """Else they would refuse every update; `--strand-hosts` is for a theft of all keys."""
    done = own_clone.lab(f"inv keygen && {LOGIN} && inv publish && inv keygen --rotate")
    assert done.returncode == 0, done.stderr
    assert done.stderr.index("sign with the old key") < done.stderr.index("only then, for the workflows: gh secret set")
    before = digest_of(own_clone)
    new = "--key ~/.config/custom-coreos/signing-2.key"
    assert_three_lines(own_clone.lab(f"inv publish {new}"), "machines: it is signed by cosign-2.pub", "--strand-hosts")
    assert digest_of(own_clone) == before
    assert host_takes(own_clone, ":stable").returncode == 0


def test_after_a_theft_no_stolen_key_ships_again(own_clone: Clone) -> None:
    """As the document says: its .pub is deleted, and a new key made on the machine that still has the stolen pair."""
    assert own_clone.lab("inv keygen").returncode == 0
    killed = "cd ~/.config/custom-coreos && mv signing.pub signing.pub.new; cd -; inv keygen"
    assert_three_lines(own_clone.lab(killed), "a key exists already")  # and the pair has got its last name
    folder = own_clone.path / "overlay-root/etc/pki/cosign"
    assert own_clone.lab(f"cd {folder} && cp cosign.pub backup.pub && rm cosign.pub").returncode == 0
    done = own_clone.lab("inv keygen --rotate")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("/signing-2.key\n")
    keys = own_clone.own("overlay-root/etc/pki/cosign")
    made = {path.name for path in keys.iterdir()}
    assert made == {"backup.pub", "cosign-2.pub"}
    assert (keys / "cosign-2.pub").read_text() != (keys / "backup.pub").read_text()
    again = own_clone.lab("inv keygen --rotate --key ~/.config/custom-coreos/signing-2.key")
    assert_three_lines(again, "signing-2.key exists already", "not shipped again")


@pytest.mark.full
def test_after_a_theft_of_all_keys_one_word_leaves_machines_behind(own_clone: Clone) -> None:
    """Nothing that they trust may sign any more; rollback does not go back to what they would refuse."""
    done = own_clone.lab(f"inv keygen && {LOGIN} && inv publish")
    assert done.returncode == 0, done.stderr
    keys = "overlay-root/etc/pki/cosign"
    away = f"rm -f {keys}/cosign*.pub {keys}/backup*.pub; mv ~/.config/custom-coreos ~/.config/custom-coreos.stolen"
    done = own_clone.lab(f"{away}; inv keygen && inv publish --strand-hosts")
    assert done.returncode == 0, done.stderr
    assert host_takes(own_clone, ":stable").returncode == 0
    assert_three_lines(own_clone.lab("inv rollback"), "machines: ")


@pytest.mark.full
def test_an_image_without_the_label_is_looked_into(own_clone: Clone) -> None:
    """Images of an older version do not say which keys they trust."""
    old = (
        "printf 'FROM custom-coreos:stable\nLABEL custom-coreos.keys=\n' | podman build -q -t old -f - . > /dev/null &&"
        " podman push -q --authfile ~/.docker/config.json old docker://"
    )
    done = own_clone.lab(f"inv keygen && {LOGIN} && inv publish && {old}{IMAGE}:stable && inv publish --rebuild")
    assert done.returncode == 0, done.stderr
    assert "pulling it to look" in done.stderr
    new = "inv keygen --rotate && inv publish --key ~/.config/custom-coreos/signing-2.key"
    refused = own_clone.lab(f"{old}{IMAGE}:stable && {new}")
    assert_three_lines(refused, "machines: ")


@pytest.mark.full
def test_a_rotation_keeps_every_host(own_clone: Clone) -> None:
    """The old key comes first, with a passphrase; then an image ships both; then the new key signs."""
    folder = "~/.config/custom-coreos"
    first = f"export SIGNING_PASSPHRASE=open-sesame; inv keygen && {LOGIN} && inv publish"
    done = own_clone.lab(first)
    assert done.returncode == 0, done.stderr
    assert "open-sesame" not in done.stderr
    rotate = own_clone.lab("SIGNING_PASSPHRASE= inv keygen --rotate")
    assert rotate.returncode == 0, rotate.stderr
    both = own_clone.lab("SIGNING_PASSPHRASE=open-sesame inv publish")
    assert both.returncode == 0, both.stderr
    assert host_takes(own_clone, ":stable").returncode == 0
    new = own_clone.lab(f"inv publish --rebuild --key {folder}/signing-2.key && inv site")
    assert new.returncode == 0, new.stderr
    assert "cosign verify --key cosign-2.pub" in (own_clone.path / "site/index.html").read_text()
    assert host_takes(own_clone, ":stable").returncode == 0
    own_clone.inv("lab", "--", f"rm {own_clone.path}/overlay-root/etc/pki/cosign/cosign.pub")
    assert own_clone.lab("inv keygen --policy").returncode == 0
    refused = own_clone.lab(f"SIGNING_PASSPHRASE=open-sesame inv publish --rebuild --key {folder}/signing.key")
    assert_three_lines(refused, "hosts would refuse what", "cosign-2.pub", "--key")
    assert "STEP" not in refused.stderr
    last = own_clone.lab("inv publish")
    assert last.returncode == 0, last.stderr
    assert host_takes(own_clone, ":stable").returncode == 0
