"""Keys and names that one place of a Butane file shares with another, or that stand in it in an odd form."""

from typing import Any

import pytest

from tasks.model.errors import TaskError
from tasks.model.install import adopt
from tasks.model.install.butane import yaml_text

NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz me"
OLD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl friend"
CORE, BOB = "    - name: core\n      ssh_authorized_keys: ", "    - name: bob\n      ssh_authorized_keys: "
USERS = "variant: fcos\nversion: 1.6.0\npasswd:\n  users:\n"
FILE = "storage:\n  files:\n    - path: /etc/hostname\n"


def keys(text: str) -> dict[str, list[str]]:
    users: list[dict[str, Any]] = yaml_text.load(text, "butane.yaml")["passwd"]["users"]
    return {user["name"]: user["ssh_authorized_keys"] for user in users}


@pytest.mark.parametrize(
    "text",
    [
        f"variant: fcos\nmine: &k\n  - {OLD}\npasswd:\n  users:\n{CORE}*k\n{BOB}*k\n",
        f"{USERS}{BOB}&k\n        - {OLD}\n{CORE}*k # mine\n",
        f"{USERS}{BOB}[&k {OLD}]\n{CORE}[*k]\n",
    ],
)
def test_a_list_that_two_users_share_is_changed_for_one(text: str) -> None:
    """The other one keeps the key, which is reported."""
    after = adopt.with_machine(text, [NEW], "")
    assert keys(after) == {"core": [NEW], "bob": [OLD]}
    assert after.count("#") == text.count("#")
    assert adopt.with_machine(after, [NEW], "") == after
    (kept,) = adopt.staying(after, [NEW], "me")
    assert kept.startswith("passwd.users[bob] keeps the key friend")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{USERS}{CORE}&k\n        - {OLD}\n{BOB}*k\n", "passwd.users[core].ssh_authorized_keys[0], line 7: "),
        (f"{USERS}{CORE}\n        - &k {OLD}\n{BOB}[*k]\n", "passwd.users[core].ssh_authorized_keys[0], line 7: "),
        (
            f"{FILE}      contents: &c {{inline: nas}}\n    - path: /b\n      contents: *c\n",
            "contents.inline, line 4: ",
        ),
        ("storage:\n  files: &f\n    - path: /a\n  directories: *f\n", "storage.files.1, line 2: "),
    ],
)
def test_what_another_place_takes_from_here_is_left_to_its_owner(text: str, place: str) -> None:
    """A change here would be one there too."""
    with pytest.raises(TaskError, match="cannot be changed") as refused:
        adopt.with_machine(text, [NEW] if "users" in text else [], "box")
    assert place in refused.value.why
    assert "anchor" in refused.value.why


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{USERS}{CORE}{OLD}\n", "passwd.users[core].ssh_authorized_keys, line 6: it must be a list"),
        (f"{USERS}    core: {{}}\n", "passwd.users, line 4: it must be a list"),
        (f"{FILE}      contents: nas\n", "files[/etc/hostname].contents, line 4: it must be a mapping"),
    ],
)
def test_another_kind_of_value_is_refused_with_its_line(text: str, place: str) -> None:
    """It says what belongs there."""
    with pytest.raises(TaskError) as refused:
        adopt.with_machine(text, [NEW] if "users" in text else [], "box")
    assert place in refused.value.why


def test_several_keys_in_one_item_are_several_keys() -> None:
    """A foreign key below one's own is replaced, or reported."""
    text = f"{USERS}{CORE}\n        - |\n          {NEW}\n          {OLD}\n"
    assert keys(adopt.with_machine(text, [NEW], "")) == {"core": [NEW]}
    (kept,) = adopt.staying(text, [NEW], "me")
    assert "keeps the key friend" in kept
    alone = text.replace(f"          {OLD}\n", "          # a comment\n")
    assert adopt.with_machine(alone, [NEW], "") == alone


def test_the_hash_of_an_old_name_goes_with_it() -> None:
    """The first boot would stop at it."""
    text = f"{FILE}      contents:\n        inline: nas\n        verification:\n          hash: sha256-00\n"
    assert adopt.with_machine(text, [], "box") == f"{FILE}      contents:\n        inline: box\n"


@pytest.mark.parametrize("kind", ["links", "directories"])
def test_a_host_name_that_is_no_file_is_refused(kind: str) -> None:
    """Butane takes a path only once."""
    with pytest.raises(TaskError, match=rf"storage\.{kind} has /etc/hostname"):
        adopt.with_machine(f"storage: {{{kind}: [{{path: /etc/hostname}}]}}\n", [], "box")


def test_an_ignition_config_is_not_adopted() -> None:
    """Butane's keys in it would mean nothing."""
    with pytest.raises(TaskError, match="is not Butane"):
        adopt.with_machine('{"ignition": {"version": "3.4.0"}}', [NEW], "")
