"""The page from which people install a machine."""

from tasks.flows.site import render
from tasks.model.install import page
from tasks.model.login.logins import Login
from tasks.model.registry.diff import Change
from tests.builders.values import NOW


def test_the_default_address_is_the_repository_s_page() -> None:
    """That also holds if the repository is the owner's page itself."""
    assert page.base_url("", "owner/name") == "https://owner.github.io/name/"
    assert page.base_url("", "owner/owner.github.io") == "https://owner.github.io/"
    assert page.base_url("http://10.0.0.2:8000", "o/n") == "http://10.0.0.2:8000/"


def test_changes_are_told_in_a_few_words() -> None:
    """It names versions, counts the rest, and leaves out what only programs need."""
    changes = [
        Change.of("lock", "kernel", "7.1.9", "7.2.1"), Change.of("lock", "inputs", "a", "b"),
        Change.of("package", "a", "1", "2"), Change.of("package", "b", "1", "2"), Change.of("package", "c", "", "2"),
        Change.of("file", "etc/a", "x", "y"),
    ]  # fmt: skip
    assert page.summary(changes) == ("kernel 7.1.9 → 7.2.1", "2 packages upgraded", "1 package added", "1 file changed")
    assert page.packages(changes) == ("a 1 → 2", "b 1 → 2", "c none → 2")


def shown(*logins: Login, fetched: tuple[str, ...] = ()) -> page.Page:
    return page.Page(
        image="ghcr.io/o/n", source="https://github.com/o/n", base_url="https://o.github.io/n/", hash="sha512-00",
        logins=logins, fetched=fetched, keys=("cosign.pub",), verifying="cosign.pub", policy={}, images=(),
        verdict="BLOCKED", reasons=("<script>alert(1)</script>",), made=NOW, max_age_days=14,
    )  # fmt: skip


def test_the_page_without_an_image_says_so_and_text_is_never_markup() -> None:
    """It is for the time before the first publication; a reason or a key with angle brackets stays text."""
    html = render(shown(Login("core", "<b>me</b> (SHA256:x)")))
    assert "Nothing is published yet" in html
    assert "What the next image is waiting for" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "<li><code>core</code>: &lt;b&gt;me&lt;/b&gt; (SHA256:x)</li>" in html


def test_the_page_says_whose_keys_it_installs() -> None:
    """A stranger sees that nobody gave them a key; what the machine fetches may add one."""
    assert "so nobody can log in." in render(shown())
    assert "nobody can log in" not in render(shown(Login("core", "me")))
    may = "The machine also fetches a config from <code>https://a/b.ign</code>, which may add others."
    fetching = render(shown(fetched=("https://a/b.ign",)))
    assert may in fetching
    assert "nobody can log in" not in fetching
