"""Secrets are found by their form, by their name and by their place."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.model.install import ignition
from tasks.model.install.secrets import scan as secrets
from tests.builders.secret_kinds import Kind, in_file, table

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"
NAMES = ("PASSWORD", "db_password", "dbPassword", "smtp-passwd", "WIFI_PSK", "API_TOKEN", "client_secret", "authKey")
FORMS = ("{}={}", '"{}": "{}"', "{}: {}")
values = st.from_regex(r"[a-z]{4}[a-z0-9]{4,20}[0-9]", fullmatch=True)
references = st.sampled_from(
    ("", "$PASSWORD", "${DB}", "$(cat /run/pw)", "/run/secrets/db", "%d/db", "<your password>")
)


def said(path: str, content: str) -> ignition.Entry:
    return ignition.Entry(tuple(path.split(" ")), content)


def is_found(path: str, content: str) -> bool:
    return secrets.scan([in_file(path, content)], []) != ()


def leak(rule: str, match: str = "", secret: str = "") -> secrets.Leak:
    return secrets.Leak(0, rule, match, secret)


def test_the_table_of_kinds_has_what_was_promised() -> None:
    """It has 150 kinds and more, in both directions."""
    kinds = table()
    assert len(kinds) >= 150
    assert all(kind.secret and kind.public for kind in kinds)


@pytest.mark.parametrize("kind", [kind for kind in table() if not kind.scanner], ids=lambda kind: kind.name)
def test_each_kind_is_found(kind: Kind) -> None:
    """Our own rules find it, without gitleaks."""
    assert [text for text in kind.secret if not is_found(kind.path, text)] == []


@pytest.mark.parametrize("kind", table(), ids=lambda kind: kind.name)
def test_what_looks_alike_passes(kind: Kind) -> None:
    """Examples are names, paths, variables, placeholders, addresses, and what is encrypted."""
    assert [text for text in kind.public if is_found(kind.path, text)] == []


@given(
    name=st.sampled_from(NAMES), value=values, form=st.sampled_from(("{}={}", '"{}": "{}"', "{}: {}", "app --{} {}"))
)
def test_a_value_with_a_secrets_name_is_found_in_every_form(name: str, value: str, form: str) -> None:
    """Forms are environment variables, JSON, YAML and options of commands."""
    assert is_found("/etc/app/a", form.format(name, value))


@given(name=st.sampled_from(NAMES), value=references, form=st.sampled_from(FORMS))
def test_a_value_that_only_names_its_place_passes_in_every_form(name: str, value: str, form: str) -> None:
    """Examples are variables, files and placeholders."""
    assert not is_found("/etc/app/a", form.format(name, value))


@given(
    name=st.sampled_from(NAMES),
    value=values,
    about=st.sampled_from(("_FILE", "_PATH", "_LENGTH", "_COMMAND", "_URL", "Policy", "-timeout")),
)
def test_a_setting_about_a_secret_passes(name: str, value: str, about: str) -> None:
    """Its name only begins like a secret's."""
    assert not is_found("/etc/app/a", f"{name}{about}={value}")


@given(value=values)
@example(value="aesa00000")  # no cipher
def test_what_is_encrypted_passes_and_what_is_beside_it_is_found(value: str) -> None:
    """SOPS leaves names readable, and maybe a value that was forgotten."""
    encrypted = "db_password: ENC[AES256_GCM,data:Tr7o,iv:1A==,tag:1A==,type:str]\n"
    assert not is_found("/etc/secrets/a.yaml", encrypted)
    assert is_found("/etc/secrets/a.yaml", f"{encrypted}api_token: {value}\n")


def test_letters_with_a_longer_lower_case_move_nothing() -> None:
    """Turkish has one."""
    assert is_found("/etc/app/a", f"{'İ' * 20}\nname=bob\nPASSWORD=sesame\n")


