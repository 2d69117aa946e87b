"""Versions come from the real protocols, and every bad answer gives three lines."""

import time

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked

KERNEL = "7.1.9-200.fc44.x86_64"
KMODS = f"ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-{KERNEL}"


def test_each_recipe_of_an_ordinary_day_prints_its_answer_alone(clone: Clone) -> None:
    """Stdout has only the answer, so that $(inv zfs-version) works in a shell."""
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
    """The sources are the label, commitmeta.json's two places, and then the image, with a notice before the pull."""
    done = clone.lab("inv kernel-version", world)
    assert done.stdout == f"{KERNEL}\n"
    assert told in done.stderr
    assert (PULLED in done.stderr) == bool(told)


NEWEST, OLDER = ("44.20261110.3.0", "2.4.4"), ("44.20261103.3.0", "2.4.4")
WITHOUT_GITHUB = "using the OpenZFS releases of the matrix, but none newer than the published one"


@pytest.mark.parametrize(
    ("world", "verdict", "chosen", "reason", "told"),
    [
        ("everyday", "BUILD", NEWEST, "nothing is published yet", "does not exist yet, or it is private"),
        ("waiting", "BUILD", NEWEST, "for kmods of OpenZFS 2.4.4", ""),
        ("waiting-weeks", "BUILD", NEWEST, "has waited 20 days for kmods of OpenZFS 2.4.4", ""),
        ("second-line-only", "BUILD", ("44.20261110.3.0", "2.3.9"), "has kmods of OpenZFS 2.3.9", ""),
        ("prerelease-newest", "BUILD", NEWEST, "has kmods of OpenZFS 2.4.4", ""),
        ("matrix-behind", "BUILD", ("44.20261110.3.0", "2.4.5"), "according to its META; ./inv sync-matrix", ""),
        ("meta-down", "BLOCKED", None, "does not know OpenZFS 2.4.5; ./inv sync-matrix", "META file of OpenZFS 2.4.5"),
        ("older-gone", "BUILD", OLDER, "the registry no longer has its image", ""),
        ("older-other", "BUILD", OLDER, "the registry no longer has its image", "with kernel 7.1.8-200.fc44.x86_64"),
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
        ("github-slow", "BUILD", NEWEST, "", f"GitHub is slow to list OpenZFS's releases; {WITHOUT_GITHUB}"),
        ("prerelease-unlisted", "BUILD", NEWEST, "", WITHOUT_GITHUB),
        ("github-busy", "BUILD", NEWEST, "", "api.github.com is busy: retrying in 2 s"),
    ],
)
def test_there_is_always_an_answer(
    clone: Clone, world: str, verdict: str, chosen: tuple[str, str] | None, reason: str, told: str
) -> None:
    """It is the newest existing pair, or what is missing and since when; and the sources that could not be read."""
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
    """The error gives the source, its answer and what to do; nothing is written."""
    done = clone.lab("inv versions --lock bad.lock.json", world)
    assert_three_lines(done, *words)
    assert done.stdout == ""
    assert not (clone.path / "bad.lock.json").exists()


def test_without_github_openzfs_itself_has_no_version(clone: Clone) -> None:
    """What only GitHub knows is an error, with the time at which it allows more requests."""
    words = ["OpenZFS's releases could not be read", "accepts requests again at", "UTC", "GITHUB_TOKEN"]
    assert_three_lines(clone.lab("inv zfs-version", "github-limited"), *words)
    assert_three_lines(clone.lab("inv zfs-version", "github-down"), "api.github.com did not answer")


def test_an_answer_that_is_cut_is_asked_for_again(clone: Clone) -> None:
    """Twice by GitHub, once by the builds host; both answer then."""
    assert clone.lab("inv zfs-version", "github-cut").stdout.strip() == "zfs-2.4.4"
    notes = checked(clone.lab("inv versions --json", "github-cut").stdout, "versions")["notes"]
    assert [note for note in notes if "ended the connection" in note] == []


def test_ctrl_c_does_not_wait_for_a_slow_source(clone: Clone) -> None:
    """The failure of another source does not wait either."""
    begun = time.monotonic()
    done = clone.lab("timeout --foreground -s INT 2 inv versions", "github-slow")
    assert done.returncode != 0
    assert "interrupted" in done.stderr
    assert time.monotonic() - begun < 12  # GitHub answers after 20 s


def test_nothing_is_built_where_nothing_fits(clone: Clone) -> None:
    """The reason is printed; no Lock or image is made, and each recipe exits with 1."""
    done = clone.lab("inv versions --lock none.lock.json", "releases-empty")
    assert_three_lines(done, "nothing can be built from Fedora CoreOS 44.20261117.3.0", "for kmods of OpenZFS")
    assert not (clone.path / "none.lock.json").exists()
    assert_three_lines(clone.lab("inv build", "releases-empty"), "nothing can be built", "for kmods of OpenZFS")
    done = clone.lab("inv check-zfs-available", "waiting")
    assert_three_lines(done, "no repository has", "they are not built yet")


def test_a_kernel_beyond_the_matrix(clone: Clone) -> None:
    """Only the matrix decides check-compatibility, and the reason is printed."""
    done = clone.lab("inv check-compatibility", "beyond-matrix")
    assert_three_lines(done, "are unsupported", "4.18 to 7.2, and 7.3 is outside")


def test_a_hiccup_is_tried_again(clone: Clone) -> None:
    """One 502 does not fail a read."""
    assert clone.lab("inv kernel-version", "quay-hiccup").stdout == f"{KERNEL}\n"


def test_two_runs_at_once_do_not_disturb_each_other(clone: Clone) -> None:
    """Both give the same answer."""
    done = clone.lab(
        "inv versions --json > one & inv versions --json > two; wait; cmp one two && cat one", "label-null"
    )
    assert done.returncode == 0, done.stderr
    assert checked(done.stdout, "versions")["verdict"] == "BUILD"


@pytest.mark.full
def test_ten_thousand_tags_are_read(clone: Clone) -> None:
    """They come in a hundred pages, one after the other, and the answer is the same."""
    assert clone.lab("inv check-zfs-available", "many-tags").stdout == f"{KMODS}\n"


def test_flags_and_settings_that_are_wrong_are_named(own_clone: Clone) -> None:
    """The error names the key of a typo in invoke.yaml, in the matrix or on the command line, without a traceback."""
    assert_three_lines(own_clone.inv("check-compatibility", "--zfs", "2.4", "--kernel", KERNEL), "'2.4'", "2.4.4")
    assert_three_lines(own_clone.inv("check-compatibility", "--zfs", "2.4.4", "--kernel", "null"), "'null'")
    own_clone.replace("compat_matrix.toml", 'linux_maximum = "6.5"', 'linux_maximun = "6.5"')
    done = own_clone.inv("check-compatibility", "--zfs", "2.4.4", "--kernel", KERNEL)
    assert_three_lines(done, "compat_matrix.toml", "linux_maximun")
    own_clone.replace("invoke.yaml", "  stream: stable", "  steam: stable")
    assert_three_lines(own_clone.inv("versions"), "invoke.yaml: steam is wrong", "line ", "unknown key")
    own_clone.replace("invoke.yaml", "  steam: stable", "\tstream: stable")
    assert_three_lines(own_clone.inv("versions"), "invoke.yaml is not valid YAML", "line ", "no tabs")
    assert own_clone.inv("versions", "--nonsense").returncode == 1
