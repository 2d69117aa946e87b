"""Keys in the lab: what keygen writes, what lint finds, and a rotation that hosts survive."""

from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines
from tests.lab.published import IMAGE, LOGIN, host_takes


def test_a_fresh_clone_builds_without_key_and_publishes_nothing(own_clone: Clone) -> None:
    """It says so both times."""
    assert "no signing key ships" in own_clone.lab("inv build").stderr
    assert_three_lines(own_clone.lab("inv publish"), "nothing can be published", "./inv keygen")
    assert_three_lines(own_clone.lab("inv keygen --rotate"), "no key ships yet", "make the first")
    assert "no key is made" in own_clone.lab("inv -R keygen").stderr
    assert not [path for path in (own_clone.path / "overlay-root/etc").rglob("*") if path.is_file()]


SKOPEO = """#!/bin/sh
# skopeo 1.18 as Debian 13 has it: its private key's file is not called .key
for word in "$@"; do case $word in --output-prefix=*) prefix=${word#*=} ;; esac; done
[ "$1" = generate-sigstore-key ] || exec /usr/bin/skopeo "$@"
echo private > "$prefix.private"
echo public > "$prefix.pub"
"""


def test_keygen_works_where_skopeo_can_make_keys(own_clone: Clone, tmp_path: Path) -> None:
    """One program makes the pair, whatever else is installed; hosts accept what the key signs."""
    (tmp_path / "skopeo").write_text(SKOPEO)
    (tmp_path / "skopeo").chmod(0o755)
    done = own_clone.lab(f"export PATH={tmp_path}:$PATH; inv keygen && {LOGIN} && inv publish")
    assert done.returncode == 0, done.stderr
    assert "PRIVATE KEY" in (own_clone.path / ".lab/everyday/home/.config/custom-coreos/signing.key").read_text()


def test_an_interrupted_keygen_is_taken_up(own_clone: Clone) -> None:
    """The pair exists and nothing ships yet; a private key without its public half is never overwritten."""
    assert own_clone.lab("inv keygen").returncode == 0
    own_clone.inv("lab", "--", f"rm -r {own_clone.path}/overlay-root/etc")
    again = own_clone.lab("inv keygen")
    assert again.returncode == 0
    assert "its public half ships from now on" in again.stderr
    assert own_clone.lab("inv lint | grep 'signing key'").stdout.startswith("ok")
    own_clone.inv("lab", "--", f"rm -r {own_clone.path}/overlay-root/etc ~/.config/custom-coreos/signing.pub")
    assert_three_lines(own_clone.lab("inv keygen"), "signing.key exists", "never overwritten")


def test_a_renamed_image_needs_another_policy(own_clone: Clone) -> None:
    """The old rule would protect nothing; a name with a slash is a package like any other."""
    assert own_clone.lab("inv keygen").returncode == 0
    own_clone.replace("invoke.yaml", IMAGE, "ghcr.io/samhclark/servers/nas")
    assert_three_lines(own_clone.lab("inv build"), "is wrong", "keygen --policy")
    assert own_clone.lab("inv keygen --policy").returncode == 0
    done = own_clone.lab(f"{LOGIN}; inv publish && GITHUB_TOKEN=lab-token inv cleanup-dry-run 0")
    assert done.returncode == 0, done.stderr
    assert "versions stay" in done.stdout


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
    new = own_clone.lab(f"inv publish --rebuild --key {folder}/signing-2.key")
    assert new.returncode == 0, new.stderr
    assert host_takes(own_clone, ":stable").returncode == 0
    own_clone.inv("lab", "--", f"rm {own_clone.path}/overlay-root/etc/pki/cosign/cosign.pub")
    assert own_clone.lab("inv keygen --policy").returncode == 0
    last = own_clone.lab(f"inv publish --key {folder}/signing-2.key")
    assert last.returncode == 0, last.stderr
    assert host_takes(own_clone, ":stable").returncode == 0
