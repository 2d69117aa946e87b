"""Registries that hang, refuse and answer nonsense: reads are bounded and repeated; "refused" never means "missing"."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked, fresh_clone
from tests.lab.published import LOGIN
from tests.lab.test_resolve import BUILD, STABLE
from tests.lab.test_versions import KERNEL

READ_SECONDS = 20
STRANGER = "ghcr.io does not show samhclark/custom-coreos without a login: it does not exist yet, or it is private"


@pytest.fixture(scope="module")
def one_401(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone with a published image, whose public tag is refused once each time its lab opens."""
    made = fresh_clone(tmp_path_factory.mktemp("reads") / "custom-coreos")
    done = made.lab(BUILD, "one-401")
    assert done.returncode == 0, done.stderr
    yield made
    made.inv("lab-clean")


SKOPEO = """#!/bin/sh
case "$*" in {pattern})
    cat {to} << 'END'
{said}
END
    exit {status} ;;
esac
PATH=${{PATH#*:}} exec skopeo "$@"
"""


def with_skopeo(clone: Clone, pattern: str, said: str, status: int) -> str:
    """Return a setting that puts a skopeo first on the PATH; it prints and does this if its arguments match."""
    path = Path(clone.path, "bin/skopeo")
    path.parent.mkdir(exist_ok=True)
    path.write_text(SKOPEO.format(pattern=pattern, to=">&2" if status else "", said=said, status=status))
    path.chmod(0o755)
    return f"PATH={path.parent}:$PATH"


@pytest.mark.full
def test_one_refusal_of_the_public_tag_changes_nothing(one_401: Clone) -> None:
    """With and without a login, readers with skopeo and the others know what is published."""
    for login in ("rm -rf ~/.docker", LOGIN):
        shown = checked(one_401.lab(f"{login}; inv versions --json", "one-401").stdout, "versions")
        assert (shown["verdict"], shown["notes"]) == ("SKIP", [])
    assert (
        f"stable is {shown['published']['image'].partition('@')[2]}"
        in one_401.lab("rm -rf ~/.docker; inv doctor", "one-401").stdout
    )
    cleaned = one_401.lab("GITHUB_TOKEN=lab-token inv cleanup", "one-401")
    assert cleaned.returncode == 0, cleaned.stderr
    log = (one_401.path / ".lab/one-401/requests.jsonl").read_text().splitlines()
    refused = [line for line in log if '"status": 401' in line and "custom-coreos/manifests/stable" in line]
    assert sum(json.loads(line)["authorized"] for line in refused) >= 2  # skopeo's requests, which had a token


def test_words_in_skopeos_message_are_no_answer_of_the_registry(one_401: Clone) -> None:
    """They may be about a file on this machine: the image still exists."""
    words = 'time="x" level=fatal msg="open /run/auth.json: permission denied, or file not found"'
    skopeo = with_skopeo(one_401, "*custom-coreos:*", words, 1)
    done = one_401.lab(f"{skopeo} inv versions", "one-401")
    assert_three_lines(done, "custom-coreos:stable could not be read", "permission denied", "(tried 3 times)")


@pytest.mark.full
def test_a_lasting_refusal_is_an_error(own_clone: Clone) -> None:
    """With and without a login, in every way of reading, the next line says what to do."""
    what = "custom-coreos:stable could not be read", "403", "(tried 3 times)"
    kmods = "docker://ghcr.io/samhclark/fedora-zfs-kmods:zfs-2.4.4_kernel-7.1.9-200.fc44.x86_64"
    shown = own_clone.lab(f"{LOGIN}; skopeo copy --quiet {kmods} docker://ghcr.io/samhclark/custom-coreos:x", "refused")
    assert shown.returncode == 0, shown.stderr  # the package exists, and strangers can see it
    for recipe in ("inv versions", "inv history"):
        words = "it requires a login", "log in: podman login"
        assert_three_lines(own_clone.lab(f"rm -rf ~/.docker; {recipe}", "refused"), *what, *words)
        words = "has no right to read samhclark/custom-coreos", "read:packages: podman login"
        assert_three_lines(own_clone.lab(f"{LOGIN}; {recipe}", "refused"), *what, *words)


