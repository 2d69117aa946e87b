"""`inv build-kmods` where it cannot build: it prints three lines and leaves nothing. `inv boot` proves its results."""

import json

import pytest

from tests.lab.conftest import HOUR, Clone, assert_three_lines, checked, on_debian_12
from tests.lab.published import LOGIN

LATE = "7.2.1-200.fc44.x86_64"
PAIR = "--zfs 2.4.3 --kernel 6.12.100-200.fc44.x86_64"
CONTAINERS = "podman images -q custom-coreos-kmods; podman ps -aq --external"
KEPT = f"{{ {CONTAINERS}; find ~/.. -name '*zfs-*.tar.gz*'; }}"  # in the lab's whole folder


@on_debian_12
@pytest.mark.full
@pytest.mark.parametrize(
    ("world", "asked", "why"),
    [
        ("source", "--zfs 2.4.9 --kernel 6.12.100-200.fc44.x86_64", "GitHub has no release zfs-2.4.9"),
        ("source", "--zfs 2.4.99 --kernel 6.12.100-200.fc44.x86_64", "X.Y.99 is not a release"),
        ("source", "--zfs 2.4.3 --kernel 6.12.100", "does not have the form VERSION-RELEASE.ARCH"),
        ("source", "--zfs 2.4.3 --kernel 6.12.100-200.el9.x86_64", "does not end with .fc and a number"),
        ("source-other", PAIR, "GitHub states sha256:1f08f2d1"),
        ("source-cut", PAIR, "github.com ended the connection before its answer was complete"),
        ("everyday", "--zfs 2.4.4 --kernel 7.1.9-200.fc44.x86_64", "GitHub lists no zfs-2.4.4.tar.gz"),
    ],
)
def test_without_a_proven_source_nothing_is_built(clone: Clone, world: str, asked: str, why: str) -> None:
    """With no release, no Fedora kernel, or a wrong or incomplete tarball, it builds no image and keeps no tarball."""
    done = clone.lab(f"inv build-kmods {asked}; status=$?; {KEPT}; exit $status", world)
    assert_three_lines(done, why)
    assert done.stdout == ""


@on_debian_12
@pytest.mark.full
def test_a_kernel_that_fedora_does_not_keep_is_named(clone: Clone) -> None:
    """Its kernel-devel is missing; podman's unfinished container is removed, and the tarball stays for the next try."""
    asked = "inv build-kmods --zfs 2.4.3 --kernel 6.12.100-999.fc44.x86_64"
    done = clone.lab(f"{asked}; status=$?; {CONTAINERS}; exit $status", "source")
    assert_three_lines(done, "Unable to find a match: kernel-devel-6.12.100-999.fc44.x86_64")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("--kmods localhost/nothing", "there is no image localhost/nothing"),
        ("--kmods custom-coreos:stable", "is not a kmods image that was built here"),
        ("--kmods $(podman images -q custom-coreos:stable)", "is not a kmods image that was built here"),
        ("--kmods custom-coreos:stable --lock everyday.lock.json", "leave one of them out"),
    ],
)
def test_no_image_is_built_from_other_modules(built: Clone, asked: str, why: str) -> None:
    """It refuses a missing image, an image of another kind, and --kmods together with a Lock."""
    assert_three_lines(built.lab(f"inv build {asked}"), why)


@on_debian_12
@pytest.mark.full
def test_an_image_with_modules_of_ones_own_is_published(own_clone: Clone) -> None:
    """`publish` explains how to build them; its Lock pins the tarball; the next day holds; they are built once."""
    kmods = f"kmods=$(inv build-kmods {PAIR})"
    story = f"{kmods} && inv publish --kmods $kmods && {kmods} && inv versions --json"
    day = f"cd {own_clone.path} && inv keygen && {LOGIN}; inv publish; {story}"
    done = own_clone.lab(day, "source-behind", seconds=HOUR)  # this compiles OpenZFS
    assert done.returncode == 0, done.stderr
    assert f"./inv build-kmods {PAIR}" in done.stderr
    assert "its inputs did not change" in done.stderr
    decided = checked(done.stdout[done.stdout.index("{") :], "versions")
    assert decided["verdict"] == "HOLD"
    assert decided["published"]["kernel"] == "6.12.100-200.fc44.x86_64"
    labels = own_clone.lab("skopeo inspect docker://ghcr.io/samhclark/custom-coreos:stable", "source-behind").stdout
    assert json.loads(labels)["Labels"]["custom-coreos.zfs-tarball"].startswith("sha256:1f08f2d1")


@pytest.mark.full
def test_kmods_are_built_from_stand_ins_in_seconds(clone: Clone) -> None:
    """Only the ingredients differ from the worlds that boot; the second time it builds nothing."""
    asked = f"inv build-kmods --zfs 2.4.4 --kernel {LATE}"
    assert_three_lines(clone.lab(f"{asked} --save /nowhere/kmods.tar", "late"), "/nowhere/kmods.tar cannot be written")
    assert_three_lines(clone.lab(f"{asked} --load README.md", "late"), "README.md could not be loaded")
    done = clone.lab(f"{asked} && {asked}", "late")
    assert done.returncode == 0, done.stderr
    assert len(set(done.stdout.split())) == 1
    assert "its inputs did not change" in done.stderr


@pytest.mark.full
def test_an_archive_that_fails_in_the_middle_is_named(clone: Clone) -> None:
    """It prints three lines, and podman's unfinished container is removed."""
    asked = f"inv build-kmods --zfs 2.4.4 --kernel {LATE}"
    done = clone.lab(f"{asked}; status=$?; {CONTAINERS}; exit $status", "late-archive-down")
    assert_three_lines(done, f"kernel-devel-{LATE}: Cannot download")
    assert done.stdout == ""
