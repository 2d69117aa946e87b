"""Files that keep OpenZFS out of the kernel; each rule was tried with kmod's own modprobe."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.merged import Merged
from tasks.model.install.modules import kept_out

RULES = "/etc/modprobe.d/z.conf"
LIST = "/etc/modules-load.d/zfs.conf"


def places(files: dict[str, str], **storage: object) -> list[str]:
    """Return the last part of each file's place."""
    items = [{"path": path, "contents": {"source": f"data:,{quote(text)}"}} for path, text in files.items()]
    return [place[-1] for place in kept_out(Merged({"storage": {"files": items, **storage}}, (), (), ()))]


@pytest.mark.parametrize(
    "rules",
    [
        "blacklist zfs", "blacklist\tzfs   # for now", "  blacklist zfs more", "blacklist \\\nzfs\n",
        "a\nblacklist zfs\nb",
        "install zfs /bin/false", "install spl /bin/false", "install  zfs\t/bin/true", "\tinstall zfs /bin/true",
        "install zf* /bin/false", "install zf\\\ns /bin/false", "install zfs /usr/bin/sh -c 'exit 1'",
        "alias zfs off", "alias z* off", " # x\nblacklist zfs",
    ],
)  # fmt: skip
def test_a_rule_that_keeps_openzfs_out_is_found(rules: str) -> None:
    """Whatever stands between its words, with continued lines and patterns."""
    assert places({RULES: rules}) == [f"files[{RULES}]"]
    assert places({"/usr/local/lib/modprobe.d/z.conf": rules})
    assert places({"/etc/modprobe.d/z.txt": rules, "/etc/other/z.conf": rules}) == []


@pytest.mark.parametrize(
    "rules",
    [
        "", "options zfs zfs_arc_max=1", "blacklist nouveau", "blacklist zfsx", "blacklist z?s",
        "blacklist spl",  # zfs loads what it needs all the same
        "alias spl off", "alias zfs zfs", "install ZFS /bin/true", "install zfs", "BLACKLIST zfs",
        "softdep zfs pre: nope",
        "remove zfs /bin/true", "# blacklist zfs", "# a \\\nblacklist zfs", "options zfs a=1 \\\nblacklist zfs",
        "install zfs /sbin/modprobe --ignore-install zfs", "install zfs /usr/local/bin/load-zfs",
    ],
)  # fmt: skip
def test_a_rule_with_which_openzfs_loads_passes(rules: str) -> None:
    """The module is loaded, and the one that it needs."""
    assert places({RULES: rules}) == []


def test_the_list_of_modules_must_name_zfs() -> None:
    """The image has one with that name; another list may name it instead."""
    assert places({LIST: "br_netfilter\n"}) == [f"files[{LIST}]"]
    assert places({LIST: " zfs\n"}) == []
    assert places({LIST: "", "/etc/modules-load.d/tank.conf": "zfs\n"}) == []
    assert places({"/etc/modules-load.d/tank.conf": "br_netfilter\n"}) == []


def test_a_link_counts_like_a_file() -> None:
    """What the machine fetches is not known here."""
    linked: Any = [{"path": LIST, "target": "/dev/null"}, {"path": RULES, "target": "../zfs-rules"}]
    assert places({"/etc/zfs-rules": "blacklist zfs"}, links=linked) == [f"links[{RULES}]", f"links[{LIST}]"]
    fetched: Any = {"storage": {"files": [{"path": LIST, "contents": {"source": "https://a/b"}}]}}
    assert list(kept_out(Merged(fetched, (), (), ()))) == []
