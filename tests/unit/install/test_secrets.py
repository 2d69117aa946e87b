"""Secrets are found by their form and by their place."""

import pytest

from tasks.model.install import ignition, secrets

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"


def said(path: str, content: str) -> ignition.Entry:
    return ignition.Entry(tuple(path.split(" ")), content)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("passwd users[core] passwordHash", "*"),
        ("passwd users[core] sshAuthorizedKeys[0]", KEY),
        ("storage files[/etc/secret] contents source", "nothing of note in here, only words of a language"),
        ("storage files[/etc/pki/cosign.key] contents source", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZ"),
        ("storage files[/etc/hosts] contents httpHeaders[Accept] value", "text/plain"),
        ("storage files[/etc/a] contents source", "https://example.com/a?token="),
        ("storage luks[a] keyFile source", "https://keys.example/a"),
    ],
)
def test_what_is_public_anyway_is_no_finding(path: str, content: str) -> None:
    """Examples are locked passwords, public keys and words."""
    assert secrets.scan([said(path, content)], []) == ()


def test_each_place_is_found_once_and_says_what_to_do() -> None:
    """Two rules may find it."""
    one = said("passwd users[core] passwordHash", "$6$a$b")
    (found,) = secrets.scan([one], [(0, "generic"), (0, "other")])
    assert (found.kind, found.said) == ("password-hash", one)
    assert "SSH key" in found.instead
