"""Ignition documents, where they come from, what they carry, and the page's words."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import TaskError
from tasks.model.install import adopt, cautions, ignition, page, secrets, source_lines
from tasks.model.registry.diff import Change
from tests.builders.values import NOW

CHILD = '{"ignition":{"version":"3.5.0"}}'
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


@given(st.text())
def test_what_is_carried_is_found_whatever_it_says(text: str) -> None:
    """Into a merged config and out again, percent-encoded, in base64, packed or not."""
    plain = base64.b64encode(text.encode()).decode()
    packed = base64.b64encode(gzip.compress(text.encode())).decode()
    files = [
        {"path": "/a", "contents": {"source": f"data:;base64,{plain}"}},
        {"path": "/b", "contents": {"source": f"data:;base64,{packed}", "compression": "gzip"}},
    ]
    child = json.dumps({"ignition": {"version": "3.5.0"}, "storage": {"files": files}})
    whole = {said.name: said.content for said in ignition.flatten(ignition.merged(CHILD, child))}
    if not text.encode().startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")) and "\0" not in text:
        assert whole["ignition.config.merge[0].storage.files[/a].contents.source"] == text
        assert whole["ignition.config.merge[0].storage.files[/b].contents.source"] == text


@given(st.permutations(["/a", "/b", "/c"]))
def test_a_place_is_the_same_in_any_order(paths: list[str]) -> None:
    """So that an allowed place never comes to mean another file."""
    files = [{"path": path, "contents": {"source": f"data:,{path[1]}"}} for path in paths]
    whole = ignition.flatten(json.dumps({"storage": {"files": files}}))
    found = {said.name: said.content for said in whole if said.path[-1] == "source"}
    assert found == {f"storage.files[/{name}].contents.source": name for name in "abc"}


@pytest.mark.parametrize("broken", ["data:;base64,@@@", "data:;base64,H4sIAAAAAAAA", "data:", "http://a/b"])
def test_what_cannot_be_unpacked_stays_as_it_is(broken: str) -> None:
    """A scan never ends at a broken data URL."""
    assert isinstance(ignition.decode(broken, compressed=True), str)


def test_all_carried_configs_are_given_to_the_validator() -> None:
    """Also those within those; a config that is fetched from elsewhere is none that we have."""
    inner = ignition.merged(CHILD, CHILD)
    whole = ignition.merged(ignition.merged(CHILD, inner), '{"ignition":{"version":"3.4.0"}}')
    assert [json.loads(child)["ignition"]["version"] for child in ignition.children(whole)] == ["3.5.0"] * 2 + ["3.4.0"]
    remote = {"ignition": {"config": {"replace": {"source": "https://example.com/a.ign"}}}}
    assert list(ignition.children(json.dumps(remote))) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("storage files[/etc/hostname] contents source", "storage.files[/etc/hostname].contents.inline, line 15"),
        ("storage files[/etc/a] contents source", "storage.files[/etc/a].contents.local, line 18"),
        ("passwd users[core] sshAuthorizedKeys[0]", "passwd.users[core].ssh_authorized_keys[0], line 8"),
        ("storage luks[root] wipeVolume", "storage.luks[root].wipe_volume, line 21"),
        ("systemd units[a.service] contents", "systemd.units[a.service].contents_local, line 25"),
        ("storage files[/made/of/a/tree] contents source", "storage.files[/made/of/a/tree], line 11"),
        ("kernelArguments shouldExist[0]", "made by butane from another key"),
    ],
)
def test_an_ignition_path_is_found_in_butane_with_its_line(path: str, place: str) -> None:
    """As deep as it can be followed."""
    assert str(source_lines.find(source_lines.load(BUTANE), tuple(path.split(" ")))) == place


def test_files_that_butane_takes_in_are_known() -> None:
    """Wherever they are named."""
    assert source_lines.local_files(source_lines.load(BUTANE)) == ("files/a", "units/a")
    assert source_lines.local_files(source_lines.load("a:\n\tb: c")) == ()


def test_a_config_that_is_replaced_would_lose_key_and_policy() -> None:
    """So it is refused; one that merges a config from elsewhere is told."""
    remote = {"source": "https://example.com/a.ign"}
    replaced = json.dumps({"ignition": {"version": "3.5.0", "config": {"replace": remote}}})
    with pytest.raises(TaskError, match="never switch"):
        ignition.merged(replaced, CHILD)
    fetched = json.dumps({"ignition": {"version": "3.5.0", "config": {"merge": [remote]}}})
    told = [why for _, why in cautions.cautions(ignition.flatten(ignition.merged(fetched, CHILD)), "o")]
    assert any("neither checked nor searched" in why for why in told)


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
    """Locked passwords, public keys, words."""
    assert secrets.scan([said(path, content)], []) == ()


def test_each_place_is_found_once_and_says_what_to_do() -> None:
    """Though two rules find it."""
    one = said("passwd users[core] passwordHash", "$6$a$b")
    (found,) = secrets.scan([one], [(0, "generic"), (0, "other")])
    assert (found.kind, found.said) == ("password-hash", one)
    assert "SSH key" in found.instead


def test_cautions_look_into_carried_configs_too() -> None:
    """A disk in a merged config is a disk of the machine."""
    child = {"storage": {"luks": [{"name": "d", "clevis": {"custom": {"pin": "tpm2", "config": '{"pcr_ids":"0,7"}'}}}]}}
    whole = ignition.flatten(ignition.merged(CHILD, json.dumps({**json.loads(CHILD), **child})))
    (tpm,) = [why for _, why in cautions.cautions(whole, "owner") if "PCR 7" in why]
    assert "recovery key" in tpm


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
    """In the forms that git clone takes."""
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
    """Also a file of which one line is none."""
    with pytest.raises(TaskError, match="no public SSH key"):
        adopt.keys(text, "a file")


HOSTNAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.sampled_from([KEY, f"{KEY} me", f"{KEY} you@there"]), max_size=3, unique=True), HOSTNAMES)
def test_adopting_twice_changes_nothing_and_keeps_every_comment(keys: list[str], hostname: str) -> None:
    """Whatever is put in, whatever was there."""
    for before in (BUTANE, "variant: fcos\nversion: 1.6.0\n"):
        once = adopt.with_machine(before, keys, hostname)
        assert adopt.with_machine(once, keys, hostname) == once
        loaded: Any = source_lines.load(once)
        assert str(loaded["storage"]["files"][0]["contents"]["inline"]) == hostname
        assert once.count("#") == before.count("#")
        if keys:
            assert loaded["passwd"]["users"][0]["ssh_authorized_keys"] == keys


def test_a_file_that_is_no_yaml_is_refused_by_name() -> None:
    """A tab, an empty file."""
    for text in ("a:\n\tb: c", ""):
        with pytest.raises(TaskError, match=r"butane\.yaml"):
            adopt.with_machine(text, [KEY], "")


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a..b", "a" * 64, "nas\n"])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    """By RFC 1123, in lower case."""
    with pytest.raises(TaskError, match="no host name"):
        adopt.require_hostname(name)


def test_the_default_address_is_the_repository_s_page() -> None:
    """Also where the repository is the owner's page itself."""
    assert page.base_url("", "owner/name") == "https://owner.github.io/name/"
    assert page.base_url("", "owner/owner.github.io") == "https://owner.github.io/"
    assert page.base_url("http://10.0.0.2:8000", "o/n") == "http://10.0.0.2:8000/"


