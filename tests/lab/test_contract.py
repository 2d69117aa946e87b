"""Each promise of the contract fails on an image that breaks only that promise; each fatal lint fails the build."""

import json
import re

import pytest

from tasks.model.lock import checksum
from tests.lab.conftest import Clone, assert_three_lines, checked
from tests.lab.derived import derived, verified

KERNEL = "7.1.9-200.fc44.x86_64"
MODULES = f"/usr/lib/modules/{KERNEL}"
WRONG = {
    "kernel-tree": "mkdir /usr/lib/modules/6.1.0-1.fc44.x86_64",
    "kernel-files": f"rm {MODULES}/vmlinuz {MODULES}/initramfs.img",
    "zfs-module": f"find {MODULES} -name zfs.ko -delete",
    "spl-module": f"find {MODULES} -name spl.ko -delete",
    "zfs-indexed": f"sed -i /zfs.ko/d {MODULES}/modules.dep && rm {MODULES}/modules.dep.bin",
    "spl-indexed": f"rm {MODULES}/modules.dep*",
    "zfs-vermagic": f"sed -i s/vermagic=7.1.9/vermagic=7.1.8/ {MODULES}/extra/zfs/zfs.ko",
    "spl-vermagic": f"sed -i s/vermagic=7.1.9/vermagic=7.1.8/ {MODULES}/extra/zfs/spl.ko",
    "zfs-packages": "rpm -e --nodeps libzfs6",
    "files": "rm /usr/sbin/tailscaled",
    "modprobe": "mkdir -p /usr/lib/modprobe.d && echo 'install zfs /bin/false' > /usr/lib/modprobe.d/x.conf",
    "pools": "sed -i /zfs-mount/d /usr/lib/systemd/system-preset/50-zfs.preset && systemctl disable zfs-mount",
    "identity": "printf '\\001\\002\\003\\004' > /etc/hostid",
    "kernel-arguments": "mkdir -p /usr/lib/bootc/kargs.d && echo 'kargs = 7' > /usr/lib/bootc/kargs.d/x.toml",
    "boot": "ln -sfn /usr/lib/systemd/system/rescue.target /etc/systemd/system/default.target",
    "commands": "chmod 644 /usr/bin/bootc",
    "update-timer": "sed -i 's/^OnCalendar=.*/OnCalendar=25:00/' "
    "/usr/lib/systemd/system/bootc-fetch-apply-updates.timer.d/50-window.conf",
    "update-service": "ln -s /dev/null /etc/systemd/system/bootc-fetch-apply-updates.service",
    "updaters": "mkdir -p /etc/systemd/system/multi-user.target.wants && ln -s"
    " /usr/lib/systemd/system/bootc-fetch-apply-updates.service /etc/systemd/system/multi-user.target.wants/",
    "package-tailscale": "rpm -e --nodeps tailscale",
    "tailscaled.service": "systemctl disable tailscaled.service",
    "modules-load": "echo '#zfs' > /etc/modules-load.d/zfs.conf",
    "zfs-units": "systemctl disable zfs-mount.service",
    "left-behind": "mkdir /var/lib/pcp",
    "bootc-fetch-apply-updates.timer": "systemctl disable bootc-fetch-apply-updates.timer",
    "zincati.service": "systemctl enable zincati.service",
    "first-boot": "rm /usr/lib/systemd/system-preset/10-custom-coreos.preset",
    "host-policy": "mkdir -p /etc/pki/cosign && echo key > /etc/pki/cosign/cosign.pub",
    "modes": "chmod 700 /usr",
    "label-fcos-version": "sed -i s/20261110/20261103/ /usr/lib/os-release",
}
QUICK = {"zfs-vermagic", "zfs-packages", "update-service", "left-behind", "host-policy"}  # the others are for --full
LABELS = {f"label-{name}": f"custom-coreos.{name}" for name in ("kernel-version", "zfs-version", "fcos-version")}
LINTS = {
    "var-run": "rm /var/run && mkdir /var/run",
    "etc-usretc": "mkdir /usr/etc",
    "bootc-kargs": "mkdir -p /usr/lib/bootc/kargs.d && echo 'kargs = 7' > /usr/lib/bootc/kargs.d/x.toml",
    "kernel": "mkdir /usr/lib/modules/6.1.0-1.fc44.x86_64 && touch /usr/lib/modules/6.1.0-1.fc44.x86_64/vmlinuz",
    "utf8": "touch /usr/share/$(printf 'caf\\351')",
    "api-base-directories": "rmdir /tmp || { rm -rf /tmp; }",
    "baseimage-root": "rm /ostree",
}


@pytest.mark.parametrize(
    "checks", [QUICK, pytest.param(WRONG.keys() - QUICK, marks=pytest.mark.full)], ids=["few", "many"]
)
def test_a_promise_fails_where_just_that_is_wrong(built: Clone, checks: set[str]) -> None:
    """The check of that name reports it; one image is made wrong for each check."""
    for check, faults in zip(checks, verified(built, [WRONG[check] for check in checks]), strict=True):
        assert check in faults