@settings(deadline=2000)
@given(character=st.sampled_from("a0/.-_=:$\\\"' \nAg"), tail=st.sampled_from(("", "!", " x", '"', "\n=")))
def test_no_text_keeps_the_search_busy(character: str, tail: str) -> None:
    """A regular expression that tries everything would take for ever."""
    text = f"password={character * 20_000}{tail}"
    assert is_found("/etc/app/secret.conf", f"{text}\n\npassword=sesame\n")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("passwd users[core] passwordHash", "*"),
        ("passwd users[core] sshAuthorizedKeys[0]", KEY),
        ("storage files[/etc/secret] contents source", "nothing of note in here, only words of a language"),
        ("storage files[/etc/pki/cosign.key] contents source", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZ"),
        ("storage files[/etc/hosts] contents httpHeaders[Accept] value", "text/plain"),
        ("storage files[/etc/a] contents source", "https://example.com/a?token="),
        ("storage files[/etc/ca.pem] contents source", "https://pki.example.org/certs/Home-Root-CA-2024-X1.pem"),
        ("storage files[/etc/ca.pem] contents verification hash", f"sha256-{'61eff558' * 8}"),
        ("storage files[/etc/yum.repos.d/a.key] contents source", "https://example.org/RPM-GPG-KEY-example-2024"),
        ("storage luks[a] keyFile source", "https://keys.example/a"),
    ],
)
def test_what_is_public_anyway_is_no_finding(path: str, content: str) -> None:
    """Examples are locked passwords, public keys, words, and addresses with a hash."""
    assert secrets.scan([said(path, content)], []) == ()


def test_each_place_is_found_once_and_says_what_to_do() -> None:
    """Two rules may find it."""
    one = said("passwd users[core] passwordHash", "$6$a$b")
    (found,) = secrets.scan([one], [leak("generic"), leak("other")])
    assert (found.kind, found.entry) == ("password-hash", one)
    assert "SSH key" in found.instead


def test_every_kind_in_a_file_is_named() -> None:
    """Whoever allows one of them sees the others; a rule that guesses says nothing more."""
    file = in_file("/etc/app/a.env", "API_TOKEN=abcdef12\nURL=https://bob:sesame@example.org\n")
    leaks = [leak(rule, "API_TOKEN=abcdef12", "abcdef12") for rule in ("github-pat", "generic-api-key")]
    (found,) = secrets.scan([file], leaks)
    assert found.kind == "github-pat+login-in-address"


@pytest.mark.parametrize("more", ["SMTP_PASSWORD=hunter22", "smtp --password 'two words'", "TOKEN=abc${X:-sesame}d"])
def test_a_guess_about_another_value_is_named_too(more: str) -> None:
    """Whoever allows a hash does not allow the password below it."""
    file = in_file("/etc/app/a.env", f"ADMIN_TOKEN=$argon2id$v=19$m=65540$q8J2mX4vK9\n{more}\n")
    (found,) = secrets.scan([file], [leak("password-hash", "", "$argon2id$v=19$m=65540$q8J2mX4vK9")])
    assert found.kind == "password-hash+secret-setting"
    assert "SSH key" not in found.instead


@pytest.mark.parametrize(
    ("match", "secret"),
    [
        ("KEY_FILE=q8J2mX4vK9pL3nR7", "q8J2mX4vK9pL3nR7"),
        ("key: https://example.org/q8J2mX4vK9", "https://example.org/q8J2mX4vK9"),
        ("key: 9.1.1-alpine3.24", "9.1.1-alpine3.24"),
        ("auth: example.org/a@sha256:61eff558", "example.org/a@sha256:61eff558"),
    ],
)
def test_the_scanners_guesses_are_judged(match: str, secret: str) -> None:
    """Gitleaks takes names of files, addresses and versions for keys."""
    assert secrets.scan([in_file("/etc/a", match)], [leak("generic-api-key", match, secret)]) == ()


@given(content=st.text(), more=st.text(min_size=1), kind=st.text(min_size=1))
def test_an_allowance_is_for_one_content_and_one_kind(content: str, more: str, kind: str) -> None:
    """Another text in the same file, or another kind of secret, needs another allowance."""
    allowed = secrets.Secret("token", in_file("/etc/a", content)).allowance
    assert allowed == secrets.Secret("token", in_file("/etc/b", content)).allowance
    assert allowed != secrets.Secret("token", in_file("/etc/a", content + more)).allowance
    assert allowed != secrets.Secret(f"{kind}+token", in_file("/etc/a", content)).allowance
