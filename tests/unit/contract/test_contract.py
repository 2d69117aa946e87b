"""The contract: every promise has a name, and each fails alone if only that is wrong."""

import dataclasses

import pytest
from packaging.version import Version

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.inspection import VERSION, inspect
from tasks.model.errors import TaskError
from tasks.model.lock import Lock
from tests.builders.image_facts import GOOD, LABELS, NAME
from tests.builders.values import KERNEL, lock

# os-release's OSTREE_VERSION, IMAGE_VERSION and VERSION, in order of precedence.
OSTREE, IMAGE, OS = "os-version\t44.20261110.3.0", "os-version\t", "os-version\t44.20261110.3.0 (CoreOS)"
SERVICE = {"update-service"}
OLDER, OTHER_RELEASE = "os-version\t44.20261103.3.0", {"label-fcos-version", "lock-fcos-version"}


def faults(answer: str, labels: dict[str, str] = LABELS) -> set[str]:
    return {check.name for check in inspect(ImageFacts.parse(answer, labels), NAME, [], lock()).failed}


PROMISES = {  # the checks of each version of the contract; an image verified under another version is verified again
    "4": """
        kernel-tree kernel-files zfs-module spl-module zfs-indexed spl-indexed zfs-vermagic spl-vermagic zfs-packages
        package-tailscale files modules-load modprobe zfs-units pools left-behind identity
        bootc-fetch-apply-updates.timer zincati.service tailscaled.service update-timer update-service updaters
        first-boot host-policy modes label-kernel-version label-zfs-version label-fcos-version label-keys
    """,
    "5": """
        kernel-tree kernel-files zfs-module spl-module zfs-indexed spl-indexed zfs-vermagic spl-vermagic zfs-packages
        package-tailscale files modules-load modprobe zfs-units pools left-behind identity
        bootc-fetch-apply-updates.timer zincati.service tailscaled.service kernel-arguments boot update-timer
        update-service updaters commands first-boot host-policy modes label-kernel-version label-zfs-version
        label-fcos-version label-keys
    """,
}


def test_another_set_of_checks_is_another_version_of_the_contract() -> None:
    """A record of version 1 must not count for today's checks: give a new set its own number."""
    names = [check.name for check in inspect(ImageFacts.parse(GOOD, LABELS), NAME, []).checks]
    assert PROMISES[VERSION].split() == names
    assert list(PROMISES)[-1] == VERSION


@pytest.mark.parametrize("packages", [(), ("htop",), ("htop", "tailscale"), ("cockpit",)])
def test_packages_come_from_the_lock_and_units_from_their_presets(packages: tuple[str, ...]) -> None:
    """A preset counts while its package is in the image; each package is checked; labels match the contents."""
    other = dataclasses.replace(lock(), packages=packages)
    labels = other.labels("custom-coreos", "https://github.com/o/n", "2026-11-23T00:00:00+00:00")
    answer = f"package\thtop 3 3-1.fc44.x86_64\n{GOOD}"
    report = inspect(ImageFacts.parse(answer, labels), NAME, [], other)
    assert {check.name for check in report.failed} == (
        {"package-cockpit", "cockpit.socket", "first-boot"} if packages == ("cockpit",) else set()
    )
    assert Lock.from_labels(labels, "x") == other == Lock.from_json(other.to_json(), "x")
    named = [check.name for check in report.checks if check.name.startswith("package-")]
    assert named == [f"package-{name}" for name in packages]
    assert ("tailscaled.service" in {check.name for check in report.checks}) == ("tailscale" in packages)
    described = labels["org.opencontainers.image.description"]
    assert described == f"Fedora CoreOS 44.20261110.3.0 with {', '.join(['OpenZFS 2.4.4', *packages])}"


