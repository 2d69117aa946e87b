"""Recipes maintain the matrix, and the forecast shows what is ahead."""

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked
from tests.lab.published import LOGIN


def test_the_matrix_learns_what_meta_says(own_clone: Clone) -> None:
    """--check writes nothing and exits with 1; afterwards there is nothing to do; 2.1 is left out."""
    matrix = own_clone.path / "compat_matrix.toml"
    before = matrix.read_text()
    done = own_clone.lab("inv sync-matrix --check", "matrix-behind")
    assert_three_lines(done, "compat_matrix.toml is behind by 2")
    assert matrix.read_text() == before
    done = own_clone.lab("inv sync-matrix", "matrix-behind")
    assert done.stdout.splitlines() == [
        "OpenZFS 2.4.5: kernels 4.18 to 7.3, released 2026-11-20",
        "OpenZFS 2.5.0: kernels 4.18 to 7.4, released 2026-11-21",
    ]
    assert (
        own_clone.lab("inv sync-matrix && inv sync-matrix --check --all", "matrix-behind").stdout == "up to date\n" * 2
    )
    own_clone.replace("compat_matrix.toml", '"4.18", linux_maximum = "7.4"', '"4.18", linux_maximum = "9.9"')
    done = own_clone.lab("inv sync-matrix && inv sync-matrix --all", "matrix-behind")
    assert done.stdout == "up to date\nOpenZFS 2.5.0: kernels 4.18 to 7.4, released 2026-11-21\n"


def test_a_meta_that_cannot_be_read_loses_nothing(own_clone: Clone) -> None:
    """The matrix does not change, and the error names the release."""
    before = (own_clone.path / "compat_matrix.toml").read_text()
    done = own_clone.lab("inv sync-matrix", "meta-down")
    assert_three_lines(done, "2 releases could not be read", "OpenZFS 2.4.5", "try again in a few minutes")
    assert (own_clone.path / "compat_matrix.toml").read_text() == before


def test_a_meta_with_an_absurd_kernel_is_not_believed(own_clone: Clone) -> None:
    """OpenZFS's own CI once left 99.99: neither the matrix nor a decision takes it."""
    before = (own_clone.path / "compat_matrix.toml").read_text()
    assert_three_lines(own_clone.lab("inv sync-matrix", "meta-absurd"), "OpenZFS 2.4.5 states", "99.99", "by hand")
    assert (own_clone.path / "compat_matrix.toml").read_text() == before
    seen = checked(own_clone.lab("inv doctor --json", "meta-absurd").stdout, "doctor")
    assert any("states a kernel" in row["message"] and "by hand" in row["fix"] for row in seen["findings"])
    done = own_clone.lab("inv versions --json", "meta-absurd")
    assert checked(done.stdout, "versions")["chosen"]["zfs"] == "2.4.4"
    assert any("Linux-Maximum 99.99" in note for note in checked(done.stdout, "versions")["notes"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--zfs 2.4.9", "OpenZFS 2.4.9 matches no kmods and no release of today"),
        ("--fcos 44.20261111.3.0", "Fedora CoreOS 44.20261111.3.0 matches no kmods"),
        (f"--digest sha256:{'9' * 64}", f"has no image sha256:{'9' * 64}"),
        (f"--inputs sha256:{'9' * 64}", "the published image has other inputs"),
        ("--zfs 2.4.4", ""),
        ("--kernel 7.1", ""),
    ],
)
def test_a_block_that_matches_nothing_says_so_when_it_is_written(own_clone: Clone, words: str, told: str) -> None:
    """It may be misspelt; it is written anyway."""
    done = own_clone.lab(f"{LOGIN} && inv block {words} --reason 'it panics'")
    assert (done.returncode, "has been blocked since" in done.stdout) == (0, True), done.stderr
    assert told in done.stderr
    assert ("misspelt" in done.stderr) == bool(told), done.stderr


def test_a_block_stops_a_pair_until_it_is_taken_away(own_clone: Clone) -> None:
    """`versions` shows it with its reason; no flag overrides it; at the end the file is as before."""
    before = (own_clone.path / "compat_matrix.toml").read_text()
    pair = "--zfs 2.4.4 --kernel 7.1.9-200.fc44.x86_64"
    done = own_clone.lab(f"inv versions --lock x.json && inv block {pair} --reason 'it panics' && inv versions")
    assert "blocked" in done.stdout
    assert_three_lines(done, "nothing can be built", "it panics", "--unblock")
    assert_three_lines(own_clone.lab("inv build --force"), "nothing can be built", "it panics")
    assert_three_lines(own_clone.lab("inv build --force --lock x.json"), "is blocked", "it panics")
    assert_three_lines(own_clone.inv("check-compatibility", *pair.split()), "is blocked", "it panics")
    assert_three_lines(own_clone.inv("block", "--zfs", "2.4.4", "--unblock"), "is not blocked", "kernel 7.1.9")
    assert own_clone.inv("block", *pair.split(), "--unblock").returncode == 0
    assert (own_clone.path / "compat_matrix.toml").read_text() == before
    assert_three_lines(own_clone.inv("block", "--zfs", "2.4.4"), "it needs a reason")
    assert_three_lines(own_clone.inv("block", "--reason", "x"), "it needs some of")
    assert (own_clone.path / "compat_matrix.toml").read_text() == before


def test_on_an_ordinary_day_both_streams_ahead_are_supported(clone: Clone) -> None:
    """Kmods for them come later."""
    done = clone.lab("inv forecast")
    assert done.returncode == 0, done.stderr
    assert [row.split()[0] for row in done.stdout.splitlines()[1:3]] == ["testing", "next"]
    assert done.stdout.count("OpenZFS 2.4.4 supports it") == 2


def test_a_forecast_that_knows_nothing_is_an_error(clone: Clone) -> None:
    """The world `waiting` has neither testing nor next."""
    words = ("nothing is known about the streams ahead of stable", "fedora-coreos:testing", "try again")
    assert_three_lines(clone.lab("inv forecast", "waiting"), *words)


@pytest.mark.full
def test_a_storm_is_seen_ahead(clone: Clone) -> None:
    """It shows what testing and next bring, about when, and whether OpenZFS is ready; also as JSON."""
    done = clone.lab("inv forecast; inv forecast --json", "storm-ahead")
    table, _, document = done.stdout.partition("{")
    assert "in about 9 days stable moves to kernel 7.2, the kernel of testing; OpenZFS 2.4.4 supports it" in table
    assert (
        "in about 23 days stable moves to kernel 7.3, the kernel of next; no OpenZFS release supports it yet" in table
    )
    ahead = checked("{" + document, "forecast")["ahead"]
    assert [each["outlook"] for each in ahead] == ["waits-for-kmods", "unsupported"]
    done = clone.lab("inv versions --stream next --json", "storm-ahead")
    assert checked(done.stdout, "versions")["verdict"] == "BLOCKED"
    done = clone.lab("inv kernel-version --stream next && inv forecast --stream next", "storm-ahead")
    assert done.stdout.splitlines()[0] == "7.3.0-300.fc45.x86_64"
    assert "no stream is ahead of next" in done.stdout
