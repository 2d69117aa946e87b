"""Disks, partitions and LUKS volumes that stop the first boot or erase what boots."""

from typing import Any

import pytest

from tasks.model.install import devices
from tasks.model.install.impossible import impossible
from tasks.model.install.merged import Merged

BOOT = "/dev/disk/by-id/coreos-boot-disk"
ROOT = {"name": "root", "device": "/dev/disk/by-partlabel/root"}
SYSTEM = {"device": "/dev/mapper/root", "label": "root", "wipeFilesystem": True}


def merged(**storage: Any) -> Merged:
    return Merged({"storage": storage}, (), (), ())


def refused(**storage: Any) -> dict[str, str]:
    """Return each place that is refused, and why."""
    return {" ".join(each.path): each.why for each in impossible(merged(**storage))}


def warned(**storage: Any) -> dict[str, str]:
    return {" ".join(path): why for path, why in devices.cautions(merged(**storage))}


@pytest.mark.parametrize(
    ("device", "labels", "faults"),
    [(BOOT, [], 1), (BOOT, ["root"], 1), (BOOT, ["boot", "root"], 0), ("/dev/sdb", [], 0)],
)
def test_the_boot_disk_keeps_its_partitions(device: str, labels: list[str], faults: int) -> None:
    """Unless the config makes them again, as a mirror does."""
    systems = [{"device": f"/dev/{label}", "label": label} for label in labels]
    assert len(refused(disks=[{"device": device, "wipeTable": True}], filesystems=systems)) == faults
    assert not refused(disks=[{"device": device, "wipeTable": False}], filesystems=systems)


@pytest.mark.parametrize(
    ("disk", "systems", "words"),
    [
        (ROOT, [SYSTEM], "`wipe_volume: true`"), ({**ROOT, "wipeVolume": False}, [SYSTEM], "`wipe_volume: true`"),
        ({**ROOT, "device": "/dev/disk/by-label/root"}, [SYSTEM], "`wipe_volume: true`"),
        ({**ROOT, "wipeVolume": True}, [], "`label: root` and `wipe_filesystem: true`"),
        ({**ROOT, "wipeVolume": True}, [{**SYSTEM, "label": None}], "`label: root` and `wipe_filesystem: true`"),
        ({**ROOT, "wipeVolume": True}, [{**SYSTEM, "wipeFilesystem": False}], "`label: root` and"),
        ({**ROOT, "wipeVolume": True}, [SYSTEM], ""),
        ({"name": "root", "device": "/dev/md/md-root"}, [SYSTEM], ""),
        ({"name": "data", "device": "/dev/disk/by-partlabel/data"}, [], ""),
    ],
)  # fmt: skip
def test_an_encrypted_root_is_wiped_and_made_again(
    disk: dict[str, Any], systems: list[dict[str, Any]], words: str
) -> None:
    """Ignition stops at the old file system; Fedora CoreOS copies itself only into one that is labelled and wiped."""
    raid = [{"name": "md-root"}]
    found = refused(luks=[disk], filesystems=systems, raid=raid)
    assert list(found) == [f"storage luks[{disk['name']}]"] * bool(words)
    assert words in "".join(found.values())


def test_a_partition_that_is_new_holds_nothing() -> None:
    """Nobody can say then that Ignition stops at it."""
    for disk in ({"wipeTable": True}, {"partitions": [{"label": "root", "wipePartitionEntry": True}]}):
        assert not refused(luks=[ROOT], filesystems=[SYSTEM], disks=[{"device": "/dev/sda", **disk}])


@pytest.mark.parametrize(
    ("partition", "words"),
    [
        ({"number": 4, "label": "root", "sizeMiB": 16384}, "`resize: true`"),
        ({"number": 4, "sizeMiB": 0}, "`resize: true`"),
        ({"number": 4, "label": "root", "sizeMiB": 16384, "resize": True}, ""),
        ({"number": 4, "label": "root", "sizeMiB": 16384, "wipePartitionEntry": True}, ""),
        ({"number": 4, "label": "root"}, ""), ({"number": 5, "label": "var", "sizeMiB": 100}, ""),
        ({"label": "var", "sizeMiB": 0}, ""), ({"number": 3, "label": "boot", "sizeMiB": 384}, ""),
        ({"number": 4, "label": "var"}, "is `root`"), ({"number": 3, "label": "var"}, "is `boot`"),
        ({"number": 4, "label": "var", "shouldExist": False}, ""),
    ],
)  # fmt: skip
def test_a_partition_of_fedora_coreos_stays_as_it_is(partition: dict[str, Any], words: str) -> None:
    """Ignition stops at one that differs from what the config says."""
    found = refused(disks=[{"device": BOOT, "partitions": [{"label": "a", "number": 9}, partition]}])
    assert list(found) == [f"storage disks[{BOOT}] partitions[1]"] * bool(words)
    assert words in "".join(found.values())
    assert not refused(disks=[{"device": "/dev/sdb", "partitions": [partition]}])


