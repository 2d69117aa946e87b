"""What adopt is given: the address of the repository, keys and a host name."""

import base64

import pytest

from tasks.model.errors import TaskError
from tasks.model.install import adopt
from tasks.model.install.login import logins

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"


@pytest.mark.parametrize(
    ("origin", "image"),
    [
        ("https://github.com/Owner/Name.git", "ghcr.io/owner/name"),
        ("git@github.com:owner/name", "ghcr.io/owner/name"),
        ("ssh://git@github.com/owner/na.me.git", "ghcr.io/owner/na.me"),
        ("https://token@github.com/owner/name/", "ghcr.io/owner/name"),
        ("git@github.com-work:owner/name.git", "ghcr.io/owner/name"),
        ("org-1234@github.com:owner/name.git", "ghcr.io/owner/name"),
        ("ssh://git@ssh.github.com:443/owner/name.git", "ghcr.io/owner/name"),
        ("ssh://git@github.com:22/owner/name", "ghcr.io/owner/name"),
        ("github.com:owner/name", "ghcr.io/owner/name"),
        ("git@github.com:/owner/name", "ghcr.io/owner/name"),
        ("HTTPS://GitHub.com/owner/name", "ghcr.io/owner/name"),
        ("https://gitlab.com/owner/name", ""),
        ("https://notgithub.com/owner/name", ""),
        ("https://github.com.example.com/owner/name", ""),
        ("git@github.com-work.example.com:owner/name", ""),
        ("", ""),
    ],
)
def test_the_image_follows_from_the_remote(origin: str, image: str) -> None:
    """It accepts every form of address that git clone takes."""
    assert adopt.image_of(origin) == image


def test_a_new_clone_has_no_known_owner_until_it_is_adopted() -> None:
    """Its image is still the original one; only the original repository itself is the original owner's."""
    original = f"ghcr.io/{logins.ORIGINAL_OWNER}/custom-coreos"
    assert adopt.owner_of("ghcr.io/me/nas", "") == "me"
    assert adopt.owner_of(original, f"https://github.com/{logins.ORIGINAL_OWNER}/custom-coreos.git") != ""
    for origin in ("", "https://gitlab.com/me/nas", "https://github.com/me/nas"):
        assert adopt.owner_of(original, origin) == ""


NO_KEYS = [
    "",
    "# a comment",
    "ssh-ed25519 AAAA",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nx",
    "<html>",
    f"{KEY}\nssh-rsa !",
    KEY[:-8],
    f"see {KEY}",
]


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """That includes a file in which one line is not a key."""
    with pytest.raises(TaskError, match="no public SSH key"):
        adopt.keys(text, "a file")


def test_a_key_that_fedora_refuses_is_not_adopted() -> None:
    """The machine would lock out its owner."""
    blob = b"".join(len(part).to_bytes(4) + part for part in (b"ssh-rsa", b"\1\0\1", b"\1" + bytes(127)))
    with pytest.raises(TaskError, match=r"refuses\n.*me@old .*2048 bits"):
        adopt.keys(f"{KEY}\nssh-rsa {base64.b64encode(blob).decode()} me@old\n", "a file")


def test_a_key_from_github_names_its_owner() -> None:
    """GitHub lists keys without comments; a key with a comment, and one from elsewhere, stays as it is."""
    assert adopt.signed([KEY, f"{KEY} me"], "https://github.com/My-Name.keys") == (f"{KEY} My-Name@github", f"{KEY} me")
    assert adopt.signed([KEY], "https://example.com/me.keys") == (KEY,)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a..b", "a" * 64, "nas\n"])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    """RFC 1123 decides, in lower case."""
    with pytest.raises(TaskError, match="not a host name"):
        adopt.require_hostname(name)
