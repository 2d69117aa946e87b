"""Who can log in to a machine, and who cannot."""

import base64
from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.login import logins
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import ED25519, user, warned, with_file, with_keys, with_unit

NO_KEYS = (
    "ssh-ed25519 AAAA...", "YOUR_SSH_KEY_HERE", ED25519.split()[1], f"{ED25519[:-4]} me", "ssh-ed25519 ", "# a comment",
    ED25519.replace("ed25519", "rsa", 1), f"ssh-rsa {ED25519.split()[1]}", "ssh-ed25519", "null",
    "-----BEGIN PUBLIC KEY-----", "github:someone", f"# {ED25519}", ED25519.replace(" ", "\n"),
    ED25519.replace(" ", "-cert-v01@openssh.com "), "AAAAC3NzaC1lZDI1NTE5AAAAI ssh-ed25519",
)  # fmt: skip


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_no_server_can_read_lets_nobody_in(key: str) -> None:
    """It is named; where nothing else lets anyone in, that is said too."""
    said = warned(with_keys(key))
    assert f"no SSH server can read this key: {key[:60]!r}; copy the whole line of a .pub file" in said
    assert any(why.startswith("nobody can log in:") for why in said)
    assert not any(why.startswith("nobody") for why in warned(with_keys(key, f"{ED25519} me")))
    assert not any(why.startswith("nobody") for why in warned(with_keys(key, password="$y$j9T$x")))  # noqa: S106  (no password)


@pytest.mark.parametrize(
    "key",
    [
        ED25519,
        f"{ED25519} me@nas, with a comment",
        f'restrict,command="echo ssh-rsa x" {ED25519} me',
        f"ecdsa-sha2-nistp256 {logins.ORIGINAL_KEY}",
    ],
)
def test_a_key_with_options_or_a_comment_is_a_key(key: str) -> None:
    """As sshd reads authorized_keys."""
    assert logins.is_usable(key)
    assert warned(with_keys(key), owner=logins.ORIGINAL_OWNER) == []


def packed(*fields: bytes) -> str:
    """Return a key of these fields, as a .pub file has it."""
    blob = b"".join(len(field).to_bytes(4) + field for field in fields)
    return f"{fields[0].decode()} {base64.b64encode(blob).decode()}"


def rsa(bits: int) -> str:
    return packed(b"ssh-rsa", b"\1\0\1", b"\0" + ((1 << (bits - 1)) | 1).to_bytes(bits // 8))


@pytest.mark.parametrize("key", [rsa(1024), packed(b"ssh-dss", b"\5", b"\7", b"\1", b"\2"), f"{rsa(1024)} me@old"])
def test_a_kind_of_key_that_fedora_refuses_lets_nobody_in(key: str) -> None:
    """Its policy asks for RSA of 2048 bits; OpenSSH has given up DSA."""
    said = warned(with_keys(key))
    assert any(why.startswith("Fedora CoreOS refuses this kind of key:") and "ssh-keygen" in why for why in said)
    assert any(why.startswith("nobody can log in:") for why in said)
    assert warned(with_keys(rsa(2048))) == []


def test_a_key_of_an_authority_stands_for_others() -> None:
    """Whoever has a key that it signed can log in."""
    for options in ("cert-authority", 'principals="a,b",cert-authority'):
        assert logins.title(f"{options} {ED25519} me").startswith("every key signed by me (SHA256:")
    assert logins.title(f"restrict {ED25519} me").startswith("me (SHA256:")


def with_shell(name: str) -> dict[str, Any]:
    return user(**{"shell": name, "passwordHash": "$y$x"})  # noqa: PIE804  (no shell is called)


def in_file(path: str, *users: dict[str, str]) -> dict[str, Any]:
    return {**with_file(path, quote(f"# mine\n{ED25519} me\n")), "passwd": {"users": list(users)}}


GETTY = "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin core --noclear %I $TERM\n"


@pytest.mark.parametrize(
    ("config", "enters"),
    [
        (user(), True), (with_shell("/bin/bash"), True), (user(shouldExist=False), False),
        (with_shell("/sbin/nologin"), False), (with_shell("/bin/false"), False), (with_keys(), False),
        (user(sshAuthorizedKeys=[], passwordHash="!$y$x"), False),  # locked
        (user(sshAuthorizedKeys=[], passwordHash="$y$x"), True),
        (user(sshAuthorizedKeys=[], passwordHash="changeme"), False),  # no hash
        (in_file("/home/core/.ssh/authorized_keys"), True), (in_file("/root/.ssh/authorized_keys"), True),
        (in_file("/var/home/core/.ssh/authorized_keys.d/me"), True),
        (in_file("/var/roothome/.ssh/authorized_keys.d/me"), True),
        (in_file("/home/ann/.ssh/authorized_keys"), False),
        (in_file("/home/ann/.ssh/authorized_keys", {"name": "ann"}), True),
        (in_file("/home/ann/.ssh/authorized_keys", {"name": "ann", "shell": "/bin/false"}), False),
        (in_file("/home/core/.ssh/id.pub"), False), (with_file("/home/core/.ssh/authorized_keys", "x"), False),
        ({"storage": {"files": [{"path": "/root/.ssh/authorized_keys", "contents": {"source": "https://a/b"}}]}}, True),
        (with_unit(GETTY), True),
        (with_file("/etc/systemd/system/serial-getty@ttyS0.service.d/a.conf", quote(GETTY)), True),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("AuthorizedKeysFile /etc/ssh/keys/%u\n")), True),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("AuthorizedKeysFile .ssh/authorized_keys\n")), False),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("AuthorizedKeysFile=.ssh/authorized_keys\n")), False),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("AuthorizedKeysCommand none\n")), False),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("authorizedkeyscommand /usr/bin/mine\n")), True),
        (with_file("/etc/ssh/sshd_config.d/10.conf", quote("# AuthorizedKeysFile /etc/ssh/keys/%u\n")), False),
        (with_unit("ExecStart=/usr/bin/tailscale up --ssh"), True), (with_unit("ExecStart=/bin/true"), False),
    ],
)  # fmt: skip
def test_every_way_in_counts_and_no_other(config: dict[str, Any], enters: bool) -> None:
    """A key in a file, a terminal without a login, another place for keys; not a user without a shell."""
    assert any(why.startswith("nobody can log in") for why in warned(config)) is not enters
    assert bool(logins.installed(Merged(config, (), (), ()))) is enters