def test_a_good_image_keeps_every_promise() -> None:
    """No check finds anything if nothing is wrong."""
    assert faults(GOOD) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "names"),
    [
        (
            "end\t",
            "kernel-tree\t7.0.1-1.fc44.x86_64\nend\t",
            {"kernel-tree", "kernel-files", "zfs-vermagic", "spl-vermagic", "zfs-packages"},
        ),
        (f"kernel-core 7.1.9 {KERNEL}", "kernel-core 7.1.8 7.1.8-1.fc44.x86_64", {"kernel-tree"}),
        (f"zfs-file\t/usr/lib/modules/{KERNEL}/extra/zfs/zfs.ko\n", "", {"zfs-module"}),
        (f"spl-indexed\t/usr/lib/modules/{KERNEL}/extra/zfs/spl.ko\n", "", {"spl-indexed"}),
        (f"zfs-vermagic\t{KERNEL}", "zfs-vermagic\t7.1.8-200.fc44.x86_64", {"zfs-vermagic"}),
        ("package\tlibzfs7 2.4.4", "package\tlibzfs7 2.4.3", {"zfs-packages"}),
        ("package\tlibzpool7 2.4.4", "package\tlibzpool7-devel 2.4.4", {"zfs-packages"}),
        ("package\tlibzfs7 2.4.4", "package\tlibzfs6 2.4.3 2.4.3-1\npackage\tlibzfs7 2.4.4", {"zfs-packages"}),
        (f"package\tkmod-zfs-{KERNEL} 2.4.4", f"package\tkmod-zfs-{KERNEL} 2.4.3", {"zfs-packages"}),
        ("spl-version\t2.4.4-1", "spl-version\t2.4.3-1", {"zfs-packages"}),
        ("package\ttailscale", "package\ttailscaleX", {"package-tailscale"}),
        ("unit\ttailscaled.service enabled", "unit\ttailscaled.service disabled", {"tailscaled.service"}),
        ("modules-load\tzfs", "modules-load\t#zfs", {"modules-load"}),
        ("unit\tzfs.target enabled", "unit\tzfs.target disabled", {"zfs-units", "pools"}),
        ("unit\tzfs-import-scan.service disabled", "unit\tzfs-import-scan.service enabled", {"zfs-units"}),
        ("end\t", "left-behind\t/var/lib/pcp\nend\t", {"left-behind"}),
        (
            "unit\tbootc-fetch-apply-updates.timer en",
            "unit\tbootc-fetch-apply-updates.timer dis",
            {"bootc-fetch-apply-updates.timer"},
        ),
        (f"kernel-image\t{KERNEL}", "kernel-image\t7.1.8-200.fc44.x86_64", {"kernel-files"}),
        (f"kernel-image\t{KERNEL}", "other\t", {"kernel-files"}),
        (f"initramfs\t{KERNEL}\n", "", {"kernel-files"}),
        (f"initramfs\t{KERNEL}", f"initramfs\t7.1.8\ninitramfs\t{KERNEL}", {"kernel-files"}),
        ("end\t", "missing\ttailscale /usr/sbin/tailscaled\nend\t", {"files"}),
        (f"zfs-load\tinsmod /lib/modules/{KERNEL}/extra/zfs/zfs.ko.xz", "zfs-load\tinstall /bin/false", {"modprobe"}),
        (f"zfs-load\tinsmod /lib/modules/{KERNEL}/extra/zfs/zfs.ko.xz", "zfs-load\t", {"modprobe"}),
        ("extra/zfs/zfs.ko.xz", "extra/zfs/spl.ko.xz", {"modprobe"}),
        ("unit\tzfs-mount.service enabled", "unit\tzfs-mount.service disabled", {"pools"}),
        ("unit\tzfs-import.target enabled", "unit\tzfs-import.target masked", {"pools"}),
        ("unit\tzfs-import-cache.service enabled\n", "", {"pools"}),
        ("end\t", "identity\t/etc/hostid\nend\t", {"identity"}),
        ("end\t", "timer-fault\t50-window.conf:2: Failed to parse calendar\nend\t", {"update-timer"}),
        ("zfs/spl.ko.xz", "zfs/spl.ko.xz\nzfs-load\tinstall /bin/false", {"modprobe"}),
        (f"{KERNEL}/extra/zfs/spl.ko.xz", "7.1.8/extra/zfs/spl.ko.xz", {"modprobe"}),
        ("zfs/spl.ko.xz", "zfs/spl.ko.xz spl_hostid=0x00bab10c", {"identity"}),
        ("timer-checked\tyes\n", "", {"update-timer"}),
        ("bootc\t/usr/bin/bootc\n", "", SERVICE),
        ("unit\tzfs-mount.service enabled", "unit\tzfs-mount.service static", {"pools"}),
        ("first-boot\tzfs-mount.service enabled", "first-boot\tzfs-mount.service disabled", {"first-boot"}),
        ("end\t", "foreign\t/usr\nend\t", {"modes"}),
        ("program\t/usr/sbin/tailscaled\n", "", {"commands"}),
        ("program\t/usr/bin/bootc\n", "", {"commands"}),
        ("folder-mode\t755 /usr", "folder-mode\t700 /usr", {"modes"}),
        ("folder-mode\t755 /etc", "folder-mode\t750 /etc", {"modes"}),
        ("folder-mode\t555 /", "folder-mode\t775 /", {"modes"}),
        ("folder-mode\t", "other\t", {"modes"}),
        ("file-mode\t644", "file-mode\t664", {"modes"}),
        ("file-mode\t644", "file-mode\t600", {"modes"}),
        ("unit\tzincati.service disabled", "unit\tzincati.service enabled", {"zincati.service"}),
        ("first-boot\tzincati.service disabled", "first-boot\tzincati.service enabled", {"first-boot"}),
        ("first-boot\ttailscaled.service enabled\n", "", {"first-boot"}),
        ("first-boot\tzincati.service disabled\n", "", set()),
        (f"{OSTREE}\n{IMAGE}", f"{OLDER}\n{IMAGE}", OTHER_RELEASE),
        (f"{OSTREE}\n{IMAGE}\n{OS}", f"{IMAGE}\n{OLDER}\n{OS}", OTHER_RELEASE),
        (f"{OSTREE}\n{IMAGE}\n{OS}", f"{IMAGE}\n{IMAGE}\n{OLDER} (CoreOS)", OTHER_RELEASE),
        (f"{OSTREE}\n{IMAGE}\n{OS}", f"{IMAGE}\n{IMAGE}\nos-version\t44 (CoreOS)", OTHER_RELEASE),
        (f"{OSTREE}\n{IMAGE}\n{OS}", f"os-version\tnull\n{IMAGE}\n{OS}", set()),
        (f"{OSTREE}\n{IMAGE}\n{OS}", f"{IMAGE}\n{IMAGE}\n{OS}", set()),
    ],
)
def test_each_promise_fails_alone_when_just_that_is_wrong(right: str, wrong: str, names: set[str]) -> None:
    """Only the check that names the fault fails."""
    assert right in GOOD
    assert faults(GOOD.replace(right, wrong)) - {"label-kernel-version", "lock-kernel-version"} == names


