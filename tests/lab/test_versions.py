"""Versions are discovered from the real protocols, and every bad answer is told in three lines."""

import time

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked

KERNEL = "7.1.9-200.fc44.x86_64"
KMODS = f"ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-{KERNEL}"


def test_each_recipe_of_an_ordinary_day_prints_its_answer_alone(clone: Clone) -> None:
    """Stdout is the answer, so that $(inv zfs-version) works in a shell."""
    recipes = "zfs-version kernel-version kernel-major-minor fedora-version check-zfs-available"
    done = clone.lab(f"for r in {recipes}; do inv $r || exit; done; inv zfs-version --zfs-stream 2.3")
    assert done.stdout.splitlines() == ["zfs-2.4.4", KERNEL, "7.1", "44", KMODS, "zfs-2.3.9"]
    assert done.returncode == 0


PULLED = "pulling the image, about 2 GB"


@pytest.mark.parametrize(
    ("world", "told"),
    [
        ("label-old", ""),
        ("label-null", ""),
        ("commitmeta-pkglist", ""),
        ("kernel-in-image-only", PULLED),
        ("builds-host-down", "builds.coreos.fedoraproject.org answered 500"),
        ("to-plain-http", "builds.coreos.fedoraproject.org led to an address without TLS"),
    ],
)
def test_the_kernel_is_found_in_the_next_source(clone: Clone, world: str, told: str) -> None:
    """The label, commitmeta.json's two places, or else the image, and a word before it is pulled."""
    done = clone.lab("inv kernel-version", world)
    assert done.stdout == f"{KERNEL}\n"
    assert told in done.stderr
    assert (PULLED in done.stderr) == bool(told)


NEWEST, OLDER = ("44.20261110.3.0", "2.4.4"), ("44.20261103.3.0", "2.4.4")
WITHOUT_GITHUB = "the OpenZFS releases that kmods and matrix know are taken"


@pytest.mark.parametrize(
    ("world", "verdict", "chosen", "reason", "told"),
    [
        ("everyday", "BUILD", NEWEST, "nothing is published yet", "does not exist yet, or it is private"),
        ("waiting", "BUILD", NEWEST, "for kmods of OpenZFS 2.4.4", ""),
        ("waiting-weeks", "BUILD", NEWEST, "has waited 20 days for kmods of OpenZFS 2.4.4", ""),
        ("second-line-only", "BUILD", ("44.20261110.3.0", "2.3.9"), "has kmods of OpenZFS 2.3.9", ""),
        ("prerelease-newest", "BUILD", NEWEST, "has kmods of OpenZFS 2.4.4", ""),
        ("matrix-behind", "BUILD", ("44.20261110.3.0", "2.4.5"), "as its META says; ./inv sync-matrix", ""),
        ("meta-down", "BLOCKED", None, "does not know OpenZFS 2.4.5; ./inv sync-matrix", "META file of OpenZFS 2.4.5"),
        ("older-gone", "BUILD", OLDER, "its image is not in the registry any more", ""),
        (
            "releases-empty",
            "BLOCKED",
            None,
            "for kmods of OpenZFS",
            "older releases of Fedora CoreOS stable could not be",
        ),
        ("commitmeta-huge", "BLOCKED", None, "for kmods of OpenZFS", "is larger than 5000000 bytes"),
        ("beyond-matrix", "BLOCKED", None, "the pair is unsupported", ""),
        ("github-limited", "BUILD", NEWEST, "", f"UTC; {WITHOUT_GITHUB}"),
        ("github-down", "BUILD", NEWEST, "", "api.github.com did not answer"),
        ("github-slow", "BUILD", NEWEST, "", f"GitHub takes long to list OpenZFS's releases; {WITHOUT_GITHUB}"),
        ("github-busy", "BUILD", NEWEST, "", "api.github.com asks for 2 s of patience"),
    ],
)
def test_there_is_always_an_answer(
    clone: Clone, world: str, verdict: str, chosen: tuple[str, str] | None, reason: str, told: str
) -> None:
    """The newest pair that really exists, or what is waited for and since when; and what could not be asked."""
    done = clone.lab("inv versions --json", world)
    shown = checked(done.stdout, "versions")
    assert shown["verdict"] == verdict
    assert done.returncode == (verdict == "BLOCKED")
    pair = shown["chosen"]
    assert (pair and (pair["fcos_version"], pair["zfs"])) == chosen
    assert reason in "; ".join(shown["reasons"])
    assert told in done.stderr + "; ".join(shown["notes"])


