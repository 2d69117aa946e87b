"""Kmods that are built here: their source is the release's own, and their labels describe them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.real import kernels
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.kmods import Inside, LocalKmods, Module, Tarball, fedora_of, labels
from tasks.model.versions import Kernel
from tests.builders.values import DIGEST, KERNEL, KMODS_DIGEST, ZFS

ROOT = Path(__file__).parents[2]
PAIR = KmodsTag(ZFS, KERNEL)
IMAGE = ImageRef("localhost/custom-coreos-kmods", KMODS_DIGEST)
URL = "https://github.com/openzfs/zfs/releases/download/zfs-2.4.4/zfs-2.4.4.tar.gz"


def release(**asset: object) -> dict[str, Any]:
    """Return GitHub's answer for a release, with its tarball among other files."""
    own = {"name": "zfs-2.4.4.tar.gz", "browser_download_url": URL, "digest": DIGEST} | asset
    return {"tag_name": "zfs-2.4.4", "assets": [{"name": "zfs-2.4.4.tar.gz.asc"}, own]}


def test_the_source_is_the_release_s_own_tarball() -> None:
    """It is found by name, with the digest that GitHub states."""
    assert Tarball.of(ZFS, release()) == Tarball(url=URL, digest=DIGEST)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "lists no zfs-2.4.4.tar.gz"),
        ({"assets": None}, "lists no zfs-2.4.4.tar.gz"),
        ({"assets": ["zfs-2.4.4.tar.gz"]}, "lists no zfs-2.4.4.tar.gz"),
        (release(name="zfs-2.4.3.tar.gz"), "lists no zfs-2.4.4.tar.gz"),
        (release(browser_download_url=None), "reports no address"),
        (release(browser_download_url="http://example.org/zfs-2.4.4.tar.gz"), "reports no address"),
        (release(digest=None), "reports no sha256"),
        (release(digest="null"), "reports no sha256"),
        (release(digest="md5:1"), "reports no sha256"),
    ],
)
def test_a_source_that_cannot_be_told_from_another_is_refused(document: object, why: str) -> None:
    """Without a name, a TLS address and a digest there is no build."""
    with pytest.raises(TaskError, match=r"the source of OpenZFS 2\.4\.4 could not be found") as caught:
        Tarball.of(ZFS, document)
    assert why in caught.value.why


def test_labels_read_back_as_they_were_written() -> None:
    """They have pair and source; the published image's labels are among them."""
    written = labels(PAIR, DIGEST, ImageRef("quay.io/fedora/fedora", DIGEST), b"FROM x")
    assert LocalKmods.from_labels(IMAGE, written) == LocalKmods(image=IMAGE, pair=PAIR, tarball=DIGEST)
    assert written["io.github.samhclark.fedora-zfs-kmods.fedora.version"] == "44"
    assert written["io.github.samhclark.fedora-zfs-kmods.kernel.major_minor"] == "7.1"
    assert written["org.opencontainers.image.version"] == "zfs-2.4.4"


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("custom-coreos.zfs-tarball", ""),
        ("custom-coreos.zfs-tarball", "null"),
        ("io.github.samhclark.fedora-zfs-kmods.zfs.tag", "2.4.4"),
        ("io.github.samhclark.fedora-zfs-kmods.zfs.tag", "zfs-2.4.99"),
        ("io.github.samhclark.fedora-zfs-kmods.kernel.version", "null"),
    ],
)
def test_an_image_that_does_not_say_what_it_is_is_refused(label: str, value: str) -> None:
    """That includes the published image, because its source is unknown here."""
    written = labels(PAIR, DIGEST, ImageRef("quay.io/fedora/fedora", DIGEST), b"FROM x") | {label: value}
    with pytest.raises(TaskError, match=r"not a kmods image that was built here|gives no kernel version"):
        LocalKmods.from_labels(IMAGE, written)


LIBRARIES = ("libzfs6", "libzpool6", "libnvpair3", "libuutil3")
OTHER = "7.2.1-200.fc44.x86_64"
INSIDE = Inside(
    labels=labels(PAIR, DIGEST, ImageRef("quay.io/fedora/fedora", DIGEST), b"FROM x"),
    packages=(
        f"kmod-zfs-{KERNEL}-2.4.4-1.fc44.x86_64.rpm",
        *(f"{library}-2.4.4-1.fc44.x86_64.rpm" for library in LIBRARIES),
        "zfs-2.4.4-1.fc44.x86_64.rpm",
        "zfs-dracut-2.4.4-1.fc44.noarch.rpm",
    ),
    modules=dict.fromkeys(("spl", "zfs"), Module(kernel=str(KERNEL), version="2.4.4-1")),
)


def test_labels_packages_and_modules_that_name_one_pair_have_no_fault() -> None:
    """This is the image as it is built."""
    assert INSIDE.faults(PAIR) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"labels": {}}, "its label io.github.samhclark.fedora-zfs-kmods.zfs.tag is ''"),
        ({"packages": INSIDE.packages[1:]}, "its module package is missing"),
        ({"packages": (*INSIDE.packages, f"kmod-zfs-{OTHER}-2.4.4-1.fc44.x86_64.rpm")}, f"kmod-zfs-{OTHER}-2.4.4"),
        ({"packages": (f"kmod-zfs-{KERNEL}-2.4.3-1.fc44.x86_64.rpm", *INSIDE.packages[1:])}, "module package is"),
        ({"packages": INSIDE.packages[:-2]}, "it has no package zfs-2.4.4"),
        ({"packages": (*INSIDE.packages, "libzfs6-2.4.3-1.fc44.x86_64.rpm")}, "of another version: libzfs6-2.4.3"),
        ({"modules": {"zfs": INSIDE.modules["zfs"]}}, "it has no module spl"),
        ({"modules": {**INSIDE.modules, "zfs": Module(kernel=OTHER, version="2.4.4-1")}}, f"is built for {OTHER}"),
        ({"modules": {**INSIDE.modules, "spl": Module(kernel="", version="2.4.4-1")}}, "is built for no kernel"),
        ({"modules": {**INSIDE.modules, "zfs": Module(kernel=str(KERNEL), version="2.4.3-1")}}, "has version 2.4.3"),
    ],
)
def test_whatever_names_another_pair_is_a_fault(change: dict[str, Any], fault: str) -> None:
    """It may be a label, package or module; each is named."""
    faults = replace(INSIDE, **change).faults(PAIR)
    assert any(fault in each for each in faults), faults


def test_a_kernel_names_its_fedora() -> None:
    """Its release ends with it; another distribution's kernel has none."""
    assert fedora_of(KERNEL) == "44"
    with pytest.raises(TaskError, match="is not a kernel of Fedora"):
        fedora_of(Kernel.parse("6.12.100-1.el10.x86_64"))


def test_the_lab_has_all_that_the_containerfile_installs() -> None:
    """The lab's Fedora image provides every package by that name; a repository in it has kernel-devel."""
    text = (ROOT / "kmods/Containerfile").read_text().replace("\\\n", "")
    installed = {word for line in re.findall(r"dnf -y install ([^;\n]*)", text) for word in line.split()}
    assert len(installed) > 20
    assert installed - set(kernels.FEDORA.split()) == {'"kernel-devel-$KERNEL_VERSION"'}