@pytest.mark.parametrize(
    ("text", "is_hash"),
    {
        "$y$j9T$aUmgEDoFIDPhGxEe2FUjc/$C5A...": True, "$gy$j9T$a$b": True, "$7$CU..../....a$b": True,
        "$6$rounds=5000$salt$x": True, "$5$salt$x": True, "$2b$05$abc": True, "$1$salt$x": True, "$sha1$1$a$b": True,
        "$md5,rounds=5$salt$x": True, "$3$$8846f7eaee8fb117ad06bdd830b7586c": True, "_J9..CCCCXBrJUJV154M": True,
        "aZGJuE6EXrjEE": True, "changeme": False, "$ecret$word": False, "$y$": False, "correct horse battery": False,
        "$6$salt$a:b": False, "!": None, "*": None, "!!": None, "!$6$salt$x": None, "x": None, "": None, " ": None,
    }.items(),
)  # fmt: skip
def test_a_password_that_is_no_hash_is_named(text: str, is_hash: bool | None) -> None:
    """By the forms of crypt(5); who locks a password on purpose hears nothing."""
    said = warned(with_keys(ED25519, password=text))
    assert [why.partition(":")[0] for why in said] == (
        ["no password fits this, because it is no hash of one"] if is_hash is False else []
    )
    assert any(why.startswith("nobody can log in") for why in warned(with_keys(password=text))) is not (is_hash is True)


def test_keys_of_a_user_who_cannot_enter_are_named() -> None:
    """They look as if they worked."""
    for config in (user(shouldExist=False), with_shell("/sbin/nologin")):
        assert any(why.startswith("these keys let nobody in") for why in warned(config))


def test_the_original_owner_s_key_is_never_yours() -> None:
    """Neither in another owner's repository nor in a clone of which nobody knows the owner yet."""
    config = with_keys(f"ecdsa-sha2-nistp256 {logins.ORIGINAL_KEY}")
    for owner, whose in (("me", "the repository is me's"), ("", "this clone is not")):
        (why,) = warned(config, owner=owner)
        assert why == f"this key is {logins.ORIGINAL_OWNER}'s, but {whose}; add your own: ./inv adopt"


def test_every_login_that_is_installed_is_found_once() -> None:
    """A locked password and a key that does not work do not count; a way that belongs to nobody has its place."""
    users = [
        {"name": "core", "sshAuthorizedKeys": [f"{ED25519} me@home", f"{ED25519} me@home", " "], "passwordHash": "*"},
        {"name": "admin", "passwordHash": "$y$j9T$x", "sshAuthorizedKeys": ["no key"]},
    ]
    config = {"passwd": {"users": users}, **with_unit(GETTY)}
    me = logins.Login("core", "me@home (SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU)")
    others = (
        logins.Login("admin", "a password"),
        logins.Login("systemd.units[own.service]", "another way in (--autologin)"),
    )
    assert logins.installed(Merged(config, (), (), ())) == (me, *others)


def test_what_a_fetched_config_may_add_is_not_stated_as_a_fact() -> None:
    """A key may be in it."""
    assert any(
        "nobody can log in, unless the config from https://a/b adds a key" in why for why in warned({}, "https://a/b")
    )


def test_an_item_with_several_lines_holds_several_keys() -> None:
    """The page names each of them; sshd reads the file line by line."""
    other = f"{ED25519} other"
    assert logins.key_lines(f"{ED25519}\n# c\n\n  {other}\n") == [ED25519, other]
    assert logins.key_lines("ssh-ed25519\nAAAA") == ["ssh-ed25519\nAAAA"]
    user = {"name": "core", "sshAuthorizedKeys": [f"{ED25519}\n{other}\n", "", "f"]}
    assert logins.keys(user) == [ED25519, other, "f"]