def test_changes_are_told_in_a_few_words() -> None:
    """Versions by name, the rest by number; what only programs care for is left out."""
    changes = [
        Change.of("lock", "kernel", "7.1.9", "7.2.1"), Change.of("lock", "inputs", "a", "b"),
        Change.of("package", "a", "1", "2"), Change.of("package", "b", "1", "2"), Change.of("package", "c", "", "2"),
        Change.of("file", "etc/a", "x", "y"),
    ]  # fmt: skip
    assert page.summary(changes) == ("kernel 7.1.9 → 7.2.1", "2 packages upgraded", "1 package added", "1 file changed")
    assert page.packages(changes) == ("a 1 → 2", "b 1 → 2", "c none → 2")


def test_the_page_without_an_image_says_so_and_text_is_never_markup() -> None:
    """Before the first publication; a reason with angle brackets stays text."""
    from tasks.flows.site import render

    shown = page.Page(
        image="ghcr.io/o/n", source="https://github.com/o/n", base_url="https://o.github.io/n/", hash="sha512-00",
        keys=("cosign.pub",), policy={}, images=(), verdict="BLOCKED", reasons=("<script>alert(1)</script>",), made=NOW,
        max_age_days=14,
    )  # fmt: skip
    html = render(shown)
    assert "Nothing is published yet" in html
    assert "What is waited for" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
