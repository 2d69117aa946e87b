"""Versions are discovered from the real protocols, and every bad answer is told in three lines."""

import json
import time

import pytest

from tests.lab.conftest import Clone, assert_three_lines

KERNEL = "7.1.9-200.fc44.x86_64"
KMODS = f"ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-{KERNEL}"


def test_each_recipe_of_an_ordinary_day_prints_its_answer_alone(clone: Clone) -> None:
    """Stdout is the answer, so that $(inv zfs-version) works in a shell."""
    recipes = "zfs-version kernel-version kernel-major-minor fedora-version check-zfs-available"
    done = clone.lab(f"for r in {recipes}; do inv $r || exit; done; inv zfs-version --zfs-stream 2.3")
    assert done.stdout.splitlines() == ["zfs-2.4.4", KERNEL, "7.1", "44", KMODS, "zfs-2.3.9"]
    assert done.returncode == 0


def test_versions_for_programs(clone: Clone) -> None:
    """JSON carries the facts, the verdict and the reasons."""
    done = clone.lab("inv versions --json")
    shown = json.loads(done.stdout)
    assert (shown["verdict"], shown["zfs"], shown["kernel"]) == ("BUILD", "zfs-2.4.4", KERNEL)
    assert shown["base"].startswith("quay.io/fedora/fedora-coreos@sha256:")
    assert shown["reasons"]


@pytest.mark.parametrize("world", ["label-gone", "kernel-in-image-only", "builds-host-down"])
def test_the_kernel_is_found_in_the_next_source(clone: Clone, world: str) -> None:
    """Without the label: commitmeta.json; without that: the image, and a word before it is pulled."""
    done = clone.lab("inv kernel-version", world)
    assert done.stdout == f"{KERNEL}\n"
    assert ("pulling the image" in done.stderr) == (world != "label-gone")
    assert ("builds.coreos.fedoraproject.org" in done.stderr) == (world == "builds-host-down")


def test_ctrl_c_does_not_wait_for_a_slow_source(clone: Clone) -> None:
    """Nor does the failure of another source."""
    begun = time.monotonic()
    done = clone.lab("timeout --foreground -s INT 2 inv versions", "github-slow")
    assert done.returncode != 0
    assert "interrupted" in done.stderr
    assert time.monotonic() - begun < 12


def test_the_newest_release_without_kmods(clone: Clone) -> None:
    """Said with the reason: not built yet. Nothing is built, and no Lock is left."""
    done = clone.lab("inv versions --lock waiting.lock.json", "waiting")
    assert_three_lines(done, "nothing can be built from Fedora CoreOS 44.20261117.3.0", "not built yet")
    assert not (clone.path / "waiting.lock.json").exists()
    assert_three_lines(clone.lab("inv check-zfs-available", "waiting"), "does not exist", "they are not built yet")
    assert_three_lines(clone.lab("inv build", "waiting"), "not built yet")


def test_a_kernel_beyond_the_matrix(clone: Clone) -> None:
    """The matrix alone decides check-compatibility, and its reason is said."""
    done = clone.lab("inv check-compatibility", "beyond-matrix")
    assert_three_lines(done, "are unsupported", "4.18 to 7.2, and 7.3 is outside")


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("quay-500", ["quay.io/fedora/fedora-coreos:stable could not be read", "500 (Internal Server Error)"]),
        ("quay-html", ["quay.io/fedora/fedora-coreos:stable could not be read", "answered with a web page"]),
        ("quay-half-json", ["quay.io/fedora/fedora-coreos:stable could not be read", "answer was cut short"]),
        ("github-limited", ["OpenZFS's releases could not be read", "allows more at", "UTC", "GITHUB_TOKEN"]),
        ("github-down", ["OpenZFS's releases could not be read", "api.github.com did not answer"]),
    ],
)
def test_an_upstream_on_a_bad_day_is_named(clone: Clone, world: str, words: list[str]) -> None:
    """Which source, what it answered, what to do; nothing is written."""
    done = clone.lab("inv versions --lock bad.lock.json", world)
    assert_three_lines(done, *words)
    assert done.stdout == ""
    assert not (clone.path / "bad.lock.json").exists()


def test_a_hiccup_is_tried_again(clone: Clone) -> None:
    """One 502 does not fail a read."""
    assert clone.lab("inv kernel-version", "quay-hiccup").stdout == f"{KERNEL}\n"


def test_flags_and_settings_that_are_wrong_are_named(own_clone: Clone) -> None:
    """A typo in invoke.yaml, in the matrix, on the command line: the key is named, no traceback."""
    assert_three_lines(own_clone.inv("check-compatibility", "--zfs", "2.4", "--kernel", KERNEL), "'2.4'", "2.4.4")
    assert_three_lines(own_clone.inv("check-compatibility", "--zfs", "2.4.4", "--kernel", "null"), "'null'")
    own_clone.replace("compat_matrix.toml", 'linux_maximum = "6.5"', 'linux_maximun = "6.5"')
    done = own_clone.inv("check-compatibility", "--zfs", "2.4.4", "--kernel", KERNEL)
    assert_three_lines(done, "compat_matrix.toml", "linux_maximun")
    own_clone.replace("invoke.yaml", "  stream: stable", "  steam: stable")
    assert_three_lines(own_clone.inv("versions"), "invoke.yaml: steam is wrong", "unknown key")
    own_clone.replace("invoke.yaml", "  steam: stable", "\tstream: stable")
    assert_three_lines(own_clone.inv("versions"), "invoke.yaml")
    assert own_clone.inv("versions", "--nonsense").returncode == 1
