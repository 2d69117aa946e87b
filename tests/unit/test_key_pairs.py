"""Where the private key comes from, that hosts know it, and that no program that starts later sees it."""

import json
import os
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tasks.clients import key_pairs, shell, workspace
from tasks.clients.key_pairs import Key
from tasks.flows import doctor_looks
from tasks.model.doctor import Health
from tasks.model.errors import TaskError
from tasks.model.signing import KEYS, HostFiles
from tests.builders.keys import pem

WORDS = "it opens"


def private(name: str) -> str:
    """Return what looks like the private half of `pem(name)`."""
    return f"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{name}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"


SHIPPED = HostFiles({f"{KEYS}/{name}.pub": pem(name) for name in ("cosign", "cosign-2", "backup")})


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the empty folder of private keys; host-policy opens each with one passphrase."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SIGNING_KEY", raising=False)
    monkeypatch.setenv("SIGNING_PASSPHRASE", WORDS)

    def attempt(argv: list[str], *, stdin: str, **_: object) -> CompletedProcess[str]:
        assert argv == ["host-policy", "public-key"]
        given = json.loads(stdin)
        public = pem(given["private"].splitlines()[1]).decode()
        fits = given["passphrase"] == WORDS
        return CompletedProcess(argv, not fits, public if fits else "", "" if fits else "decryption failed")

    monkeypatch.setattr(shell, "attempt", attempt)
    made = tmp_path / "custom-coreos"
    made.mkdir()
    return made


def put(folder: Path, file: str, name: str, *, public: bool = True) -> Path:
    """Write a pair, or only its private half; return the private half's path."""
    path = folder / file
    path.write_text(private(name))
    path.chmod(0o600)
    if public:
        path.with_suffix(".pub").write_bytes(pem(name))
    return path


def assert_nobody_else_sees_it() -> None:
    """Programs inherit the environment."""
    assert not {"SIGNING_KEY", "SIGNING_PASSPHRASE"} & set(os.environ)


def test_the_key_leaves_the_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """It is read once, with its passphrase."""
    put(folder, "signing.key", "cosign-2")
    monkeypatch.setenv("SIGNING_KEY", private("cosign"))
    assert key_pairs.read_key("", SHIPPED) == Key(private("cosign"), WORDS)
    assert_nobody_else_sees_it()


def test_the_key_leaves_the_environment_when_a_file_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The file that the user names counts, not the variable."""
    monkeypatch.setenv("SIGNING_KEY", private("cosign"))
    named = put(folder, "mine", "cosign-2", public=False)
    assert key_pairs.read_key(str(named), SHIPPED) == Key(private("cosign-2"), WORDS)
    assert_nobody_else_sees_it()


@pytest.mark.parametrize("value", ["abc", ""])
@pytest.mark.usefixtures("folder")
def test_the_key_leaves_the_environment_when_it_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A word that is no key, or an empty variable, is an error."""
    monkeypatch.setenv("SIGNING_KEY", value)
    with pytest.raises(TaskError):
        key_pairs.read_key("", SHIPPED)
    assert_nobody_else_sees_it()


@pytest.mark.parametrize("source", ["SIGNING_KEY", "named"])
def test_a_key_that_hosts_do_not_know_signs_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> None:
    """The error comes before anything is built, and names what ships."""
    named = put(folder, "mine.key", "stolen")
    if source == "SIGNING_KEY":
        monkeypatch.setenv("SIGNING_KEY", private("stolen"))
    with pytest.raises(TaskError) as caught:
        key_pairs.read_key(str(named) if source == "named" else "", SHIPPED)
    error = caught.value
    assert error.what == f"hosts would refuse what {named if source == 'named' else source} signs"
    assert f"{KEYS}/cosign-2.pub" in error.why
    assert ("gh secret set SIGNING_KEY" if source == "SIGNING_KEY" else "--key") in error.next


