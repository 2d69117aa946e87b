"""Users and groups that the programs of the first boot refuse, or that cannot log in."""

from typing import Any

import pytest

from tasks.model.install.login import owners, users
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import ED25519, warned

CORE = {"name": "core"}


def merged(people: list[dict[str, Any]], groups: list[dict[str, Any]] | None = None, *remote: str) -> Merged:
    return Merged({"passwd": {"users": people, "groups": groups or []}}, remote, (), ())


def refused(people: list[dict[str, Any]], groups: list[dict[str, Any]] | None = None) -> dict[str, str]:
    """Return each place that is refused, and why."""
    return {" ".join(each.path): each.why for each in users.impossible(merged(people, groups))}


def test_a_user_or_group_needs_a_name() -> None:
    """A dash too many makes two entries of one, and the second has none."""
    found = refused([CORE, {"name": "", "sshAuthorizedKeys": [ED25519]}], [{"name": "", "gid": 1500}])
    assert list(found) == ["passwd users[1]", "passwd groups[0]"]
    assert all("has no name" in why and "dash" in why for why in found.values())


@pytest.mark.parametrize(
    ("name", "refuses"),
    {
        "jürgen": True, "1000": True, "a b": True, "-a": True, "a:b": True, ".": True, "..": True, "a/b": True,
        "a@b": True, "Anna.B": False, "a-b_c": False, "0a": False, "machine$": False, "a$b": True, "_a": False,
    }.items(),
)  # fmt: skip
def test_a_name_has_only_letters_that_useradd_takes(name: str, refuses: bool) -> None:
    """Fedora's useradd and groupadd take the same."""
    assert bool(refused([{"name": name}])) == refuses
    assert bool(refused([], [{"name": name}])) == refuses
    assert not refused([{"name": name, "shouldExist": False}], [{"name": name, "shouldExist": False}])


MEDIA = {"name": "media"}


@pytest.mark.parametrize(
    ("people", "groups", "place"),
    [
        ([MEDIA], [MEDIA], "passwd users[media]"), ([{**MEDIA, "system": True}], [MEDIA], "passwd users[media]"),
        ([CORE], [CORE], "passwd users[core]"), ([], [CORE], "passwd groups[core]"),
        ([{**MEDIA, "primaryGroup": "media"}], [MEDIA], ""), ([{**MEDIA, "noUserGroup": True}], [MEDIA], ""),
        ([MEDIA], [{**MEDIA, "shouldExist": False}], ""), ([{**MEDIA, "shouldExist": False}], [MEDIA], ""),
        ([{**CORE, "shouldExist": False}], [CORE], ""), ([{"name": "root"}], [{"name": "root"}], ""),
    ],
)  # fmt: skip
def test_a_user_cannot_have_a_group_of_its_name_made_before(
    people: list[dict[str, Any]], groups: list[dict[str, Any]], place: str
) -> None:
    """Ignition makes groups first, and useradd then refuses to make the same group."""
    found = refused(people, groups)
    assert list(found) == [place] * bool(place)
    assert all("primary_group: " in why for why in found.values())


@pytest.mark.parametrize(
    ("person", "warns"),
    [
        ({"name": "docker"}, True), ({"name": "render"}, True), ({"name": "docker", "noUserGroup": True}, False),
        ({"name": "docker", "primaryGroup": "docker"}, False), ({"name": "docker", "shouldExist": False}, False),
        ({"name": "root"}, False), (CORE, False), ({"name": "ann"}, False),
    ],
)  # fmt: skip
def test_a_user_cannot_have_the_name_of_a_stock_group(person: dict[str, Any], warns: bool) -> None:
    """Useradd would make its own group, which is there."""
    found = [" ".join(path) for path, why in users.cautions(merged([person])) if "primary_group" in why]
    assert found == [f"passwd users[{person['name']}]"] * warns


def with_uid(name: str, uid: int, **more: object) -> dict[str, Any]:
    return {"name": name, "uid": uid, **more}


@pytest.mark.parametrize(
    ("people", "whose"),
    [
        ([with_uid("alice", 1000)], "core"), ([CORE, with_uid("alice", 1000)], "core"),
        ([with_uid("alice", 1000), CORE], "core"), ([with_uid("alice", 0)], "root"),
        ([with_uid("a", 1005), with_uid("alice", 1005)], "a"), ([{"name": "bob"}, with_uid("alice", 1001)], "bob"),
        ([with_uid("a", 2000), {"name": "bob"}, with_uid("alice", 2001)], "bob"),
        ([with_uid("core", 1500), with_uid("alice", 1500)], "core"),
        ([with_uid("core", 1001), with_uid("alice", 1000)], ""), ([with_uid("core", 1000)], ""),
        ([{**CORE, "shouldExist": False}, with_uid("alice", 1000)], ""),
        ([with_uid("alice", 1001), {"name": "bob"}], ""),
        ([{"name": "s", "system": True}, with_uid("alice", 1001)], ""),
        ([with_uid("alice", 1000, shouldExist=False)], ""), ([with_uid("root", 0)], ""),
    ],
)  # fmt: skip
def test_a_uid_is_given_once(people: list[dict[str, Any]], whose: str) -> None:
    """Fedora CoreOS makes core first; each user without a uid takes the one after the highest."""
    found = refused(people)
    assert list(found) == ["passwd users[alice] uid"] * bool(whose)
    assert all(f"uid {people[-1].get('uid', 1000)} is {whose}'s" in why for why in found.values())