def test_a_login_that_is_not_taken_is_an_error(own_clone: Clone) -> None:
    """It may have expired, and then nobody knows what is published."""
    spoil = """sed -i 's/"auth": *"[^"]*"/"auth": "b3duZXI6b2xk"/' ~/.docker/config.json"""
    done = own_clone.lab(f"{LOGIN}; {spoil}; inv history")
    assert_three_lines(done, "custom-coreos:stable could not be read", "log in again")
    done = own_clone.lab("inv versions")
    assert_three_lines(done, "does not accept the login in", "log in again: podman login", "(tried 3 times)")


@pytest.mark.full
def test_what_is_not_published_yet_is_told_in_true_words(own_clone: Clone) -> None:
    """A stranger cannot distinguish it from a private package; a login shows that it does not exist."""
    shown = checked(own_clone.lab("inv versions --json").stdout, "versions")
    assert (shown["verdict"], shown["notes"]) == ("BUILD", [f"{STRANGER} (tried 2 times)"])
    assert STRANGER in own_clone.lab("inv doctor").stdout
    shown = checked(own_clone.lab(f"{LOGIN}; inv versions --json").stdout, "versions")
    assert (shown["verdict"], shown["notes"]) == ("BUILD", [f"{STABLE} does not exist yet"])


def test_our_own_kmods_without_a_tag_are_an_error(clone: Clone) -> None:
    """An existing repository has tags; the kmods that were built here must not seem to be gone."""
    assert_three_lines(
        clone.lab("inv versions", "own-kmods-unlisted"), "ghcr.io/samhclark/custom-coreos-kmods lists no"
    )


@pytest.mark.parametrize("answer", ['{"Tags": null}', '{"Tags": []}', ""])
def test_kmods_without_a_tag_are_an_error(own_clone: Clone, answer: str) -> None:
    """Nobody waits for them: an empty list means that the registry does not answer correctly."""
    skopeo = with_skopeo(own_clone, "*list-tags*", answer, 0) if answer else "true;"
    done = own_clone.lab(f"{skopeo} inv versions", "everyday" if answer else "kmods-unlisted")
    assert_three_lines(done, "ghcr.io/samhclark/fedora-zfs-kmods lists no tags")


@pytest.mark.parametrize(
    ("recipe", "world", "said"),
    [
        ("kernel-version", "quay-hangs-once", KERNEL),
        pytest.param("versions", "ghcr-hangs-once", "BUILD", marks=pytest.mark.full),
    ],
)
def test_a_connection_that_hangs_costs_twenty_seconds(clone: Clone, recipe: str, world: str, said: str) -> None:
    """The next one is answered, in skopeo's reads and in ours."""
    begun = time.monotonic()
    done = clone.lab(f"inv {recipe}", world)
    assert said in done.stdout.splitlines(), done.stderr
    assert READ_SECONDS < time.monotonic() - begun < 2 * READ_SECONDS


@pytest.mark.full
def test_a_registry_that_always_hangs_is_given_up(clone: Clone) -> None:
    """That takes little more than a minute, and the error gives the number of tries."""
    begun = time.monotonic()
    done = clone.lab("inv kernel-version", "quay-hangs")
    assert_three_lines(done, "skopeo did not finish within 20 s (tried 3 times)")
    assert time.monotonic() - begun < 4 * READ_SECONDS


def test_a_program_that_panics_is_told_by_its_first_line(own_clone: Clone) -> None:
    """The error does not quote the last line of its trace."""
    trace = "panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:1 +0x1"
    done = own_clone.lab(f"{with_skopeo(own_clone, '*', trace, 2)} inv kernel-version")
    assert_three_lines(done, "skopeo ended with 2: panic: runtime error: index out of range [3] (tried 3 times)")