CRYPT = {"name": "crypt-data", "device": "/dev/sdb"}
RAID = {"name": "data", "devices": ["/dev/sdb", "/dev/sdc"]}


@pytest.mark.parametrize(
    ("storage", "place", "words"),
    [
        ({"luks": [CRYPT], "filesystems": [{"device": "/dev/mapper/data"}]}, "filesystems[/dev/mapper/data] device",
         "luks makes /dev/mapper/crypt-data"),
        ({"filesystems": [{"device": "/dev/mapper/data"}]}, "filesystems[/dev/mapper/data] device", "storage.luks"),
        ({"raid": [RAID], "filesystems": [{"device": "/dev/md/md-data"}]}, "filesystems[/dev/md/md-data] device",
         "raid makes /dev/md/data"),
        ({"luks": [{"name": "x", "device": "/dev/md/data"}]}, "luks[x] device", "storage.raid"),
        ({"raid": [{"name": "x", "devices": ["/dev/sdb", "/dev/mapper/y"]}]}, "raid[x] devices[1]", "storage.luks"),
        ({"luks": [CRYPT], "filesystems": [{"device": "/dev/mapper/crypt-data"}]}, "", ""),
        ({"raid": [RAID], "filesystems": [{"device": "/dev/md/data"}]}, "", ""),
        ({"disks": [{"device": "/dev/mapper/mpatha"}], "filesystems": [{"device": "/dev/mapper/mpatha1"}]}, "", ""),
        ({"filesystems": [{"device": "/dev/md127"}, {"device": "/dev/sdb1"}]}, "", ""),
    ],
)  # fmt: skip
def test_a_device_that_nothing_makes_is_named(storage: dict[str, Any], place: str, words: str) -> None:
    """Ignition waits for it until the boot fails."""
    found = warned(**storage)
    assert list(found) == [f"storage {place}"] * bool(place)
    assert words in "".join(found.values())
    assert all("unless the machine has it already" in why for why in found.values())


@pytest.mark.parametrize(
    ("thumbprint", "is_wrong"),
    {
        "REPLACE-THIS-WITH-YOUR-TANG-THUMBPRINT": True, "": True, "x": True, "bV8aajlyN6sYqQ41lGqD4zlhe0": True,
        "bV8aajlyN6sYqQ41lGqD4zlhe0E": False, "U3p1bTpWq8vZ1Qx7kYf0aTn-1GQkzMZ5c_2bX0uJ8dE": False,
    }.items(),
)  # fmt: skip
def test_a_placeholder_is_no_thumbprint(thumbprint: str, is_wrong: bool) -> None:
    """Clevis would refuse the server, and the first boot stops."""
    tang = [{"url": "http://a", "thumbprint": each} for each in ("bV8aajlyN6sYqQ41lGqD4zlhe0E", thumbprint)]
    found = warned(luks=[{"name": "d", "device": "/dev/sdb", "clevis": {"tang": tang}}])
    assert list(found) == ["storage luks[d] clevis tang[1] thumbprint"] * is_wrong
    assert all("tang-show-keys" in why for why in found.values())


@pytest.mark.parametrize(
    ("kind", "layout"),
    {
        "8DA63339-0007-60C0-C436-083AC8230908": "aarch64", "9e1a2d38-c612-4316-aa26-8b49521e5a8b": "ppc64le",
        "21686148-6449-6e6f-744e-656564454649": "", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B": "",
    }.items(),
)  # fmt: skip
def test_a_disk_for_another_kind_of_machine_is_named(kind: str, layout: str) -> None:
    """The image is built for x86_64 only; butane makes the same for each disk of a mirror."""
    disks = [{"device": f"/dev/sd{letter}", "partitions": [{"label": letter}, {"typeGuid": kind}]} for letter in "ab"]
    found = warned(disks=disks)
    assert list(found) == ["storage disks[/dev/sda]"] * bool(layout)
    assert all(f"for {layout}" in why and "`layout: x86_64`" in why for why in found.values())


def test_parts_may_be_missing() -> None:
    """Ignition leaves out what is not set."""
    parts = {"luks": [{"name": "a"}], "disks": [{"device": "/dev/sda"}], "raid": [{"name": "b"}]}
    assert not warned(**parts)
    assert not refused(**parts)
