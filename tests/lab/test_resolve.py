"""The published image is skipped, held or built again, and never replaced by an older one; its Lock can be read."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.model.lock import checksum, content_digest, fingerprint
from tests.lab.conftest import Clone, assert_three_lines, checked, fresh_clone

STABLE = "ghcr.io/samhclark/custom-coreos:stable"
PUSH = f"podman login -u owner -p lab-token ghcr.io && podman push -q custom-coreos:stable {STABLE}"
BUILD = f"inv build > /dev/null && {PUSH} > /dev/null"
OVERLAY = "overlay-root/usr/lib/systemd/system/bootc-fetch-apply-updates.timer.d/50-window.conf"


@pytest.fixture(scope="module")
def following(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone whose `waiting` lab has the older release published while the newest waits for its kmods."""
    made = fresh_clone(tmp_path_factory.mktemp("following") / "custom-coreos")
    done = made.lab(BUILD, "waiting")
    assert done.returncode == 0, done.stderr
    yield made
    made.inv("lab-clean")


def verdict(clone: Clone, flags: str = "", world: str = "waiting") -> tuple[str, str]:
    """Return the verdict and all of its sentences."""
    shown = checked(clone.lab(f"inv versions --json {flags}", world).stdout, "versions")
    return str(shown["verdict"]), "; ".join(shown["reasons"])


def test_what_is_published_is_held_while_the_newest_waits(following: Clone) -> None:
    """A notice says what is missing and since when; `build` has nothing to build, and --rebuild builds it again."""
    assert verdict(following) == (
        "HOLD",
        (
            "44.20261117.3.0 (kernel 7.2.1) has waited 5 hours for kmods of OpenZFS 2.4.4; "
            "44.20261110.3.0 (kernel 7.1.9) with OpenZFS 2.4.4 is published"
        ),
    )
    done = following.lab("inv versions --lock held.json", "waiting")
    assert done.returncode == 0
    assert "held.json is not written" in done.stderr
    assert not (following.path / "held.json").exists()
    assert_three_lines(following.lab("inv build", "waiting"), "nothing to build", "--rebuild")
    assert verdict(following, "--rebuild")[0] == "BUILD"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected", "reason"),
    [
        ("invoke.yaml", "rebuild_after_days: 7", "rebuild_after_days: 0", "BUILD", "package fixes are due"),
        ("invoke.yaml", "hold_days: 7", "hold_days: 0", "BLOCKED", "longer than hold_days, 0"),
        ("invoke.yaml", "[tailscale]", "[tailscale, zincati]", "BUILD", "overlay-root or the packages changed"),
        (OVERLAY, "03", "04", "BUILD", "overlay-root or the packages changed"),
        ("Containerfile", "FROM ", "# another\nFROM ", "BUILD", "overlay-root or the packages changed"),
        ("README.md", "# Custom CoreOS", "# Another", "HOLD", "is published"),
    ],
)
def test_what_a_user_changes_decides(
    following: Clone, file: str, old: str, new: str, expected: str, reason: str
) -> None:
    """Package fixes and new content never wait for a kernel; a hold that is too old fails; a README changes nothing."""
    before = (following.path / file).read_text()
    following.replace(file, old, new)
    found, reasons = verdict(following)
    (following.path / file).write_text(before)
    assert found == expected
    assert reason in reasons


@pytest.mark.full
def test_a_published_lock_builds_the_same_again(following: Clone) -> None:
    """`inv lock` reads it back from the image; `build --lock` accepts it, although it is not the newest."""
    done = following.lab(f"inv lock {STABLE} > again.json && inv build --lock again.json --rebuild", "waiting")
    assert done.returncode == 0, done.stderr
    assert json.loads((following.path / "again.json").read_text())["fcos_version"] == "44.20261110.3.0"
    done = following.lab("inv verify custom-coreos:stable --lock again.json", "waiting")
    assert done.returncode == 0, done.stderr
    assert_three_lines(following.lab(f"inv lock {STABLE.replace('stable', 'nothing')}", "waiting"), "there is no image")
    nothing = following.lab("inv lock ghcr.io/samhclark/nothing:stable", "waiting")
    assert_three_lines(nothing, "ghcr.io does not show samhclark/nothing without a login")
    base = "quay.io/fedora/fedora-coreos:stable"
    assert_three_lines(following.lab(f"inv lock {base}", "waiting"), f"{base} is not a Lock")


def test_an_ordinary_day_after_publishing_is_skipped_in_twenty_requests(own_clone: Clone) -> None:
    """Nothing is built, the answer says so, and it costs little; --rebuild builds."""
    assert own_clone.lab(BUILD).returncode == 0
    log = own_clone.path / ".lab/everyday/requests.jsonl"
    before = len(log.read_text().splitlines())
    assert verdict(own_clone, world="everyday")[0] == "SKIP"
    assert len(log.read_text().splitlines()) - before <= 20
    done = own_clone.lab("inv build && inv versions --lock skip.json")
    assert done.returncode == 0, done.stderr
    assert "is up to date; --rebuild builds it anyway" in done.stderr
    assert verdict(own_clone, "--rebuild", "everyday")[0] == "BUILD"
    own_clone.replace("compat_matrix.toml", "[zfs]", f"[[blocked]]\n{blocked(own_clone)}\n[zfs]")
    assert verdict(own_clone, world="everyday")[0] == "BLOCKED"


