"""What the contract's faults and promises say."""

import dataclasses

import pytest
from packaging.version import Version

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.inspection import inspect
from tasks.model.signing import KEYS
from tests.builders.image_facts import GOOD, LABELS, NAME
from tests.builders.values import KERNEL, lock

TREE = f"kernel-tree\t{KERNEL}"
ZINCATI = "unit\tzincati.service"
LOADED = f"zfs-load\tinsmod /lib/modules/{KERNEL}/extra/zfs/zfs.ko.xz"


@pytest.mark.parametrize(
    ("right", "wrong", "name", "fault"),
    [
        (f"{TREE}\n", "", "kernel-tree", "there are 0 kernel trees: none"),
        (TREE, f"{TREE}\nkernel-tree\t7", "kernel-tree", f"there are 2 kernel trees: {KERNEL}, 7"),
        (TREE, "kernel-tree\t7", "kernel-tree", f"the tree is 7, the package {KERNEL}"),
        (f"kernel-image\t{KERNEL}", "other\t", "kernel-files", "vmlinuz is of no kernel"),
        (f"kernel-image\t{KERNEL}", "kernel-image\t7", "kernel-files", "vmlinuz is of 7"),
        (f"initramfs\t{KERNEL}\n", "", "kernel-files", "initramfs.img is of no kernel"),
        (f"initramfs\t{KERNEL}", "initramfs\t6\ninitramfs\t7", "kernel-files", "initramfs.img is of 6, 7"),
        (f"zfs-vermagic\t{KERNEL}", "zfs-vermagic\t7", "zfs-vermagic", "built for 7"),
        (f"zfs-vermagic\t{KERNEL}", "other\t", "zfs-vermagic", "built for no kernel"),
        ("spl-version\t2.4.4-1", "spl-version\t2.4.3-1", "zfs-packages", "zfs is 2.4.4, but spl.ko 2.4.3"),
        ("spl-version\t2.4.4-1\n", "", "zfs-packages", "zfs is 2.4.4, but spl.ko unversioned"),
        ("package\tzfs 2.4.4", "other\t", "zfs-packages", "the zfs package is not installed"),
        (LOADED, "zfs-load\tinstall /bin/false", "modprobe", "modprobe would do: install /bin/false"),
        (LOADED, "zfs-load\t", "modprobe", "modprobe would do: nothing"),
        (
            "unit\tzincati.service disabled",
            "unit\tzincati.service enabled",
            "zincati.service",
            "zincati.service is enabled",
        ),
        ("unit\ttailscaled.service enabled\n", "", "tailscaled.service", "tailscaled.service is missing"),
        ("end\t", "".join(f"missing\t/{n}\n" for n in range(9)) + "end\t", "files", "/0, /1, /2, /3, /4"),
    ],
)
def test_a_fault_says_what_is_there_instead(right: str, wrong: str, name: str, fault: str) -> None:
    """The owner reads it in a log or an issue, without the image at hand."""
    assert right in GOOD
    report = inspect(ImageFacts.parse(GOOD.replace(right, wrong, 1), LABELS), NAME, [], lock())
    assert next(check.fault for check in report.checks if check.name == name) == fault


def test_a_label_or_lock_that_differs_is_shown_with_what_is_inside() -> None:
    """Empty values are called nothing."""
    no_zfs = GOOD.replace("package\tzfs 2.4.4", "other\t")
    for answer, stated, of_label, of_lock in (
        (GOOD, "2.4.3", "it says 2.4.3; the image contains 2.4.4", ""),
        (GOOD, "", "it says nothing; the image contains 2.4.4", ""),
        (no_zfs, "2.4.4", "it says 2.4.4; the image contains nothing", "the Lock says 2.4.4, the image nothing"),
    ):
        facts = ImageFacts.parse(answer, LABELS | {"custom-coreos.zfs-version": stated})
        found = {check.name: check.fault for check in inspect(facts, NAME, [], lock()).checks}
        assert (found["label-zfs-version"], found["lock-zfs-version"]) == (of_label, of_lock)
    other = dataclasses.replace(lock(), zfs_version=Version("2.4.3"))
    found = {check.name: check.fault for check in inspect(ImageFacts.parse(GOOD, LABELS), NAME, [], other).checks}
    assert found["lock-zfs-version"] == "the Lock says 2.4.3, the image 2.4.4"


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("other\t", "no key ships, and no policy requires one"),
        (f"host-file\tQUJD:{KEYS}/ublue.pub", "no key ships, and no policy requires one"),
        (f"host-file\tQUJD:{KEYS}/cosign.pub", f"keys and policy accept only signed images of {NAME}"),
    ],
)
def test_the_promise_about_the_policy_is_true_without_a_key_too(fact: str, expected: str) -> None:
    """An image without one promises nothing about signatures."""
    facts = ImageFacts.parse(f"{fact}\n{GOOD}", LABELS)
    promise = next(check.promise for check in inspect(facts, NAME, []).checks if check.name == "host-policy")
    assert promise == expected


def test_a_file_of_the_policy_may_be_empty_and_have_a_blank_in_its_name() -> None:
    """Somebody who hides a private key under such a name is found all the same."""
    facts = ImageFacts.parse(f"host-file\t:{KEYS}/my: key.pub\nhost-file\tQUJD:{KEYS}/a b\n{GOOD}", LABELS)
    assert facts.host_files.files == {f"{KEYS}/my: key.pub": b"", f"{KEYS}/a b": b"ABC"}
