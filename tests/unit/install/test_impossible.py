"""What Fedora CoreOS cannot do on its first boot, though the config is valid."""

from typing import Any

import pytest

from tasks.model.install.impossible import doubtful, impossible
from tasks.model.install.login import owners
from tasks.model.install.merged import Merged


def merged(config: dict[str, Any]) -> Merged:
    return Merged(config, (), (), ())


def reasons(config: dict[str, Any]) -> str:
    """Return why a config cannot boot, in one text."""
    return "; ".join(each.why for each in impossible(merged(config)))


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "/backups": "use /var", "/backups/a/b": "use /var", "/data": "use /var",
        "/usr/share/a": "/usr is read-only", "/usr/bin/x": "/usr is read-only", "/bin/x": "/usr is read-only",
        "/lib/systemd/system/x": "/usr is read-only", "/usr": "/usr is read-only",
        "/usr/local/bin/x": "", "/etc/x": "", "/var/x": "", "/opt/x": "", "/home/core/x": "", "/root/x": "",
        "/srv/x": "", "/mnt/tank": "", "/boot/x": "",
        "/tmp/x": "holds nothing",  # noqa: S108  (that is refused)
        "/run/a/b": "/run holds", "/sys/x": "/sys holds", "/proc/sys/x": "/proc holds",
        "/dev/x": "/dev holds", "/sysroot/x": "/sysroot holds", "/ostree/x": "/ostree holds",
    }.items(),
)  # fmt: skip
@pytest.mark.parametrize("kind", ["files", "directories", "links"])
def test_what_fedora_coreos_cannot_make_is_a_fault(kind: str, path: str, words: str) -> None:
    """Ignition stops there on the first boot."""
    found = list(impossible(merged({"storage": {kind: [{"path": path}]}})))
    assert len(found) == bool(words)
    assert words in "".join(each.why for each in found)


@pytest.mark.parametrize(
    ("kind", "path", "faults"),
    [("files", "/etc/a/b", 1), ("files", "/etc/a/b/c", 1), ("links", "/etc/a", 1), ("directories", "/etc/a", 1),
     ("files", "/etc/ab", 0), ("directories", "/etc", 0), ("links", "/etc/b", 0)],
)  # fmt: skip
def test_nothing_can_be_made_where_a_file_is(kind: str, path: str, faults: int) -> None:
    """Ignition only refuses links on the way."""
    config = {"storage": {kind: [{"path": path}]}}
    config["storage"]["files"] = [*config["storage"].get("files", []), {"path": "/etc/a"}]
    assert [each.path for each in impossible(merged(config))] == [("storage", "files[/etc/a]")] * faults


WITH = {"contents": {"source": "data:,x"}}
TAKEN = "add `overwrite: true`"


@pytest.mark.parametrize(
    ("kind", "item", "words"),
    [
        ("files", {"path": "/etc/hosts", **WITH}, TAKEN),
        ("files", {"path": "/etc/./chrony.conf", **WITH}, TAKEN),
        ("files", {"path": "/etc/exports", **WITH}, TAKEN),
        ("files", {"path": "/etc/environment", **WITH}, TAKEN),
        ("files", {"path": "/etc/motd", **WITH}, TAKEN),
        ("files", {"path": "/etc/motd.d/a", **WITH}, ""),
        ("files", {"path": "/etc/ssh/sshd_config", "contents": {"source": ""}}, TAKEN),
        ("links", {"path": "/etc/chrony.conf", "target": "/etc/a"}, TAKEN),
        ("directories", {"path": "/etc/hosts"}, TAKEN),
        ("files", {"path": "/etc/hosts", **WITH, "overwrite": True}, ""),
        ("files", {"path": "/etc/hosts", "append": [WITH["contents"]], "contents": {"source": None}}, ""),
        ("files", {"path": "/etc/chrony.conf", "mode": 384}, ""),
        ("files", {"path": "/etc/hostname", **WITH}, ""),
        ("files", {"path": "/etc/ssh/sshd_config.d/10-a.conf", **WITH}, ""),
        ("links", {"path": "/etc/localtime", "target": "../usr/share/zoneinfo/Europe/Berlin"}, ""),
    ],
)
def test_what_fedora_coreos_ships_is_only_replaced_on_purpose(kind: str, item: dict[str, Any], words: str) -> None:
    """Ignition stops with "a file exists there already"; what only appends or sets a mode is no replacement."""
    assert words in reasons({"storage": {kind: [item]}})
    assert bool(reasons({"storage": {kind: [item]}})) == bool(words)


@pytest.mark.parametrize(
    ("kind", "item", "words"),
    [
        ("files", {"path": "/etc/sysconfig/nftables.conf", **WITH}, TAKEN),
        ("files", {"path": "/etc/modprobe.d/blacklist-nouveau.conf", **WITH}, TAKEN),
        ("links", {"path": "/etc/resolv.conf", "target": "/etc/a"}, TAKEN),
        ("files", {"path": "/etc/resolv.conf", **WITH, "overwrite": True}, ""),
        ("files", {"path": "/etc/sysconfig/nftables.conf", "append": [WITH["contents"]]}, ""),
        ("files", {"path": "/etc/hosts", **WITH}, ""),
    ],
)
def test_what_fedora_coreos_may_ship_is_a_caution(kind: str, item: dict[str, Any], words: str) -> None:
    """Nobody knows for how long it ships these."""
    found = list(doubtful(merged({"storage": {kind: [item]}})))
    assert [" ".join(path) for path, _ in found] == [f"storage {kind}[{item['path']}]"] * bool(words)
    assert all(words in why and "probably" in why for _, why in found)


BOB = {"name": "bob"}


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({"storage": {"files": [{"path": "/a", "user": BOB}]}}, "storage files[/a] user name"),
        ({"storage": {"directories": [{"path": "/a", "group": BOB}]}}, "storage directories[/a] group name"),
        ({"passwd": {"users": [{"name": "core", "groups": ["docker", "libvirt"]}]}}, "passwd users[core] groups[1]"),
        ({"passwd": {"users": [{"name": "core", "primaryGroup": "x"}]}}, "passwd users[core] primaryGroup"),
        ({"passwd": {"users": [{**BOB, "shouldExist": False}]}, "storage": {"files": [{"path": "/a", "user": BOB}]}},
         "storage files[/a] user name"),
        ({"passwd": {"users": [{**BOB, "noUserGroup": True}]}, "storage": {"files": [{"path": "/a", "group": BOB}]}},
         "storage files[/a] group name"),
        ({"passwd": {"users": [BOB]}, "storage": {"files": [{"path": "/a", "user": BOB, "group": BOB}]}}, ""),
        ({"passwd": {"groups": [BOB], "users": [{"name": "core", "groups": ["bob", "sudo"]}]}}, ""),
        ({"storage": {"links": [{"path": "/a", "user": {"name": "core", "id": None}, "group": {"name": "tss"}}]}}, ""),
        ({"storage": {"files": [{"path": "/a", "user": {"id": 1001}}]}}, ""),
    ],
)  # fmt: skip
def test_a_name_that_nobody_makes_is_named(config: dict[str, Any], place: str) -> None:
    """Ignition stops at it; the config or Fedora CoreOS must have that user or group."""
    assert [" ".join(path) for path, _ in owners.unknown(merged(config))] == [place] * bool(place)


def test_a_fetched_config_may_make_the_name() -> None:
    """Nobody can say that from here."""
    config = {"storage": {"files": [{"path": "/a", "user": BOB}]}}
    ((_, why),) = owners.unknown(Merged(config, ("https://a/b",), (), ()))
    assert "unless the config from https://a/b does" in why