def blocked(clone: Clone) -> str:
    """Return a block of the inputs that a Lock names."""
    inputs = json.loads((clone.path / "skip.json").read_text())["inputs"]
    return f'inputs = "{inputs}"\nreason = "bad overlay"\nsince = 2026-11-23\n'


@pytest.mark.full
def test_a_line_is_never_gone_back_from(own_clone: Clone) -> None:
    """2.4.4 is published from the older release; the newest only has kmods of 2.3.9."""
    world = "second-line-ahead"
    assert own_clone.lab("inv versions --json", world).returncode == 0
    own_clone.replace("invoke.yaml", '["2.4", "2.3"]', '["2.4"]')
    assert own_clone.lab(BUILD, world).returncode == 0
    own_clone.replace("invoke.yaml", '["2.4"]', '["2.4", "2.3"]')
    held, reasons = verdict(own_clone, world=world)
    assert held == "HOLD"
    assert "could no longer be imported" in reasons
    assert verdict(own_clone, "--allow-downgrade", world)[0] == "BUILD"


@pytest.mark.full
def test_a_tag_that_moves_does_not_change_what_was_checked(clone: Clone) -> None:
    """`stable` moves after the first read, and the build still follows the Lock."""
    done = clone.lab(
        "inv versions --lock moved.json > /dev/null && inv build --lock moved.json && inv versions --json", "retagged"
    )
    assert done.returncode == 0, done.stderr
    locked = json.loads((clone.path / "moved.json").read_text())
    assert locked["fcos_version"] == "44.20261110.3.0"
    image, _, now = done.stdout.partition("\n")
    assert image == "custom-coreos:stable"
    assert checked(now, "versions")["chosen"]["fcos_version"] == "44.20261117.3.0"
    done = clone.lab("inv verify custom-coreos:stable --lock moved.json", "retagged")
    assert done.returncode == 0, done.stderr


def test_a_lock_that_does_not_hold_is_refused_before_anything_is_built(built: Clone) -> None:
    """It contradicts itself, was made from other files, or is gone from its registry; the error says which."""
    whole = json.loads((built.path / "everyday.lock.json").read_text())
    edited, gone = built.path / "edited.json", "sha256:" + "0" * 64

    def refused(**change: object) -> subprocess.CompletedProcess[str]:
        document = {**whole, **change}
        del document["checksum"]
        edited.write_text(json.dumps(document | {"checksum": checksum(document)}))
        return built.lab("inv build --lock edited.json")

    digest = f"quay.io/fedora/fedora-coreos@{gone}"
    assert_three_lines(refused(base=digest), "edited.json", "edited")
    assert_three_lines(refused(inputs=gone), "edited.json", "edited")
    assert_three_lines(refused(packages=["zincati"]), "edited.json was made from other files")
    own = _consistent(whole, digest)
    assert_three_lines(refused(**own), f"the base image of the Lock is gone: {digest}")


def _consistent(whole: dict[str, str], base: str) -> dict[str, str]:
    """Return a Lock's change to another base, with the fingerprint that such a Lock would have."""
    from tasks.clients import workspace

    packages = "packages", "list", b"tailscale"
    content = content_digest([packages, *workspace.build_inputs()])
    return {"base": base, "inputs": fingerprint(base.partition("@")[2], whole["kmods"].partition("@")[2], content)}


GH = """#!/bin/sh
case "$1 $2" in
    "auth token") echo gho_secret ;;
    "attestation verify")
        [ "$3" = --help ] && exit
        echo "$@" > asked
        [ ! -e forged ] || { echo "no attestation" >&2; exit 1; } ;;
esac
"""


@pytest.mark.full
def test_the_provenance_of_the_kmods_is_checked_where_gh_can(own_clone: Clone) -> None:
    """It checks the digest against the repository that builds the kmods; a fault stops, and the token goes nowhere."""
    lock = "PATH=$PWD/bin:$PATH inv versions --lock x.json"
    (own_clone.path / "bin").mkdir()
    Path(own_clone.path, "bin/gh").write_text(GH)
    Path(own_clone.path, "bin/gh").chmod(0o755)
    done = own_clone.lab(lock)
    assert done.returncode == 0, done.stderr
    assert "built by a workflow of github.com/samhclark/fedora-zfs-kmods" in done.stderr
    log = [json.loads(line) for line in (own_clone.path / ".lab/everyday/requests.jsonl").read_text().splitlines()]
    assert [entry["authorized"] for entry in log if entry["host"] == "api.github.com"][-1]
    asked = (own_clone.path / "asked").read_text()
    assert "verify oci://ghcr.io/samhclark/fedora-zfs-kmods@sha256:" in asked
    assert "--repo samhclark/fedora-zfs-kmods" in asked
    (own_clone.path / "forged").touch()
    (own_clone.path / "x.json").unlink()
    assert_three_lines(own_clone.lab(lock), "is not proven", "no attestation")
    assert not (own_clone.path / "x.json").exists()
    leaked = own_clone.lab("grep -rl gho_secret $XDG_CACHE_HOME $HOME/../requests.jsonl x.json || true")
    assert leaked.stdout == ""