@pytest.mark.parametrize("label", ["kernel-version", "zfs-version", "fcos-version"])
@pytest.mark.parametrize("value", ["", "null", "9.9.9"])
def test_labels_must_equal_what_is_inside(label: str, value: str) -> None:
    """A label is compared with the facts inside, not with another label."""
    assert f"label-{label}" in faults(GOOD, LABELS | {f"custom-coreos.{label}": value})


def test_the_lock_is_compared_with_image_and_labels() -> None:
    """An image made from another Lock does not match."""
    other = dataclasses.replace(lock(), zfs_version=Version("2.4.3"), inputs="sha256:" + "d" * 64)
    failed = {check.name for check in inspect(ImageFacts.parse(GOOD, LABELS), NAME, [], other).failed}
    assert {"lock-zfs-version", "lock-custom-coreos.zfs-version", "lock-custom-coreos.inputs"} <= failed


@pytest.mark.parametrize("answer", ["", "kernel-tree\t7", GOOD.removesuffix("end\t"), "sh: not found"])
def test_an_answer_that_is_not_whole_is_an_error(answer: str) -> None:
    """A probe that stopped half-way proves nothing."""
    with pytest.raises(TaskError, match="could not be inspected"):
        ImageFacts.parse(answer, LABELS)


def test_every_fault_is_reported_at_once() -> None:
    """One run names everything that is wrong."""
    report = inspect(ImageFacts.parse("end\t", {}), NAME, ["a fault"])
    with pytest.raises(TaskError) as caught:
        report.require_kept("custom-coreos:stable")
    assert all(check.name in caught.value.why for check in report.failed)
    assert len(report.failed) > 10