@pytest.mark.parametrize(
    ("groups", "whose"),
    [
        ([{"name": "a", "gid": 2000}, {"name": "b", "gid": 2000}], "a"), ([{"name": "b", "gid": 100}], "users"),
        ([{"name": "a", "gid": 2000}, {"name": "b", "gid": 2001}], ""), ([{"name": "a"}, {"name": "b"}], ""),
        ([{"name": "a", "gid": 2000, "shouldExist": False}, {"name": "b", "gid": 2000}], ""),
        ([{"name": "wheel", "gid": 10}], ""),
    ],
)  # fmt: skip
def test_a_gid_is_given_once(groups: list[dict[str, Any]], whose: str) -> None:
    """Groupadd refuses one that another group has."""
    found = refused([], groups)
    assert list(found) == ["passwd groups[b] gid"] * bool(whose)
    assert all(f"is the group {whose}'s" in why for why in found.values())


def test_ids_that_a_fetched_config_may_change_are_not_refused() -> None:
    """It may remove core, or give the user another primary group."""
    people, groups = [with_uid("alice", 1000), MEDIA], [MEDIA]
    assert not list(users.impossible(merged(people, groups, "https://a/b")))
    assert list(users.impossible(merged([{"name": ""}], [], "https://a/b")))


@pytest.mark.parametrize(
    ("shell", "words"),
    {
        "bash": "whole path", "zsh": "whole path", "/bin/bash": "", "/usr/bin/bash": "", "/bin/sh": "", "": "",
        "/sbin/nologin": "", "/usr/bin/git-shell": "", "/usr/local/bin/zsh": "", "*": "",
    }.items(),
)  # fmt: skip
def test_a_shell_has_its_whole_path(shell: str, words: str) -> None:
    """Useradd refuses any other."""
    found = refused([{**CORE, "shell": shell}])
    assert list(found) == ["passwd users[core] shell"] * bool(words)
    assert words in "".join(found.values())


@pytest.mark.parametrize(
    ("shell", "missing"),
    {"/usr/bin/zsh": True, "/bin/fish": True, "/bin/bash": False, "/usr/local/bin/zsh": False, "": False}.items(),
)
def test_a_shell_that_stock_fedora_coreos_lacks_keeps_a_user_out(shell: str, missing: bool) -> None:
    """Its sshd refuses a user without a shell, so nobody sees why the machine does not switch."""
    said = warned({"passwd": {"users": [{**CORE, "shell": shell, "sshAuthorizedKeys": [ED25519]}]}})
    assert [f"stock Fedora CoreOS has no {shell}, so core cannot log in" in why for why in said] == [True] * missing
    removed = {**CORE, "shell": shell, "shouldExist": False}
    assert not any("stock Fedora CoreOS" in why for why in warned({"passwd": {"users": [removed]}}))


@pytest.mark.parametrize(
    ("people", "groups", "place", "words"),
    [
        ([{**CORE, "groups": ["sudo", "video"]}], [], "users[core] groups[1]", "usermod -aG video core"),
        ([{"name": "bob", "groups": ["render"]}], [], "users[bob] groups[0]", "grep ^render: /usr/lib/group"),
        ([], [{"name": "render"}], "groups[render]", "leave it out"),
        ([{**CORE, "groups": ["render"]}], [{"name": "render"}], "groups[render]", "leave it out"),
        ([{**CORE, "groups": ["adm", "docker", "root", "sudo", "systemd-journal", "wheel"]}], [], "", ""),
        ([{**CORE, "primaryGroup": "video"}], [], "", ""), ([{"name": "bob", "groups": ["core"]}], [], "", ""),
        ([], [{"name": "docker"}], "", ""), ([{"name": "root", "groups": ["video"]}], [], "", ""),
        ([{**CORE, "groups": ["video"], "shouldExist": False}], [{"name": "kvm", "shouldExist": False}], "", ""),
    ],
)  # fmt: skip
def test_a_user_joins_only_groups_of_etc(
    people: list[dict[str, Any]], groups: list[dict[str, Any]], place: str, words: str
) -> None:
    """Useradd reads no other file (fedora-coreos-tracker#1955); files may belong to a group of /usr/lib/group."""
    found = list(owners.unknown(merged(people, groups)))
    assert [" ".join(path) for path, _ in found] == [f"passwd {place}"] * bool(place)
    assert words in "".join(why for _, why in found)
