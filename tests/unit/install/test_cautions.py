"""Settings that are valid and can lose a machine."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.errors import TaskError
from tasks.model.install import cautions, ignition, logins
from tasks.model.install.merged import Merged

CHILD = '{"ignition":{"version":"3.5.0"}}'
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def warned(config: dict[str, Any], *remote: str, owner: str = "o") -> list[str]:
    """Return what is said about a merged config."""
    return [why for _, why in cautions.cautions(Merged(config, remote, (), ()), (), owner)]


def with_file(path: str, content: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{content}"}}]}}


def with_unit(content: str) -> dict[str, Any]:
    return {"systemd": {"units": [{"name": "own.service", "dropins": [{"name": "a.conf", "contents": content}]}]}}


def with_keys(*keys: str, password: str = "") -> dict[str, Any]:
    return {"passwd": {"users": [{"name": "core", "sshAuthorizedKeys": list(keys), "passwordHash": password}]}}


def test_a_config_that_is_replaced_would_lose_key_and_policy() -> None:
    """It is refused; one that merges a config from elsewhere gets a warning."""
    remote = {"source": "https://example.com/a.ign"}
    replaced = json.dumps({"ignition": {"version": "3.5.0", "config": {"replace": remote}}})
    with pytest.raises(TaskError, match="never switch"):
        ignition.merged(replaced, CHILD)
    fetched = json.dumps({"ignition": {"version": "3.5.0", "config": {"merge": [remote]}}})
    whole = ignition.flatten(ignition.merged(fetched, CHILD))
    told = [why for _, why in cautions.cautions(Merged({}, (remote["source"],), (), ()), whole, "o")]
    assert any("neither checked nor searched" in why for why in told)


CLEVIS = {"custom": {"pin": "tpm2", "config": '{"pcr_ids":"0,7"}'}}


@pytest.mark.parametrize("clevis", [CLEVIS, {"tpm2": True}, {"tpm2": True, "threshold": 1}])
def test_a_disk_that_only_the_tpm_opens_needs_a_recovery_key(clevis: dict[str, Any]) -> None:
    """Butane's boot_device and clevis bind to PCR 7 too."""
    (tpm,) = [why for why in warned({"storage": {"luks": [{"name": "d", "clevis": clevis}]}}) if "PCR 7" in why]
    assert "recovery key" in tpm
    assert not [
        why for why in warned({"storage": {"luks": [{"name": "d", "clevis": {"tpm2": False}}]}}) if "PCR" in why
    ]


NO_KEYS = (
    "ssh-ed25519 AAAA...", "YOUR_SSH_KEY_HERE", ED25519.split()[1], f"{ED25519[:-4]} me", "ssh-ed25519 ", "# a comment",
    ED25519.replace("ed25519", "rsa", 1), f"ssh-rsa {ED25519.split()[1]}", "ssh-ed25519", "null",
    "-----BEGIN PUBLIC KEY-----", "github:someone", "AAAAC3NzaC1lZDI1NTE5AAAAI ssh-ed25519",
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


def test_the_original_owner_s_key_is_never_yours() -> None:
    """Neither in another owner's repository nor in a clone of which nobody knows the owner yet."""
    config = with_keys(f"ecdsa-sha2-nistp256 {logins.ORIGINAL_KEY}")
    for owner, whose in (("me", "the repository is me's"), ("", "this clone is not")):
        (why,) = warned(config, owner=owner)
        assert why == f"this key is {logins.ORIGINAL_OWNER}'s, but {whose}; add your own: ./inv adopt"


def test_every_login_that_is_installed_is_found_once() -> None:
    """Configs inside the config count too; a locked password and an empty key do not."""
    users = [
        {"name": "core", "sshAuthorizedKeys": [f"{ED25519} me@home", " "], "passwordHash": "*"},
        {"name": "admin", "passwordHash": "$y$j9T$x", "sshAuthorizedKeys": ["no key"]},
    ]
    child = json.dumps({"ignition": {"version": "3.5.0"}, "passwd": {"users": users}})
    merge = [{"source": f"data:,{quote(child)}"}, {"source": "https://a/b.ign"}]
    files = [{"path": "/a", "contents": {"source": "https://a/file"}}]
    config = {"ignition": {"config": {"merge": merge}}, "passwd": {"users": users}, "storage": {"files": files}}
    entries = ignition.flatten(json.dumps(config))
    me = logins.Login("core", "me@home (SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU)")
    admin = logins.Login("admin", "a password"), logins.Login("admin", "'no key'")
    assert logins.installed(entries) == (me, *admin)
    assert ignition.fetched(entries) == ("https://a/b.ign",)


def test_what_a_fetched_config_may_add_is_not_stated_as_a_fact() -> None:
    """A key may be in it."""
    assert any(
        "nobody can log in, unless the config from https://a/b adds a key" in why for why in warned({}, "https://a/b")
    )


@pytest.mark.parametrize(
    ("argument", "refuses"),
    {
        "module.sig_enforce=1": True, "module.sig_enforce": True, "module.sig_enforce=0": False,
        "module.sig_enforce=yes": True, "module.sig-enforce=on": True, "module.sig_enforce=off": False,
        "ima_policy=tcb|secure_boot": True, "ima_policy=tcb": False,
        "lockdown=confidentiality": True, "lockdown=integrity": True, "lockdown=none": False,
        "module_blacklist=nouveau,zfs": True, "modprobe.blacklist=spl": True, "modprobe.blacklist=nouveau": False,
        "systemd.mask=systemd-modules-load.service": False,  # that caution is switched_off's
        "quiet": False, "zfs.zfs_arc_max=1073741824": False,
    }.items(),
)  # fmt: skip
def test_an_argument_with_which_zfs_does_not_load_is_named(argument: str, refuses: bool) -> None:
    """The kernel would refuse modules that nobody signed, or these modules."""
    for item in (argument, f"quiet {argument}"):
        said = [why for why in warned({"kernelArguments": {"shouldExist": [item]}}) if argument in why]
        assert len(said) == refuses


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "ExecStart=rpm-ostree rebase ostree-unverified-registry:x": "two units would do it",
        "ExecStart=/usr/bin/rpm-ostree --quiet rebase --reboot x": "two units would do it",
        "bootc switch ghcr.io/o/n": "two units would do it",
        "ExecStart=/usr/bin/rpm-ostree upgrade --reboot": "two units would do it",
        "ostree container image deploy --sysroot / --imgref x": "two units would do it",
        "rpm-ostree kargs --append=module.sig_enforce=1": "with module.sig_enforce=1 the kernel loads no OpenZFS",
        "ExecStart=/usr/bin/rpm-ostree install -y --allow-inactive htop": "packages: of invoke.yaml",
        "rpm-ostree override remove nano": "packages: of invoke.yaml",
        "ExecStart=/usr/bin/rpm-ostree status": "",
        "bootc status": "",
    }.items(),
)  # fmt: skip
def test_what_the_image_does_itself_is_named(text: str, words: str) -> None:
    """In a unit, its drop-in or a script."""
    for config in (with_unit(text), with_file("/usr/local/bin/x", text.replace(" ", "%20"))):
        said = [why for why in warned(config) if "nobody" not in why]
        assert len(said) == bool(words)
        assert words in "".join(said)


def test_zincati_is_off_in_the_image() -> None:
    """Its windows do nothing."""
    (why,) = [why for why in warned(with_file("/etc/zincati/config.d/55-updates.toml", "x")) if "zincati" in why]
    assert "docs/machine.md" in why
