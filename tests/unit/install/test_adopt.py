"""Adopting the repository for somebody else."""

import json
import re
from difflib import SequenceMatcher
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import TaskError
from tasks.model.install import adopt
from tasks.model.install.butane import source_lines, yaml_text
from tasks.model.install.login import logins
from tests.builders.butane_text import BUTANE

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"


HOSTNAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
SEVERAL = [KEY, *(f"ssh-ed25519 {KEY.split()[1][:-4]}{end}" for end in ("MDE0 me", "MDE1 you@there", "MDE2 a: b #c"))]
KEYS = st.lists(st.sampled_from(SEVERAL), max_size=3, unique=True)


@given(KEYS, HOSTNAMES)
def test_adopting_twice_changes_nothing_and_keeps_every_comment(keys: list[str], hostname: str) -> None:
    """This holds for any new and any old values."""
    for before in (BUTANE, "variant: fcos\nversion: 1.6.0\n"):
        once = adopt.with_machine(before, keys, hostname)
        assert adopt.with_machine(once, keys, hostname) == once
        loaded: Any = source_lines.load(once)
        assert str(loaded["storage"]["files"][0]["contents"]["inline"]) == hostname
        assert once.count(" # ") == before.count(" # ")
        if keys:
            assert loaded["passwd"]["users"][0]["ssh_authorized_keys"] == keys


HELD = ("", ":", ": ~", ": []", ":{dash}old # 1", ":{dash}'old'{pad}# 2{dash}older", ": [old, older]", ":{dash}")
USERS = ("", "passwd:", "passwd: {{}}", "passwd:\n  users:  # 3", "passwd:\n  users: []", "passwd:\n  users:{core}")
FILES = ("", "storage:", "storage:\n  files: # 4", "storage:\n  files:{dash}path: /etc/hostname{contents}")
CONTENTS = ("", "contents:", "contents:\n        inline: nas # 5", "contents:\n        local: my-name")
VALUES = r"(passwd|storage|users|files|contents|ssh_authorized_keys|inline)?:? ?(~|\[.*\]|\{\})?|-? ?'?old(er)?'?|-"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A Butane file in one of many styles, in which some values are missing or empty."""
    offset, start = draw(st.sampled_from([0, 2])), draw(st.sampled_from(["", "# 6\n---\n", "# 7\n\n"]))
    dash = f"\n{' ' * (2 + offset)}- "
    pad = dash.replace("-", " ")
    held = draw(st.sampled_from(HELD)).format(dash=f"{pad}{' ' * offset}- ", pad=pad)
    other = draw(st.sampled_from(["", f"{dash}name: other # 8"]))
    core = f"{other}{dash}name: core{pad}groups: [ sudo, docker ]   # 9"
    core += f"{pad}ssh_authorized_keys{held}" if held else ""
    contents = draw(st.sampled_from(CONTENTS)).replace("\n        ", f"{pad}  ")
    users = draw(st.sampled_from(USERS)).format(core=core)
    files = draw(st.sampled_from(FILES)).format(dash=dash, contents=f"{pad}{contents}" if contents else "")
    units = f"systemd:\n  units:{dash}name: a.service{pad}contents: |{pad}  [Service]{pad}  A=  b"
    parts = ["variant: fcos", *draw(st.permutations([users, "# 10", files, "", units]))]
    end = draw(st.sampled_from(["", "\n", "\n\n# 11\n", "\n---\nvariant: other\n"]))
    text = f"{start}{chr(10).join(parts)}{end}"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(documents(), KEYS.filter(bool), HOSTNAMES)
def test_only_the_lines_of_keys_and_host_name_change(before: str, keys: list[str], hostname: str) -> None:
    """Comments, list style, line ends and other documents stay, however the file is written."""
    after = adopt.with_machine(before, keys, hostname)
    newline = "\r\n" if "\r\n" in before else "\n"
    old, new = before.split(newline), after.split(newline)
    assert not any("\n" in row for row in new)
    for kind, begin, end, _, _ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone = old[begin:end] if kind in ("replace", "delete") else []
        values = [row.partition("#")[0].strip() for row in gone]
        assert [value for value in values if not re.fullmatch(f"{VALUES}|inline: nas|local: my-name", value)] == []
    assert sorted(re.findall(r"# \d+", after)) == sorted(re.findall(r"# \d+", before))
    assert adopt.with_machine(after, keys, hostname) == after
    document = yaml_text.load(after, "butane.yaml")
    core = next(user for user in document["passwd"]["users"] if user["name"] == "core")
    assert sorted(core["ssh_authorized_keys"]) == sorted(keys)
    assert {"path": "/etc/hostname", "contents": {"inline": hostname}} in document["storage"]["files"]
    assert document["systemd"] == yaml_text.load(before, "butane.yaml")["systemd"]


OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl friend"
ORIGINAL = f"ecdsa-sha2-nistp256 {logins.ORIGINAL_KEY} them"
GIT = {"name": "git", "ssh_authorized_keys": [OLD]}
ANN = {"name": "ann", "groups": ["wheel"], "ssh_authorized_keys": [OLD, KEY]}
LOGINS = [
    ([], "core"),
    ([{"name": "backup", "ssh_authorized_keys": [OLD], "shell": "/sbin/nologin"}], "core"),
    ([{"name": "zfs", "system": True, "password_hash": "x"}], "core"),
    ([{"name": "gone", "should_exist": False, "ssh_authorized_keys": [OLD]}], "core"),
    ([{"name": "admin", "groups": ["wheel"]}], "admin"),
    ([{"name": "admin", "ssh_authorized_keys": None}, {"name": "core"}], "admin"),
    ([{"name": "admin", "ssh_authorized_keys": [OLD]}, {"name": "core", "password_hash": "x"}], "admin"),
    ([{"name": "admin", "ssh_authorized_keys": [OLD]}, {"name": "core", "ssh_authorized_keys": [OLD]}], "core"),
    ([{"name": "admin", "ssh_authorized_keys": [KEY]}, {"name": "core", "ssh_authorized_keys": [OLD]}], "admin"),
    ([{"name": "a", "ssh_authorized_keys": [OLD]}, {"name": "b", "ssh_authorized_keys": [OLD]}, None], "a"),
    ([GIT, {"name": "admin", "groups": ["sudo"], "ssh_authorized_keys": [ORIGINAL]}], "admin"),
    ([GIT, {"name": "core", "groups": ["wheel"], "password_hash": "x"}], "core"),
    ([{"name": "git", "ssh_authorized_keys": [f'command="rrsync /",restrict {OLD}']}, {"name": "core"}], "core"),
    ([{"name": "core", "ssh_authorized_keys": [ORIGINAL]}, {"name": "ann", "ssh_authorized_keys": [OLD, KEY]}], "core"),
    ([{"name": "core", "ssh_authorized_keys": [KEY]}, ANN], "core"),
]


@pytest.mark.parametrize(("users", "name"), LOGINS)
def test_the_user_who_logs_in_gets_the_keys(users: list[Any], name: str) -> None:
    """That is who has the original owner's key or yours, else who may do most with a key of a person, or a password.

    Nobody else loses a key.
    """
    after = adopt.with_machine(json.dumps({"variant": "fcos", "passwd": {"users": users}}), [KEY], "")
    held = {user["name"]: user.get("ssh_authorized_keys") for user in json.loads(after)["passwd"]["users"] if user}
    assert held.pop(name) == [KEY]
    before = {user["name"]: user.get("ssh_authorized_keys") for user in users if user}
    assert held == {other: keys for other, keys in before.items() if other != name}


def test_a_key_that_stays_is_reported_with_its_user() -> None:
    """It has its comment and the fingerprint that ssh-keygen shows, or its file; the original owner's is named."""
    admin = {"name": "admin", "ssh_authorized_keys": [OLD, KEY], "ssh_authorized_keys_local": ["more.pub"]}
    original = {"name": "core", "ssh_authorized_keys": [f"ecdsa-sha2-nistp256 {logins.ORIGINAL_KEY}"]}
    text = json.dumps({"variant": "fcos", "passwd": {"users": [admin, original]}})
    keeps = "passwd.users[admin] keeps the"
    friend, owner, file = adopt.staying(text, [KEY], "")
    assert friend == f"{keeps} key friend (SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU)"
    assert owner == f"passwd.users[core] keeps the key of {logins.ORIGINAL_OWNER}, who could log in to your machine"
    assert file == f"{keeps} keys of the file more.pub"
    assert "without a comment (SHA256:" in adopt.staying(text, [KEY], logins.ORIGINAL_OWNER)[1]
    assert adopt.staying("variant: fcos\n", [KEY], "") == ()