@pytest.mark.parametrize(
    ("world", "words"),
    [
        ("quay-500", ["quay.io/fedora/fedora-coreos:stable could not be read", "500 ", "Internal Server Error"]),
        ("quay-html", ["quay.io/fedora/fedora-coreos:stable could not be read", "answered with a web page"]),
        ("quay-half-json", ["quay.io/fedora/fedora-coreos:stable could not be read", "answer was cut short"]),
        ("quay-down", ["quay.io/fedora/fedora-coreos:stable could not be read", "connection refused"]),
    ],
)
def test_an_upstream_that_nothing_can_be_decided_without_is_named(clone: Clone, world: str, words: list[str]) -> None:
    """Which source, what it answered, what to do; nothing is written."""
    done = clone.lab("inv versions --lock bad.lock.json", world)
    assert_three_lines(done, *words)
    assert done.stdout == ""
    assert not (clone.path / "bad.lock.json").exists()


def test_without_github_openzfs_itself_has_no_version(clone: Clone) -> None:
    """What only GitHub knows is an error there, with the time when it allows more."""
    words = ["OpenZFS's releases could not be read", "allows more at", "UTC", "GITHUB_TOKEN"]
    assert_three_lines(clone.lab("inv zfs-version", "github-limited"), *words)
    assert_three_lines(clone.lab("inv zfs-version", "github-down"), "api.github.com did not answer")


def test_ctrl_c_does_not_wait_for_a_slow_source(clone: Clone) -> None:
    """Nor does the failure of another source."""
    begun = time.monotonic()
    done = clone.lab("timeout --foreground -s INT 2 inv versions", "github-slow")
    assert done.returncode != 0
    assert "interrupted" in done.stderr
    assert time.monotonic() - begun < 12


def test_nothing_is_built_where_nothing_fits(clone: Clone) -> None:
    """Said with the reason; no Lock is left, no image is made, and each recipe exits 1."""
    done = clone.lab("inv versions --lock none.lock.json", "releases-empty")
    assert_three_lines(done, "nothing can be built from Fedora CoreOS 44.20261117.3.0", "for kmods of OpenZFS")
    assert not (clone.path / "none.lock.json").exists()
    assert_three_lines(clone.lab("inv build", "releases-empty"), "nothing can be built", "for kmods of OpenZFS")
    done = clone.lab("inv check-zfs-available", "waiting")
    assert_three_lines(done, "no repository has", "they are not built yet")


def test_a_kernel_beyond_the_matrix(clone: Clone) -> None:
    """The matrix alone decides check-compatibility, and its reason is said."""
    done = clone.lab("inv check-compatibility", "beyond-matrix")
    assert_three_lines(done, "are unsupported", "4.18 to 7.2, and 7.3 is outside")


def test_a_hiccup_is_tried_again(clone: Clone) -> None:
    """One 502 does not fail a read."""
    assert clone.lab("inv kernel-version", "quay-hiccup").stdout == f"{KERNEL}\n"


def test_two_runs_at_once_do_not_disturb_each_other(clone: Clone) -> None:
    """Both answer the same."""
    done = clone.lab(
        "inv versions --json > one & inv versions --json > two; wait; cmp one two && cat one", "label-null"
    )
    assert done.returncode == 0, done.stderr
    assert checked(done.stdout, "versions")["verdict"] == "BUILD"


@pytest.mark.full
def test_ten_thousand_tags_are_read(clone: Clone) -> None:
    """A hundred pages, one after the other, and the answer is the same."""
    assert clone.lab("inv check-zfs-available", "many-tags").stdout == f"{KMODS}\n"


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
