"""What images and documents say about themselves."""

from dataclasses import replace

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import BaseImage, ImageRef, KmodsTag, kernel_from_commitmeta, kmods_tags
from tests.builders.values import DIGEST, KERNEL


def base(**labels: str) -> BaseImage:
    return BaseImage(name="quay.io/fedora/fedora-coreos", digest=DIGEST, labels=labels)


def test_the_kernel_is_read_from_the_label() -> None:
    """Images before Fedora 43 name their kernel there."""
    assert base(**{"ostree.linux": str(KERNEL)}).kernel == KERNEL


@pytest.mark.parametrize("text", ["", "null", "<no value>", "  "])
def test_a_label_that_says_nothing_leaves_the_kernel_to_the_next_source(text: str) -> None:
    """The words that tools print for a missing value are neither a kernel nor an error."""
    assert base(**{"ostree.linux": text}).kernel is None


def test_a_label_that_says_nonsense_is_an_error() -> None:
    """A malformed kernel is never used, and never silently skipped."""
    with pytest.raises(TaskError, match=r"label ostree\.linux of"):
        _ = base(**{"ostree.linux": "7.1.9"}).kernel


@pytest.mark.parametrize("text", ["44.20261110.3.0", '"44.20261110.3.0"', "'44.20261110.3.0'", " 44.20261110.3.0 "])
def test_a_version_is_read_with_or_without_quotes(text: str) -> None:
    """A shell script writes labels with the quotes of os-release."""
    assert base(**{"org.opencontainers.image.version": text}).version == Version("44.20261110.3.0")


@pytest.mark.parametrize("text", ["", "null", '""', "<no value>"])
def test_a_base_that_says_no_version_leaves_it_to_os_release(text: str) -> None:
    """The release is read inside the image then."""
    assert base(**{"org.opencontainers.image.version": text}).version is None
    assert base().version is None


@pytest.mark.parametrize("text", ["44", "stable", "44.20261110.3"])
def test_a_base_with_a_wrong_version_is_an_error(text: str) -> None:
    """Without a version there is no release."""
    with pytest.raises(TaskError, match="gives no Fedora CoreOS version"):
        _ = base(**{"org.opencontainers.image.version": text}).version


@pytest.mark.parametrize(
    ("label", "architecture", "fault"),
    [
        ("stable", "amd64", ""), ("", "", ""), ("null", "amd64", ""),
        ("testing", "amd64", "its label says stream testing"), ("next", "", "its label says stream next"),
        ("stable", "arm64", "it is for arm64"),
    ],
)  # fmt: skip
def test_an_image_of_another_stream_or_machine_is_refused(label: str, architecture: str, fault: str) -> None:
    """A tag that points at the wrong image is not believed."""
    image = replace(base(**{"com.coreos.stream": label}), architecture=architecture)
    if not fault:
        image.require("stable")
        return
    with pytest.raises(TaskError, match="is not Fedora CoreOS stable for amd64") as caught:
        image.require("stable")
    assert caught.value.why == fault


@pytest.mark.parametrize(
    "document",
    [
        {"ostree.linux": str(KERNEL)},
        {
            "ostree.linux": "",
            "rpmostree.rpmdb.pkglist": [
                ["kernel-core", "0", "1.1.1", "1", "x86_64"],
                ["kernel", "0", "7.1.9", "200.fc44", "x86_64"],
            ],
        },
        {"rpmostree.rpmdb.pkglist": [["kernel", "0", "7.1.9", "200.fc44", "x86_64"]]},
    ],
)
def test_commitmeta_names_the_kernel_in_either_of_two_places(document: object) -> None:
    """They are the key ostree.linux and the package list's row."""
    assert kernel_from_commitmeta(document, "commitmeta.json") == KERNEL


@pytest.mark.parametrize(
    "document", [{}, {"ostree.linux": ""}, {"rpmostree.rpmdb.pkglist": [["bash", "0", "5", "1", "x86_64"]]}]
)
def test_commitmeta_without_kernel_leaves_it_to_the_image(document: object) -> None:
    """Missing is not malformed."""
    assert kernel_from_commitmeta(document, "commitmeta.json") is None


@pytest.mark.parametrize(
    "document", [[], "null", None, {"rpmostree.rpmdb.pkglist": [["kernel", "0"]]}, {"ostree.linux": "7.1"}]
)
def test_commitmeta_of_another_shape_is_an_error(document: object) -> None:
    """Answers are checked before use."""
    with pytest.raises(TaskError):
        kernel_from_commitmeta(document, "commitmeta.json")


def test_tags_that_name_no_kmods_are_passed_over() -> None:
    """A stray tag in the kmods repository does no harm."""
    good = f"zfs-2.4.4_kernel-{KERNEL}"
    tags = [
        "latest",
        "zfs-2.4.99_kernel-" + str(KERNEL),
        "zfs-2.4.4_kernel-",
        "zfs-2.4.4",
        "null",
        good,
        f"sha256-{'a' * 64}.sig",
    ]
    assert [str(tag) for tag in kmods_tags(tags)] == [good]
    assert KmodsTag.parse(good) is not None


@pytest.mark.parametrize(
    "text",
    ["", "quay.io/a/b", "quay.io/a/b@sha256:12", f"quay.io/A/b@{DIGEST}", f"@{DIGEST}", f"quay.io/a/b:stable@{DIGEST}"],
)
def test_only_a_name_with_a_whole_digest_is_an_image(text: str) -> None:
    """FROM gets nothing that could move or be incomplete."""
    with pytest.raises(TaskError, match="not an image by digest"):
        ImageRef.parse(text)
