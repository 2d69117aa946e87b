"""Whom sshd lets in, by its files as a config leaves them."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.login.sshd import locked_out
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import ED25519, unit_of, warned

D = "/etc/ssh/sshd_config.d"
MAIN = "/etc/ssh/sshd_config"
GOOD = "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/*\n"


def person(name: str = "core", *keys: str, **more: object) -> dict[str, Any]:
    return {"name": name, "sshAuthorizedKeys": list(keys or [ED25519]), **more}


def config(text: str, *people: dict[str, Any], path: str = f"{D}/10-a.conf", **files: str) -> dict[str, Any]:
    """Return a config with one file of sshd's, users (core by default), and other files by their path."""
    contents = {path: text, **files}
    stored = [{"path": path, "contents": {"source": f"data:,{quote(text)}"}} for path, text in contents.items()]
    return {"passwd": {"users": list(people or [person()])}, "storage": {"files": stored}}


def found(text: str, *people: dict[str, Any], path: str = f"{D}/10-a.conf", **files: str) -> list[tuple[str, str]]:
    """Return the last part of the place of each caution, and its words."""
    whole = config(text, *people, path=path, **files)
    return [(place[-1], why) for place, why in locked_out(Merged(whole, (), (), ()))]


ANN, ROOT = person("ann"), person("root")
KEYLESS = {"name": "core"}
HASH = "$y$j9T$x"


@pytest.mark.parametrize(
    ("text", "people", "words"),
    [
        ("AllowUsers alice", (), "AllowUsers does not name core: add whoever shall log in"),
        ("AllowUsers alice\nAllowUsers bob c?r", (), "does not name core"),
        ("AllowUsers alice", (person(), ANN), "does not name core and ann"),
        ("AllowUsers root", (), "does not name core"),
        ("DenyUsers *", (), "DenyUsers names core: take that out"),
        ("DenyUsers core@*", (), "DenyUsers names core"),
        ("AllowGroups sshusers", (), "AllowGroups names no group of core: add one, such as sudo"),
        ("AllowGroups sshusers", (person("ann"),), "AllowGroups names no group of ann: add one, such as ann"),
        ("AllowGroups ann", (person("ann", noUserGroup=True),), "such as users"),
        ("AllowGroups ann", (person("ann", primaryGroup="staff"),), "such as staff"),
        ("DenyGroups wheel", (), "DenyGroups names wheel, a group of core: take that out"),
        ("DenyGroups nas", (person("ann", groups=["nas"]),), "DenyGroups names nas"),
        ("PermitRootLogin no", (ROOT,), "PermitRootLogin is no: give the key to core, in passwd.users"),
        ("PermitRootLogin no", (ROOT, KEYLESS), "PermitRootLogin is no"),
        ("PermitRootLogin no", (person("root", passwordHash=HASH),), "PermitRootLogin is no"),
        ("PubkeyAuthentication no", (), "PubkeyAuthentication is off, so no key counts: leave it out"),
        ("PubkeyAuthentication no", (person("core", passwordHash=HASH),), "PubkeyAuthentication is off"),
        ("AuthorizedKeysFile .ssh/authorized_keys", (), "AuthorizedKeysFile leaves out the keys of core: make it `Au"),
        ("AuthorizedKeysFile none", (), "leaves out the keys of core"),
        ("authorizedkeysfile=%h/.ssh/authorized_keys", (), "leaves out the keys of core"),
        ("AuthorizedKeysFile /etc/ssh/keys/%u", (), "leaves out the keys of core"),
        ("AuthorizedKeysFile none\nAuthorizedKeysCommand none", (), "leaves out the keys of core"),
        ("Match User core\nPubkeyAuthentication no", (), "PubkeyAuthentication is off"),
        ("Match all\nAllowUsers alice", (), "does not name core"),
        ("PermitRootLogin no\nMatch User ann\nPermitRootLogin yes", (ROOT,), "PermitRootLogin is no"),
    ],
)  # fmt: skip
def test_a_setting_that_keeps_out_everybody_with_a_key_is_named(
    text: str, people: tuple[dict[str, Any], ...], words: str
) -> None:
    """With its place, and what to write instead."""
    ((place, why),) = found(text, *people)
    assert why.startswith("sshd would let nobody in: ")
    assert words in why
    assert place == f"files[{D}/10-a.conf]"


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("AllowUsers core", ()), ("AllowUsers c*@192.168.1.*", ()), ("AllowUsers ann", (person(), ANN)),
        ("DenyUsers core@10.*", ()), ("DenyUsers root", ()), ("DenyUsers core", (person(), ANN)),
        ("AllowGroups wheel", ()), ("AllowGroups ssh* core", ()), ("AllowGroups ann", (ANN,)),
        ("AllowGroups nas", (person("ann", groups=["nas"]),)), ("AllowGroups root", (ROOT,)),
        ("DenyGroups ann", ()), ("DenyGroups ann", (person("ann", primaryGroup="users"),)),
        ("PermitRootLogin no", ()), ("PermitRootLogin no", (ROOT, person())),
        ("PermitRootLogin prohibit-password", (ROOT,)),
        ("PermitRootLogin forced-commands-only", (ROOT,)), ("PermitRootLogin yes\nPermitRootLogin no", (ROOT,)),
        ("PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes", (ROOT,)),
        ("PermitRootLogin no\nMatch User root\nPermitRootLogin yes", (ROOT,)),
        ("PubkeyAuthentication no\nPasswordAuthentication yes", (person("core", passwordHash=HASH),)),
        ("PubkeyAuthentication no\nKbdInteractiveAuthentication yes", (person("core", passwordHash=HASH),)),
        ("PubkeyAuthentication no\nMatch Host *.lan\nPubkeyAuthentication yes", ()),
        (GOOD, ()), ("AuthorizedKeysFile %h/.ssh/authorized_keys.d/ignition", ()),
        ("AuthorizedKeysFile /home/%u/.ssh/authorized_keys.d/*", ()),
        ("AuthorizedKeysFile none\nAuthorizedKeysCommand /usr/bin/mine", ()),
        ("AuthorizedKeysFile none\nTrustedUserCAKeys /etc/ssh/ca.pub", ()),
        ("AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\nAuthorizedKeysCommandUser nobody", ()),
        ("AuthenticationMethods publickey\nMaxAuthTries 3", ()),
        ("AllowUsers alice", (KEYLESS,)), ("AllowUsers alice", (person(shouldExist=False),)),
        ("", ()), ("# AllowUsers alice", ()),
    ],
)  # fmt: skip
def test_settings_that_let_somebody_in_pass(text: str, people: tuple[dict[str, Any], ...]) -> None:
    """Somebody with a key is enough, and so is what may let somebody in."""
    assert found(text, *people) == []


