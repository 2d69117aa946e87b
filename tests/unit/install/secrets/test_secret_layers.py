"""Secrets below the surface: in base64, in headers, behind a scanner's finding; and what a finding says."""

import hashlib
from base64 import b64encode

import pytest

from tasks.model.install import ignition
from tasks.model.install.secrets import scan as secrets
from tests.builders.secret_kinds import in_file

HIDDEN = "PASSWORD=sesame-open-99\n"


def kinds(path: str, content: str, *leaks: secrets.Leak) -> list[str]:
    """Return the kinds of what is found in one entry, whose path's parts are words."""
    return [each.kind for each in secrets.scan([ignition.Entry(tuple(path.split(" ")), content)], leaks)]


def coded(content: str | bytes) -> str:
    return b64encode(content if isinstance(content, bytes) else content.encode()).decode()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (coded(HIDDEN), True),
        (f"first: {coded('only words of a language, more of them')}\nsecond: {coded(HIDDEN)}\n", True),
        (f"first: {coded(bytes(range(128, 160)))}\nsecond: {coded(HIDDEN)}\n", True),
        (coded(HIDDEN + "\x01"), False),
        (coded(bytes(range(128, 160)) + HIDDEN.encode()), False),
        (f"{'x ' * 4999}x\x01\n{HIDDEN}", False),
        (f"{'x ' * 5000}\x01\n{HIDDEN}", True),
    ],
    ids=["alone", "the second", "after no text", "with a control character", "no text", "a program", "looks like text"],
)
def test_base64_is_opened_where_it_holds_text(content: str, found: bool) -> None:
    """A program's bytes hold chance words; whether a file is one shows in its first 10,000 characters."""
    assert kinds("storage files[/etc/a] contents source", content) == (["secret-setting"] if found else [])


def test_names_and_paths_are_not_opened_but_what_has_several_words_is() -> None:
    """A path may look like base64; a kernel argument has a name and a value."""
    assert kinds("storage files[/etc/a] path", coded(HIDDEN)) == []
    assert kinds("ignition config merge[0] source", coded(HIDDEN)) == ["secret-setting"]
    assert kinds("kernelArguments shouldExist[0]", HIDDEN.strip()) == ["secret-setting"]


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie"])
def test_a_header_is_judged_by_its_own_name(header: str) -> None:
    """Not by the name of the file that is fetched with it."""
    path = "storage files[/etc/token] contents httpHeaders[{}] value"
    assert kinds(path.format(header), "Basic abc") == ["http-header"]
    assert kinds(path.format("Accept"), "text/plain") == []


@pytest.mark.parametrize("address", ["https://a.example/x?token=abcdef12", "S3+HTTPS://a.example/x?sig=abcdef12"])
def test_an_address_that_carries_a_secret_is_found(address: str) -> None:
    """In a text, it is what its setting is called."""
    assert kinds("storage files[/etc/a] contents source", address) == ["url-with-credentials"]
    assert kinds("storage files[/etc/a] contents source", f"see {address}") != ["url-with-credentials"]


@pytest.mark.parametrize(
    ("secret", "found"),
    [("bob:sesame", True), ("'bob:two words'", True), ("bob:$PASS", False), ("bob", False), ("bob:", False)],
)
def test_a_login_that_the_scanner_finds_needs_a_password(secret: str, found: bool) -> None:
    """A name is none, and neither is a variable."""
    leak = secrets.Leak(0, "curl-auth-user", f"curl -u {secret}", secret)
    assert kinds("storage files[/etc/a] contents source", "x", leak) == (["curl-auth-user"] if found else [])


def test_a_finding_says_why_and_how_it_may_be_allowed() -> None:
    """The allowance has the kind, and the beginning of the content's hash."""
    (found,) = secrets.scan([in_file("/etc/a", HIDDEN)], [])
    assert found.why == "anyone who opens the page can read it (secret-setting), even if it is encoded"
    assert found.allowance == f"secret-setting {hashlib.sha256(HIDDEN.encode()).hexdigest()[:12]}"
