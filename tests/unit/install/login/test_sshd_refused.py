"""Lines with which sshd does not start; OpenSSH's servconf.c is the source."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.login.sshd_keywords import BEFORE_MATCH, KNOWN, VALUES
from tasks.model.install.login.sshd_refused import refused
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import unit_of, user, warned

D, MAIN = "/etc/ssh/sshd_config.d", "/etc/ssh/sshd_config"


def config(files: dict[str, str]) -> dict[str, Any]:
    items = [{"path": path, "contents": {"source": f"data:,{quote(text)}"}} for path, text in files.items()]
    return user() | {"storage": {"files": items}}


def found(text: str, path: str = f"{D}/10-a.conf", **files: str) -> list[str]:
    """Return what is said about one file of sshd's, from its line number on."""
    said = [(place, why) for place, why in refused(Merged(config({path: text, **files}), (), (), ()))]
    start = "sshd would not start, so nobody could log in with SSH: line "
    assert all(why.startswith(start) for _, why in said)
    assert all(place[0] == "storage" for place, _ in said)
    return [why.removeprefix(start) for _, why in said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PermitRootLogn no", "1 of {}: sshd knows no keyword PermitRootLogn: correct it, or leave it out"),
        ("# mine\n\nPort 22\nIgnoreUnknown x\n", "4 of {}: sshd knows no keyword IgnoreUnknown"),
        ("\ufeffPort 22", "1 of {}: sshd knows no keyword"), ("Host *", "1 of {}: sshd knows no keyword Host"),
        ("Match User ann\n  Foo yes", "2 of {}: sshd knows no keyword Foo"),
        ("- a: b", "1 of {}: sshd knows no keyword -"),
        ("DebianBanner no", "1 of {}: sshd knows no keyword DebianBanner"),
        ("AuthenticationMethods", "1 of {}: AuthenticationMethods has no value"),
        ("AuthorizedKeysCommand # x", "1 of {}: AuthorizedKeysCommand has no value"),
        ("Port", "1 of {}: Port has no value"), ("Port # 22", "1 of {}: Port has no value"),
        ("ListenAddress # all", "1 of {}: ListenAddress has no value"), ("Match", "1 of {}: Match has no value"),
        ('Banner "/etc/a', "1 of {}: a quote is not closed"), ("Banner /etc/a's", "1 of {}: a quote is not closed"),
        ("PermitRootLogin maybe", "1 of {}: PermitRootLogin cannot be maybe"),
        ("PasswordAuthentication maybe", "1 of {}: PasswordAuthentication cannot be maybe"),
        ("PasswordAuthentication no yes", "1 of {}: PasswordAuthentication cannot be no yes"),
        ("PubkeyAuthentication true", "1 of {}: PubkeyAuthentication cannot be true"),
        ("Port abc", "1 of {}: Port cannot be abc"), ("Port 0", "1 of {}: Port cannot be 0"),
        ("Port 65536", "1 of {}: Port cannot be 65536"), ("Port 22 2222", "1 of {}: Port cannot be 22 2222"),
        ("Port 22,2222", "1 of {}: Port cannot be 22,2222"), ("LogLevel DEBUG4", "1 of {}: LogLevel cannot be DEBUG4"),
        ("MaxAuthTries three", "1 of {}: MaxAuthTries cannot be three"),
        ("LoginGraceTime 2min", "1 of {}: LoginGraceTime cannot be 2min"),
        ("Match User ann\nUsePAM no", "2 of {}: UsePAM may not stand below a Match: put it above"),
        ("Match User ann\nMatch Group b\nCiphers aes256-ctr", "3 of {}: Ciphers may not stand below a Match"),
        ("AuthorizedKeysCommand /usr/bin/a", "1 of {}: AuthorizedKeysCommand needs AuthorizedKeysCommandUser too"),
        ("AuthorizedPrincipalsCommand /a\nMatch User b\nAuthorizedPrincipalsCommandUser b",
         "1 of {}: AuthorizedPrincipalsCommand needs"),
        ("PubkeyAuthentication no\nAuthenticationMethods publickey hostbased,publickey",
         "2 of {}: no login can fulfil AuthenticationMethods, because publickey is off"),
        ("KbdInteractiveAuthentication no\nAuthenticationMethods publickey,keyboard-interactive:pam",
         "2 of {}: no login can fulfil AuthenticationMethods, because keyboard-interactive is off"),
        ("AuthenticationMethods publickey,totp", "1 of {}: sshd knows no method totp"),
    ],
)  # fmt: skip
def test_a_line_with_which_sshd_does_not_start_is_named(text: str, said: str) -> None:
    """With its number and its file."""
    for path in (f"{D}/10-a.conf", MAIN):
        (why,) = found(text, path)
        assert why.startswith(said.format(path))