def test_the_end_of_a_passphrases_line_is_not_part_of_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Podman cuts it off, so a key must be made and opened without it."""
    put(folder, "signing.key", "cosign")
    monkeypatch.setenv("SIGNING_PASSPHRASE", f"{WORDS}\r\n")
    assert key_pairs.passphrase() == WORDS
    assert key_pairs.read_key("", SHIPPED).passphrase == WORDS


def test_a_wrong_passphrase_is_named_before_the_build(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """It would end the push, an hour later."""
    put(folder, "signing.key", "cosign")
    monkeypatch.setenv("SIGNING_PASSPHRASE", "does not")
    with pytest.raises(TaskError, match="could not be read") as caught:
        key_pairs.read_key("", SHIPPED)
    assert (caught.value.why, "SIGNING_PASSPHRASE" in caught.value.next) == ("decryption failed", True)


@pytest.mark.parametrize(
    ("pairs", "chosen"),
    [
        ({"signing.key": "cosign", "signing-2.key": "cosign-2"}, "signing.key"),
        ({"signing.key": "gone", "signing-2.key": "cosign-2"}, "signing-2.key"),
        ({"signing-2.key": "cosign", "signing-10.key": "cosign-2"}, "signing-2.key"),
        ({"signing-10.key": "cosign", "signing-2.key": "cosign-2"}, "signing-10.key"),
        ({"other.key": "cosign", "signing-x.key": "cosign", "signing-3.key": "cosign-2"}, "signing-3.key"),
    ],
)
@pytest.mark.parametrize("public", [True, False])
def test_the_oldest_key_that_ships_signs(folder: Path, pairs: dict[str, str], chosen: str, public: bool) -> None:
    """During a rotation, machines may know only that one; a key whose .pub was deleted signs nothing any more."""
    for file, name in pairs.items():
        put(folder, file, name, public=public)
    assert key_pairs.read_key("", SHIPPED).pem == (folder / chosen).read_text()
    assert doctor_finding(SHIPPED) == (Health.OK, str(folder / chosen))


def doctor_finding(shipped: HostFiles) -> tuple[Health, str]:
    """Return the state that doctor finds, and the path with which its sentence begins."""
    os.environ["SIGNING_PASSPHRASE"] = WORDS  # read_key has removed it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "host_files", lambda: shipped)
        finding = doctor_looks._private_key()
    return finding.state, finding.message.split()[0]


def test_keys_none_of_which_ships_are_named(folder: Path) -> None:
    """They may be of another repository, or from before a theft."""
    put(folder, "signing.key", "gone")
    put(folder, "signing-2.key", "gone-2")
    with pytest.raises(TaskError, match="private half of etc/pki/cosign") as caught:
        key_pairs.read_key("", SHIPPED)
    assert all(f"{folder}/{name}" in caught.value.why for name in ("signing.key", "signing-2.key"))
    assert doctor_finding(SHIPPED)[0] is Health.FAILED
    assert doctor_finding(HostFiles({}))[0] is Health.WARNING


def test_a_key_that_is_not_there_is_said_so(folder: Path, tmp_path: Path) -> None:
    """A name that does not exist, a folder, and nothing at all."""
    for file, said in ((str(tmp_path / "x"), "x does not exist"), ("", "SIGNING_KEY is not set"), (str(folder), "Is")):
        with pytest.raises(TaskError) as caught:
            key_pairs.read_key(file, SHIPPED)
        assert said in caught.value.why


def test_doctor_tries_the_key_in_the_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A workflow's secret may still be the key from before."""
    assert not list(folder.iterdir())
    for name, state in (("cosign", Health.OK), ("gone", Health.FAILED)):
        monkeypatch.setenv("SIGNING_KEY", private(name))
        assert doctor_finding(SHIPPED)[0] is state
    assert doctor_finding(HostFiles({}))[0] is Health.OK


def test_a_pair_from_a_killed_keygen_counts(folder: Path) -> None:
    """Its public half ships; only its own file has not its last name yet."""
    path = put(folder, "signing.key", "cosign")
    path.with_suffix(".pub").rename(path.with_suffix(".pub.new"))
    assert key_pairs.found(SHIPPED, "") == (key_pairs.Found(path, f"{KEYS}/cosign.pub"),)


def test_a_key_that_nobody_can_open_here_is_no_failure_of_doctor(folder: Path) -> None:
    """Only the passphrase, which may be elsewhere, could tell."""
    put(folder, "signing.key", "cosign", public=False)
    (found,) = key_pairs.found(SHIPPED, "wrong")
    assert (found.shipped, "decryption failed" in found.unknown) == ("", True)
