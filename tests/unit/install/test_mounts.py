"""Mounts that fail on the first boot, which is stock Fedora CoreOS."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install import mounts
from tasks.model.install.merged import Merged


def merged(config: dict[str, Any]) -> Merged:
    return Merged(config, (), (), ())


def refused(config: dict[str, Any]) -> list[str]:
    return [f"{' '.join(each.path)}: {each.why}" for each in mounts.impossible(merged(config))]


def warned(config: dict[str, Any]) -> list[str]:
    return [f"{' '.join(path)}: {why}" for path, why in mounts.cautions(merged(config))]


def unit(name: str, text: str, **more: object) -> dict[str, Any]:
    return {"name": name, "enabled": True, "contents": text, **more}


def text(where: str, what: str = "tank/data", kind: str = "zfs", install: str = "RequiredBy=local-fs.target") -> str:
    return f"[Mount]\nWhat={what}\nWhere={where}\nType={kind}\n[Install]\n{install}\n"


def units(*each: dict[str, Any]) -> dict[str, Any]:
    return {"systemd": {"units": list(each)}}


TANK = unit("var-tank.mount", text("/var/tank"))
WANTED = unit("var-tank.mount", text("/var/tank", install="WantedBy=multi-user.target"))
LINK = "/etc/systemd/system/local-fs.target.requires/var-tank.mount"
BIND = "[Mount]\nWhat=/var/tank/c\nWhere=/var/lib/c\nType=none\nOptions=bind\n[Install]\nRequiredBy=local-fs.target\n"


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (units(TANK), "var-tank"),
        (units(unit("var-tank.mount", text("/var/tank", "/dev/zvol/tank/v", "xfs"))), "var-tank"),
        (units({**WANTED, "dropins": [{"name": "a.conf", "contents": "[Install]\nRequiredBy=local-fs.target\n"}]}),
         "var-tank"),
        ({**units({**WANTED, "enabled": None}), "storage": {"links": [{"path": LINK, "target": "x"}]}}, "var-tank"),
        (units(WANTED, unit("var-lib-c.mount", BIND)), "var-lib-c"),
        (units({**WANTED, "enabled": False}, unit("var-lib-c.mount", BIND)), "var-lib-c"),
        (units(WANTED, unit("var-tank-a.mount", text("/var/tank/a", "/dev/sdb1", "xfs"))), "var-tank-a"),
        (units(unit("var-tank.mount", f"[Unit]\nRequires=systemd-fsck@a.service\n{text('/var/tank')}")), "var-tank"),
        (units(WANTED), ""), (units({**TANK, "enabled": False}), ""), (units({**TANK, "enabled": None}), ""),
        (units({**TANK, "mask": True}), ""), (units(unit("var-lib-c.mount", BIND)), ""),
        (units(unit("var-tank.mount", f"[Unit]\nConditionPathExists=/dev/zfs\n{text('/var/tank')}")), ""),
        (units(unit("var-a.mount", text("/var/a", "/dev/sdb1", "xfs"))), ""),
        (units(WANTED, unit("var-tankb.mount", text("/var/tankb", "/dev/sdb1", "xfs"))), ""),
        (units(unit("a.service", text("/var/tank"))), ""),
    ],
)  # fmt: skip
def test_a_mount_that_needs_openzfs_is_not_required(config: dict[str, Any], place: str) -> None:
    """Whatever local-fs.target requires must mount, or the first boot ends in emergency mode and never switches."""
    found = refused(config)
    assert [each.partition(".mount]: ")[0] for each in found] == [f"systemd units[{place}"] * bool(place)
    assert all("`WantedBy=multi-user.target`" in each for each in found)
    assert not warned(config)


def test_a_mount_in_a_file_counts_like_a_unit() -> None:
    """Only what the first boot enables, or a link requires, is required: a link of another target's is not."""
    name = "/etc/systemd/system/var-tank.mount"
    file = {"path": name, "contents": {"source": f"data:,{quote(text('/var/tank'))}"}}
    preset = {"path": "/etc/systemd/system-preset/0.preset", "contents": {"source": "data:,enable%20*"}}
    wants = LINK.replace("local-fs.target.requires", "multi-user.target.wants")
    for files, link, count in (([file], LINK, 1), ([file], wants, 0), ([file, preset], wants, 1)):
        config = {"storage": {"files": files, "links": [{"path": link, "target": name}]}}
        assert [each.partition(": ")[0] for each in refused(config)] == [f"storage files[{name}]"] * count


def test_what_needs_a_unit_of_openzfs_is_only_a_caution() -> None:
    """Systemd then does not start local-fs.target at all, and nobody knows what still works."""
    config = units(unit("var-tank.mount", f"[Unit]\nRequires=zfs-import.target\n{text('/var/tank')}"))
    assert not refused(config)
    (said,) = warned(config)
    assert "`WantedBy=multi-user.target`" in said
    needing = unit("var-tank.mount", f"[Unit]\nRequires=zfs-import.target\n{WANTED['contents']}")
    (said,) = warned(units(needing, unit("var-lib-c.mount", BIND)))
    assert said.startswith("systemd units[var-lib-c.mount]: ")
    config = fstab("tank/m /var/m zfs x-systemd.requires=zfs-import.target 0 0")
    assert not refused(config)
    (said,) = warned(config)
    assert "`nofail`" in said