def test_a_drop_in_after_fedora_coreos_s_own_changes_nothing() -> None:
    """The first value wins."""
    for name, passes in {"10.conf": False, "89-a.conf": False, "99-a.conf": True, "10.txt": True}.items():
        assert (not found("AuthorizedKeysFile none", path=f"{D}/{name}")) is passes


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "Port 22\nSubsystem sftp /usr/libexec/openssh/sftp-server\n": f"begin this file with `Include {D}/*.conf`",
        "AuthorizedKeysFile .ssh/authorized_keys\n": f"begin this file with `Include {D}/*.conf`",
        f"AuthorizedKeysFile .ssh/authorized_keys\nInclude {D}/*.conf": "leaves out the keys of core: make it `Auth",
        f"Include {D}/*.conf\nAuthorizedKeysFile .ssh/authorized_keys\n": "",
        "Include sshd_config.d/*.conf\n": "", GOOD: "",
    }.items(),
)  # fmt: skip
def test_a_main_file_must_read_where_ignition_writes_keys(text: str, words: str) -> None:
    """Ignition writes them where only Fedora CoreOS's own file looks."""
    said = found(text, path=MAIN)
    assert bool(said) == bool(words)
    assert all(place == f"files[{MAIN}]" and words in why for place, why in said)


def test_a_key_in_a_file_counts_where_sshd_reads_it() -> None:
    """In a home folder, or in a folder of all users' keys."""
    only_home, everywhere = "AuthorizedKeysFile .ssh/authorized_keys", "AuthorizedKeysFile /etc/ssh/keys/%u"
    assert found(only_home, KEYLESS, **{"/var/home/core/.ssh/authorized_keys": ED25519}) == []
    assert found(only_home, **{"/home/core/.ssh/authorized_keys": ED25519}) == []
    assert found(everywhere, **{"/etc/ssh/keys/core": ED25519}) == []
    assert found(everywhere, ROOT, **{"/etc/ssh/keys/core": ED25519}) == []
    assert found("AuthorizedKeysFile /etc/ssh/keys/%U", **{"/etc/ssh/keys/1000": ED25519}) == []
    assert found(everywhere, **{"/etc/ssh/keys/old/core": ED25519})
    assert found(everywhere, **{"/etc/ssh/keys/core": "no key"})
    assert found("AuthorizedKeysFile none", KEYLESS, **{"/root/.ssh/authorized_keys.d/a": ED25519})


@pytest.mark.parametrize(
    "files",
    [
        {"/etc/group": "sshusers:x:2000:core\n"},
        {"/usr/local/bin/x": "usermod -aG sshusers core\n"},
        {"/etc/sysusers.d/a.conf": "g sshusers -\nm core sshusers\n"},
        {"/etc/systemd/system/a.service": "ExecStart=gpasswd --add core sshusers\n"},
    ],
)
def test_a_group_that_a_file_may_give_to_somebody_counts(files: dict[str, str]) -> None:
    """Its line names both."""
    assert found("AllowGroups sshusers", **files) == []
    assert found("AllowGroups others", **files)


def test_what_wins_over_sshd_s_files_or_is_not_known_here_passes() -> None:
    """Its command line, a file that the machine fetches, a config from elsewhere."""
    denied = config("AllowUsers alice")
    for name in ("sshd.service", "sshd@.service"):
        command = unit_of(name, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o AllowUsers=core\n")
        assert list(locked_out(Merged(denied | command, (), (), ()))) == []
    assert found("AllowUsers alice", **{"/etc/sysconfig/sshd": "OPTIONS=-oAllowUsers=core\n"}) == []
    for path in (f"{D}/20.conf", "/etc/systemd/system/sshd.service.d/a.conf", "/etc/sysconfig/sshd"):
        files = [*denied["storage"]["files"], {"path": path, "contents": {"source": "https://a/b"}}]
        assert list(locked_out(Merged({**denied, "storage": {"files": files}}, (), (), ()))) == []
    ((_, why),) = locked_out(Merged(denied, ("https://a/b",), (), ()))
    assert why.startswith("sshd would let nobody in, unless the config from https://a/b changes that: AllowUsers")


def test_it_is_among_the_cautions() -> None:
    """And stands alone."""
    assert warned(config("AllowUsers alice")) == [
        "sshd would let nobody in: AllowUsers does not name core: add whoever shall log in"
    ]