@pytest.mark.parametrize(
    ("held", "after"),
    [
        ([f"{KEY} an older comment"], [f"{KEY} an older comment"]),
        ([f"{KEY} an older comment", OLD], [f"{KEY} an older comment"]),
        ([KEY, f"{KEY} again"], [KEY]),
        ([f'command="x" {KEY}'], [f"{KEY} me"]),
    ],
)
def test_a_key_with_another_comment_is_the_same_key(held: list[str], after: list[str]) -> None:
    """Its line stays; one with options may do less, so it is another."""
    text = json.dumps({"variant": "fcos", "passwd": {"users": [{"name": "core", "ssh_authorized_keys": held}]}})
    changed = json.loads(adopt.with_machine(text, [f"{KEY} me"], ""))
    assert changed["passwd"]["users"][0]["ssh_authorized_keys"] == after
    other = json.dumps({"passwd": {"users": [{"name": "ann", "ssh_authorized_keys": [f"{KEY} ann"]}]}})
    assert adopt.staying(other, [f"{KEY} me"], "") == ()
    assert adopt.keys(f"{KEY} me\n{KEY} again\n", "a file") == (f"{KEY} me",)


@pytest.mark.parametrize("contents", [{}, {"contents": {"inline": "nas"}}])
def test_a_host_name_that_is_appended_to_is_not_changed(contents: dict[str, Any]) -> None:
    """The new name would get the old one behind it."""
    files = [{"path": "/etc/hostname", "append": [{"inline": "nas"}], **contents}]
    with pytest.raises(TaskError, match=r"cannot be changed\n.*`append`"):
        adopt.with_machine(json.dumps({"storage": {"files": files}}), [], "box")


def test_a_file_that_is_no_yaml_is_refused_by_name() -> None:
    """The cases are a tab, an empty file, and users that are no list."""
    for text in ("a:\n\tb: c", "", "passwd: {users: core}", "passwd: core"):
        with pytest.raises(TaskError, match=r"butane\.yaml"):
            adopt.with_machine(text, [KEY], "")