def test_an_image_that_breaks_a_promise_is_refused(built: Clone) -> None:
    """The exit status is 1, and the error has every fault."""
    done = built.lab(f"{derived('RUN mkdir /var/lib/pcp')} > /dev/null && inv verify localhost/wrong --json")
    faults = [row for row in checked(done.stdout, "verify")["checks"] if row["fault"]]
    assert faults
    assert_three_lines(done, *(f"{row['name']}: {row['fault']}" for row in faults))


RELEASES: dict[str, set[str]] = {
    "/^OSTREE_VERSION=/d": set(),
    "s/^OSTREE_VERSION=.*/IMAGE_VERSION='44.20261110.3.0'/; s/^VERSION=.*/VERSION='44 (CoreOS)'/": set(),
    "s/^OSTREE_VERSION=.*/IMAGE_VERSION='44.20261103.3.0'/": {"label-fcos-version"},
    "/^OSTREE_VERSION=/d; /^VERSION=/d": {"label-fcos-version"},
}


@pytest.mark.full
def test_the_release_is_read_from_what_os_release_still_says(built: Clone) -> None:
    """It takes IMAGE_VERSION if OSTREE_VERSION is missing, else VERSION, and ignores the image's environment."""
    steps = [f'sed -i "{edit}" /usr/lib/os-release\nENV OSTREE_VERSION=44.20261103.3.0' for edit in RELEASES]
    assert [faults.keys() for faults in verified(built, steps)] == list(RELEASES.values())


def test_a_label_that_says_something_else_fails(built: Clone) -> None:
    """Labels are compared with the facts inside, and the Lock with both."""
    steps = [f"true\nLABEL {label}=9.9.9" for label in LABELS.values()]
    expected = [{check, f"lock-{label}"} for check, label in LABELS.items()]
    assert [faults.keys() for faults in verified(built, steps, "--lock everyday.lock.json")] == expected


def test_a_fatal_lint_fails_the_build(built: Clone) -> None:
    """The last step of the Containerfile refuses such an image."""
    last = 'RUN ["bootc", "container", "lint"]'
    builds = [derived(f"RUN {spoil}\n{last}") for spoil in LINTS.values()]
    done = built.lab("".join(f"{build}; echo status $?; " for build in builds))
    assert "status 0" not in done.stdout
    assert re.findall(r"Failed lint: ([\w-]+)", done.stderr) == list(LINTS)


def test_every_promise_of_the_contract_is_broken_once_here(built: Clone) -> None:
    """This test fails if a new check has no image that breaks it."""
    names = {
        row["name"] for row in checked(built.lab("inv verify custom-coreos:stable --json").stdout, "verify")["checks"]
    }
    assert names == {*WRONG, *LABELS, "label-keys"}


def test_a_label_must_name_the_keys_that_the_image_trusts(built: Clone) -> None:
    """`promote` reads it to know whether machines take the next image."""
    derived_image = derived(f"LABEL custom-coreos.keys=sha256:{'0' * 64}")
    done = built.lab(f"{derived_image} > /dev/null && inv verify localhost/wrong --json")
    assert {row["name"] for row in checked(done.stdout, "verify")["checks"] if row["fault"]} == {"label-keys"}


OTHER = {
    "fcos-version": ("44.20261110.3.0", "44.20261103.3.0"),
    "kernel-version": ("7.1.9-200", "7.1.8-200"),
    "zfs-version": ('"2.4.4"', '"2.4.3"'),
    "custom-coreos.kmods": ("kmods@sha256:....", "kmods@sha256:0000"),
    "custom-coreos.packages": ("tailscale", "headscale"),
    "custom-coreos.inputs": ('inputs": "sha256:....', 'inputs": "sha256:0000'),
    "org.opencontainers.image.base.digest": ("coreos@sha256:....", "coreos@sha256:0000"),
    "org.opencontainers.image.revision": ('revision": "', 'revision": "0'),
}


def test_an_image_from_another_lock_is_told(built: Clone) -> None:
    """The error names the difference from each Lock. An edited one is refused before, unless its checksum fits."""
    whole = (built.path / "everyday.lock.json").read_text()
    for number, edit in enumerate(OTHER.values()):
        edited = re.sub(*edit, whole)
        document = json.loads(edited)
        del document["checksum"]
        (built.path / f"edited-{number}.json").write_text(edited)
        (built.path / f"other-{number}.json").write_text(json.dumps(document | {"checksum": checksum(document)}))
    verify = "inv verify custom-coreos:stable --lock"
    each = f"for n in {' '.join(map(str, range(len(OTHER))))}; do {verify} {{}}-$n.json; echo status $?; done"
    refused, told = built.lab(each.format("edited")), built.lab(each.format("other"))
    assert refused.stdout.count("status 1\n") == told.stdout.count("status 1\n") == len(OTHER)
    form = r"edited-(\d)\.json is not a Lock\n  why: .*somebody has edited the file\n  next: "
    assert re.findall(form, refused.stderr) == [str(number) for number in range(len(OTHER))]
    for field, why in zip(OTHER, re.findall("  why: (.*)", told.stderr), strict=True):
        assert f"lock-{field}: the Lock says" in why


def test_an_image_that_is_not_there_is_named(clone: Clone) -> None:
    """The error says what to do next."""
    done = clone.lab("inv verify nothing:here", "waiting")
    assert done.returncode == 1
    assert "there is no image nothing:here" in done.stderr
    assert "./inv build" in done.stderr
