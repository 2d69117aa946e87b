"""What images and documents say about themselves."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import BaseImage, ImageRef, KmodsTag, kernel_from_commitmeta, kmods_tags, release_versions
from tasks.model.versions import parse_fcos
from tests.builders.values import DIGEST, KERNEL, NEW, NEWER, OLD, release


def base(**labels: str) -> BaseImage:
    return BaseImage(name="quay.io/fedora/fedora-coreos", digest=DIGEST, labels=labels)


def test_the_kernel_is_read_from_the_label() -> None:
    """Images before Fedora 43 name their kernel there."""
    assert base(**{"ostree.linux": str(KERNEL)}).kernel == KERNEL


@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", " {} ", '" {} "'])
def test_every_label_is_read_with_or_without_quotes(quoted: str) -> None:
    """A shell script writes labels with the quotes of its variables."""
    assert base(**{"ostree.linux": quoted.format(KERNEL)}).kernel == KERNEL
    base(**{"com.coreos.stream": quoted.format("stable")}).require("stable")


@pytest.mark.parametrize("architecture", ["aarch64", "ppc64le", "s390x"])
def test_a_kernel_for_other_machines_is_an_error(architecture: str) -> None:
    """The label and the two places of commitmeta.json are checked."""
    name = f"7.1.9-200.fc44.{architecture}"
    row = ["kernel", "0", "7.1.9", "200.fc44", architecture]
    with pytest.raises(TaskError, match="names no kernel for x86_64"):
        _ = base(**{"ostree.linux": name}).kernel
    for document in ({"ostree.linux": name}, {"rpmostree.rpmdb.pkglist": [row]}):
        with pytest.raises(TaskError, match="names no kernel for x86_64"):
            kernel_from_commitmeta(document, "commitmeta.json")


@pytest.mark.parametrize("text", ["", "null", "<no value>", "  ", "None", "(none)", "unknown", '"null"'])
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


UNUSABLE = ("44", "stable", "44.20261110.3", "v44.20261110.3.0", "44.20261131.3.0", "44.20261110.3.0 (CoreOS)")


@pytest.mark.parametrize("text", ["", "null", '""', "<no value>", "None", "unknown", *UNUSABLE])
def test_a_base_that_says_no_version_leaves_it_to_os_release(text: str) -> None:
    """The release is read inside the image then."""
    assert base(**{"org.opencontainers.image.version": text}).version is None
    assert base().version is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("44.20261131.3.0", "44.20261131.3.0 names the day 20261131, which does not exist"),
        ("44.20260229.3.0", "44.20260229.3.0 names the day 20260229, which does not exist"),
        ("44.20261110.3", "'44.20261110.3' does not have the form 44.20261110.3.0"),
        (None, "None does not have the form 44.20261110.3.0"),
    ],
)
def test_a_wrong_version_is_told_with_what_is_wrong(text: object, why: str) -> None:
    """A day that does not exist has the right form."""
    with pytest.raises(TaskError, match="gives no Fedora CoreOS version") as caught:
        parse_fcos(text, "it")
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("version", "stream", "fault"),
    [
        ("44.20261110.3.0", "stable", ""),
        ("44.20261110.2.0", "testing", ""),
        ("44.20261110.10.0", "stable", ""),
        ("44.20261110.20.0", "testing-devel", ""),
        ("44.20261110.2.0", "stable", "its version 44.20261110.2.0 is one of testing"),
        ("44.20261110.1.0", "testing", "its version 44.20261110.1.0 is one of next"),
        ("44.20261212.3.0", "stable", ""),
        ("44.20261213.3.0", "stable", "its version is 44.20261213.3.0, and it was made on 2026-11-12"),
        ("44.20991110.3.0", "stable", "its version is 44.20991110.3.0, and it was made on 2026-11-12"),
    ],
)
def test_a_version_that_cannot_be_right_is_refused(version: str, stream: str, fault: str) -> None:
    """A version of another stream, or of a day long after the image was made, would be the newest for years."""
    image = replace(base(), created=datetime(2026, 11, 12, 12, tzinfo=UTC))
    if not fault:
        image.require_release(Version(version), stream)
        return
    with pytest.raises(TaskError, match=f"is not Fedora CoreOS {stream}") as caught:
        image.require_release(Version(version), stream)
    assert caught.value.why == fault


def test_an_image_without_a_date_may_have_any_version() -> None:
    """A reproducible image says 1970."""
    for created in (None, datetime(1970, 1, 1, tzinfo=UTC)):
        replace(base(), created=created).require_release(Version("44.20991110.3.0"), "stable")


@pytest.mark.parametrize(
    ("labels", "same"),
    [
        ({}, True),
        ({"org.opencontainers.image.version": OLD, "ostree.linux": str(KERNEL)}, True),
        ({"org.opencontainers.image.version": NEW}, False),
        ({"ostree.linux": NEWER}, False),
    ],
)
def test_the_image_of_an_older_release_must_be_that_release(labels: dict[str, str], same: bool) -> None:
    """A tag that points elsewhere is not believed; labels that say nothing contradict nothing."""
    if same:
        base(**labels).require_same(release())
        return
    with pytest.raises(TaskError, match=f"is not Fedora CoreOS {OLD}"):
        base(**labels).require_same(release())


def test_an_entry_without_a_version_is_passed_over_and_told() -> None:
    """The other releases stay candidates."""
    rows = [{"version": "44.20261131.3.0"}, {"version": OLD}, {"version": None}, {}, {"version": NEW}, {"version": 44}]
    versions, faults = release_versions({"releases": rows}, "releases.json")
    assert [str(version) for version in versions] == [NEW, OLD]
    assert len(faults) == 4
    assert faults[0].startswith(
        "an entry of releases.json gives no Fedora CoreOS version: 44.20261131.3.0 names the day"
    )


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
