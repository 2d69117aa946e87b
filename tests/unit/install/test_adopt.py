"""Adopting the repository for somebody else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import TaskError
from tasks.model.install import adopt, source_lines

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"


BUTANE = """variant: fcos
version: 1.6.0
passwd:
  users:
    - name: core
      ssh_authorized_keys:
        # mine
        - ssh-rsa old

storage:
  files:
    - path: /etc/hostname
      mode: 0644
      contents:
        inline: nas  # the machine
    - path: /etc/a
      contents:
        local: files/a
  luks:
    - name: root
      wipe_volume: true
systemd:
  units:
    - name: a.service
      contents_local: units/a
"""


@pytest.mark.parametrize(
    ("origin", "image"),
    [
        ("https://github.com/Owner/Name.git", "ghcr.io/owner/name"),
        ("git@github.com:owner/name", "ghcr.io/owner/name"),
        ("ssh://git@github.com/owner/na.me.git", "ghcr.io/owner/na.me"),
        ("https://token@github.com/owner/name/", "ghcr.io/owner/name"),
        ("https://gitlab.com/owner/name", ""),
        ("", ""),
    ],
)
def test_the_image_follows_from_the_remote(origin: str, image: str) -> None:
    """It accepts every form of address that git clone takes."""
    assert adopt.image_of(origin) == image


NO_KEYS = [
    "",
    "# a comment",
    "ssh-ed25519 AAAA",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nx",
    "<html>",
    f"{KEY}\nssh-rsa !",
]


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """That includes a file in which one line is not a key."""
    with pytest.raises(TaskError, match="no public SSH key"):
        adopt.keys(text, "a file")


HOSTNAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.sampled_from([KEY, f"{KEY} me", f"{KEY} you@there"]), max_size=3, unique=True), HOSTNAMES)
def test_adopting_twice_changes_nothing_and_keeps_every_comment(keys: list[str], hostname: str) -> None:
    """This holds for any new and any old values."""
    for before in (BUTANE, "variant: fcos\nversion: 1.6.0\n"):
        once = adopt.with_machine(before, keys, hostname)
        assert adopt.with_machine(once, keys, hostname) == once
        loaded: Any = source_lines.load(once)
        assert str(loaded["storage"]["files"][0]["contents"]["inline"]) == hostname
        assert once.count("#") == before.count("#")
        if keys:
            assert loaded["passwd"]["users"][0]["ssh_authorized_keys"] == keys


def test_a_file_that_is_no_yaml_is_refused_by_name() -> None:
    """The cases are a tab and an empty file."""
    for text in ("a:\n\tb: c", ""):
        with pytest.raises(TaskError, match=r"butane\.yaml"):
            adopt.with_machine(text, [KEY], "")


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a..b", "a" * 64, "nas\n"])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    """RFC 1123 decides, in lower case."""
    with pytest.raises(TaskError, match="not a host name"):
        adopt.require_hostname(name)
