"""The page from which people install a machine."""

from dataclasses import replace

import pytest

from tasks.clients import signer, workspace
from tasks.flows import site
from tasks.flows.site import render
from tasks.model.install import page
from tasks.model.install.login.logins import Login
from tasks.model.registry.diff import Change
from tasks.model.registry.history import Promoted
from tasks.model.signing import HostFiles
from tests.builders.values import DIGEST, NOW


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


def test_a_refused_switch_of_a_running_machine_does_not_reboot_it() -> None:
    """If it already follows the image, `bootc switch` does nothing, so the page has another command for that."""
    commands = shown().switch.splitlines()
    assert commands[-1] == "sudo bootc switch --enforce-container-sigpolicy ghcr.io/o/n:stable && sudo systemctl reboot"
    assert "<code>sudo bootc upgrade --apply</code>" in render(shown())


CURRENT = Promoted(
    digest=DIGEST, first=NOW, last=NOW, verified=True, signed=True, current=True,
    facts={"fcos-version": "44.20261110.3.0", "kernel-version": "7.1.9", "zfs-version": "2.4.4"},
)  # fmt: skip


def test_an_image_that_no_key_of_the_page_signed_is_no_image_to_install_now() -> None:
    """After a rotation without a new image: the commands to verify it would fail, and a new machine refuses it."""
    images = (page.Shown(promoted=CURRENT, changes=None),)
    warning = "None of the keys on this page has signed the image that <code>stable</code> points at."
    assert "cosign verify --key cosign.pub" in render(replace(shown(), images=images))
    assert warning not in render(replace(shown(), images=images))
    unsigned = render(replace(shown(), images=images, verifying=""))
    assert "cosign verify" not in unsigned
    assert warning in unsigned


@pytest.mark.parametrize(("signers", "key"), [(("etc/pki/cosign/cosign-2.pub",), "cosign-2.pub"), ((), "")])
def test_the_page_names_the_key_that_signed_the_image(
    monkeypatch: pytest.MonkeyPatch, signers: tuple[str, ...], key: str
) -> None:
    """Before the first image, it is the first key."""
    shipped = HostFiles({"etc/pki/cosign/cosign.pub": b"1", "etc/pki/cosign/cosign-2.pub": b"2"})
    monkeypatch.setattr(signer, "signers", lambda *_: signers)
    monkeypatch.setattr(workspace, "host_files", lambda: shipped)
    assert site.verifying("ghcr.io/o/n", DIGEST) == key
    assert site.verifying("ghcr.io/o/n", "") == "cosign.pub"