def test_a_mount_unit_may_be_a_file() -> None:
    """The unit then only enables it."""
    file = {"path": "/etc/systemd/system/var-tank.mount", "contents": {"source": f"data:,{quote(text('/var/tank'))}"}}
    config = {**units({"name": "var-tank.mount", "enabled": True}), "storage": {"files": [file]}}
    assert len(refused(config)) == 1


def fstab(*lines: str) -> dict[str, Any]:
    written = "\n".join(("# mine", *lines, ""))
    return {"storage": {"files": [{"path": "/etc/fstab", "contents": {"source": f"data:,{quote(written)}"}}]}}


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (["tank/media /var/media zfs defaults 0 0"], "/var/media"), (["tank/media  /srv/media\tzfs"], "/var/srv/media"),
        (["/dev/zvol/tank/v /var/v xfs defaults 0 2"], "/var/v"),
        (["tank/m /var/m zfs nofail", "/var/m/a /var/a none bind"], "/var/a"),
        (["tank/m /var/m zfs nofail", "nas:/a /var/m/a nfs defaults"], ""),
        (["tank/media /var/media zfs defaults,nofail 0 0"], ""), (["tank/media /var/media zfs noauto 0 0"], ""),
        (["tank/media /var/media zfs x-systemd.automount 0 0"], ""), (["tank/media /var/media zfs _netdev"], ""),
        (["tank/media /var/media zfs x-systemd.wanted-by=multi-user.target"], ""),
        (["# tank/media /var/media zfs defaults 0 0", "x", ""], ""), (["/dev/sdb1 /home ext4 defaults 0 2"], ""),
        (["/dev/sdb1 none swap"], ""), (["LABEL=root / xfs defaults 0 1"], ""),
    ],
)  # fmt: skip
def test_a_line_of_fstab_needs_nofail(lines: list[str], where: str) -> None:
    """Systemd follows links in fstab, but it requires every line without that option."""
    found = refused(fstab(*lines))
    assert len(found) == bool(where)
    assert all(each.startswith(f"storage files[/etc/fstab]: {where} ") and "`nofail`" in each for each in found)
    assert not warned(fstab(*lines))


def test_a_line_of_fstab_needs_a_folder() -> None:
    """The image may bring it, so a line that is not required is only a caution."""
    (said,) = refused(fstab("/dev/sdb1 /tank ext4 defaults 0 2"))
    assert "Fedora CoreOS has no /tank" in said
    (said,) = warned(fstab("/dev/sdb1 /tank ext4 nofail 0 2"))
    assert "ship that one in overlay-root" in said


def test_a_fstab_line_is_below_a_unit_s_pool() -> None:
    """And the other way round."""
    assert len(refused({**units(WANTED), **fstab("/var/tank/a /var/a none bind 0 0")})) == 1
    assert len(refused({**units(unit("var-lib-c.mount", BIND)), **fstab("tank /var/tank zfs nofail 0 0")})) == 1


@pytest.mark.parametrize(
    ("where", "instead"),
    {
        "/home": "var-home.mount, with Where=/var/home", "/mnt/backup": "Where=/var/mnt/backup",
        "/srv/a-b": r"var-srv-a\x2db.mount, with Where=/var/srv/a-b", "/opt/a": "Where=/var/opt/a",
        "/root/a": "Where=/var/roothome/a", "/media/usb": "Where=/run/media/usb", "/mnt/": "Where=/var/mnt",
        "/usr/local/a": "Where=/var/usrlocal/a", "/var/mnt/a": "",
        "/mntx/a": "Fedora CoreOS has no /mntx", "/boot/a": "", "/etc/a": "",
    }.items(),
)  # fmt: skip
def test_no_mount_goes_through_a_link(where: str, instead: str) -> None:
    """Systemd refuses it; whatever local-fs.target requires then stops the boot."""
    required = units(unit("a.mount", text(where, "/dev/sdb1", "xfs")))
    wanted = units(unit("a.mount", text(where, "nas:/a", "nfs", "WantedBy=remote-fs.target")))
    assert (len(refused(required)), len(warned(required))) == (bool(instead), 0)
    assert (len(refused(wanted)), len(warned(wanted))) == (0, bool(instead))
    assert all(instead in each for each in (*refused(required), *warned(wanted)))


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "/data": "use /var", "/usr/x": "read-only", "/mnt/a": "use /var/mnt/a", "/home": "use /var/home",
        "/srv/a": "use /var/srv/a", "/var/mnt/a": "", "/": "", None: "", "/boot": "",
    }.items(),
)  # fmt: skip
def test_a_mount_point_must_be_possible_too(path: str | None, words: str) -> None:
    """Nothing can make it, or Ignition refuses the link; only what has a format is mounted by Ignition."""
    system = {"device": "/dev/sdb", "path": path, "format": "xfs"}
    found = refused({"storage": {"filesystems": [system]}})
    assert [each.partition(": ")[0] for each in found] == ["storage filesystems[/dev/sdb] path"] * bool(words)
    assert words in "".join(found)
    for kind in (None, "none", "swap"):
        without = refused({"storage": {"filesystems": [{**system, "format": kind}]}})
        assert len(without) == (words in ("use /var", "read-only"))


def test_a_mount_point_is_named_once() -> None:
    """Butane makes the unit from the file system."""
    config = units(unit("mnt-a.mount", text("/mnt/a", "/dev/sdb", "xfs")))
    config["storage"] = {"filesystems": [{"device": "/dev/sdb", "path": "/mnt/a", "format": "xfs"}]}
    assert len(refused(config)) == 1
    assert not warned(config)