@pytest.mark.parametrize(
    "text",
    [
        "", "# Foo bar", "   # Foo", "\t", "PERMITROOTLOGIN No", "permitrootlogin=no",
        "PermitRootLogin = no # not root",
        '"Port" "22"', "Port 022", "Port ssh", "Port 65535", "PasswordAuthentication NO\r\nUsePAM yes\r",
        "Match User ann\nPasswordAuthentication no\nMatch all\nUsePAM yes", "Match all\nUseDNS no",
        "Include /etc/ssh/more/*.conf", "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/*",
        "Protocol 2", "UsePrivilegeSeparation sandbox", "RhostsRSAAuthentication no",
        "ChallengeResponseAuthentication no",
        "GSSAPIKeyExchange no", "GSSAPIEnablek5users yes", "KerberosUseKuserok yes", "X11MaxDisplays 1000",
        "PubkeyAcceptedKeyTypes +ssh-rsa", "Subsystem sftp internal-sftp -u 0002", "ForceCommand echo \"it's\" 'a b'",
        "ClientAliveInterval 1m30s", "UnusedConnectionTimeout none", "LoginGraceTime 0", "MaxStartups 10:30:60",
        "RefuseConnection no", "PerSourcePenalties authfail:5s max:10m", "SyslogFacility AUTHPRIV", "LogLevel verbose",
        "PermitTunnel point-to-point", "AllowTcpForwarding local", "GatewayPorts clientspecified",
        "AuthenticationMethods any", "AuthenticationMethods publickey,keyboard-interactive:pam publickey",
        "PasswordAuthentication yes\nAuthenticationMethods publickey,password",
        "AuthorizedKeysCommand none", "AuthorizedKeysCommand /usr/bin/a\nAuthorizedKeysCommandUser nobody",
        "Match User b\nAuthenticationMethods password",
        'Banner "/etc/my banner"', "Banner /etc/my\\ banner", 'SetEnv A="b c"', "IPQoS af21 cs1",
        "AllowUsers ann@10.0.0.0/8 #bob", "PermitUserEnvironment LANG,LC_*", "VersionAddendum none", "RekeyLimit 1G 1h",
    ],
)  # fmt: skip
def test_a_line_that_sshd_takes_passes(text: str) -> None:
    """Old keywords, Fedora's own, other letters, an equals sign, quotes and comments."""
    assert found(text) == []


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_second_factor_needs_what_fedora_coreos_switches_off(method: str) -> None:
    """Its own files come before those with a higher number."""
    text = f"AuthenticationMethods publickey,{method}"
    (why,) = found(text)
    assert f"because {method} is off: switch it on in a file that comes first" in why
    switch = {"password": "PasswordAuthentication yes", "keyboard-interactive": "KbdInteractiveAuthentication yes"}[
        method
    ]
    assert found(f"{switch}\n{text}") == []
    assert found(f"{switch}\n{text}", f"{D}/60-a.conf")
    assert found(text, MAIN) == []


def test_only_what_sshd_reads_counts() -> None:
    """Not what its command line replaces, nor a file that it does not include."""
    wrong = "Foo yes"
    assert found(wrong, f"{D}/10-a.txt") == []
    assert found("Port 22", MAIN, **{f"{D}/10-a.conf": wrong}) == []
    assert found(f"Include {D}/*.conf", MAIN, **{f"{D}/10-a.conf": wrong})
    command = unit_of("sshd.service", "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -f /etc/mine\n")
    assert list(refused(Merged(config({MAIN: wrong}) | command, (), (), ()))) == []
    appended: Any = {"storage": {"files": [{"path": MAIN, "append": [{"source": "data:,Port%2022%0AFoo%20x"}]}]}}
    ((_, why),) = refused(Merged(appended, (), (), ()))
    assert f"line 2 of {MAIN}: sshd knows no keyword Foo" in why
    (why,) = warned(config({f"{D}/10-a.conf": wrong}))
    assert "knows no keyword Foo" in why


def test_the_tables_know_each_other() -> None:
    """A form for a keyword that does not exist would never be asked."""
    assert VALUES.keys() <= KNOWN
    assert BEFORE_MATCH < KNOWN
    assert all(word == word.lower() for word in KNOWN)
