"""Publishing in the lab: stable only ever points at an image that was verified, signed and accepted."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, checked, ready_folder
from tests.lab.published import (
    IMAGE,
    LOGIN,
    attest,
    carry_images,
    digest_of,
    host_takes,
)

UNSIGNED = ("unsigned", "tampered", "differently-named")


def test_stable_is_what_was_published_and_a_host_takes_it(published: Clone) -> None:
    """It starts with a login and ends with a host that pulls without one."""
    assert digest_of(published) == digest_of(published, "candidate")
    assert host_takes(published, ":stable").returncode == 0


def test_publishing_again_has_nothing_to_do(published: Clone) -> None:
    """It prints the digest, and builds, pushes and moves nothing."""
    before = digest_of(published)
    done = published.lab("inv publish")
    assert (done.returncode, done.stdout.strip()) == (0, before)
    assert "podman" not in done.stderr


def test_the_key_is_private_and_never_overwritten(published: Clone) -> None:
    """It has mode 0600, is outside the checkout, and a second keygen is refused."""
    key = published.path / ".lab/everyday/home/.config/custom-coreos/signing.key"
    before = key.read_text()
    assert oct(key.stat().st_mode & 0o777) == "0o600"
    assert_three_lines(published.lab("inv keygen"), "a key exists already", "--rotate")
    assert key.read_text() == before


def test_history_lists_both_and_diff_tells_them_apart(published: Clone) -> None:
    """They read records and SBOMs, and pull nothing."""
    found = checked(published.lab("inv history --json").stdout, "history")["images"]
    assert [(image["stable"], image["signed"], image["verified"]) for image in found] == [
        (True, True, True),
        (False, True, True),
    ]
    done = published.lab("inv diff stable~1 stable --json")
    changes = checked(done.stdout, "diff")["changes"]
    assert {(change["kind"], change["name"]) for change in changes} == {("lock", "inputs"), ("file", "/etc/motd")}
    assert "pull" not in done.stderr


def test_the_sbom_is_found_again_and_validates(published: Clone, tmp_path: Path) -> None:
    """Oras finds it, as any tool would; spdx-tools validates it."""
    listing = f"oras discover --format json {IMAGE}:stable --artifact-type application/spdx+json"
    found = json.loads(published.lab(listing).stdout)
    rows = found.get("referrers") or found["manifests"]
    assert len(rows) == 1
    pulled = published.lab(f"oras pull -o {tmp_path} {IMAGE}@{rows[0]['digest']}")
    assert pulled.returncode == 0, pulled.stderr
    argv = [f"{ready_folder(published)}/venv/bin/pyspdxtools", "-i", f"{tmp_path}/sbom.spdx.json"]
    valid = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    document = json.loads((tmp_path / "sbom.spdx.json").read_text())
    names = {package["name"] for package in document["packages"]}
    assert {"kernel-core", "zfs", "tailscale"} <= names
    assert any(file["fileName"] == "./etc/motd" for file in document["files"])


@pytest.mark.full
def test_a_rollback_and_the_way_back(published: Clone) -> None:
    """Stable goes back by one, a host accepts it, the newer image can be promoted again, and --expect is checked."""
    newest = digest_of(published)
    back = published.lab("inv rollback")
    assert back.returncode == 0, back.stderr
    assert "inv block --inputs" in back.stderr
    assert digest_of(published) == back.stdout.strip() != newest
    assert host_takes(published, ":stable").returncode == 0
    assert_three_lines(published.lab("inv rollback"), "nothing to roll back to")
    assert_three_lines(published.lab(f"inv promote {newest} --expect {newest}"), "another run moved it")
    assert_three_lines(published.lab(f"inv promote {newest} --expect latest"), "is not an image by digest")
    here = published.lab(f"inv rollback --to {digest_of(published)}")
    assert (here.returncode, "already" in here.stderr, "inv block" in here.stderr) == (0, True, False)
    assert published.lab(f"inv promote {newest}").returncode == 0
    assert "already" in published.lab(f"inv promote {newest}").stderr


@pytest.mark.full
def test_a_rollback_that_was_killed_before_its_record_is_finished_by_the_next(published: Clone) -> None:
    """The next one goes no further back: the tag stays, and its record says where it came from."""
    newest = digest_of(published)
    older = json.loads(published.lab("inv history --json").stdout)["images"][-1]["digest"]
    moved = f"skopeo --insecure-policy copy --preserve-digests docker://{IMAGE}@{older} docker://{IMAGE}:stable"
    assert published.lab(moved).returncode == 0
    done = published.lab("inv rollback")
    assert (done.returncode, done.stdout.strip()) == (0, older), done.stderr
    assert "writing its record now" in done.stderr
    images = json.loads(published.lab("inv history --json").stdout)["images"]
    assert max(images, key=lambda image: str(image["last_promoted"]))["digest"] == older
    assert published.lab(f"inv promote {newest}").returncode == 0


@pytest.mark.parametrize("kind", ["wrongly-signed", *(pytest.param(kind, marks=pytest.mark.full) for kind in UNSIGNED)])
def test_a_foreign_image_is_refused_by_promote_and_by_hosts(published: Clone, kind: str) -> None:
    """Stable does not move."""
    before = digest_of(published)
    pushed = published.lab(f"{published.path}/tests/lab/foreign.sh {kind} {IMAGE}")
    assert pushed.returncode == 0, pushed.stderr
    digest = pushed.stdout.strip().splitlines()[-1]
    assert_three_lines(published.lab(f"inv promote {digest}"), "stable is not moved", "signature")
    refused = host_takes(published, f"@{digest}")
    assert refused.returncode != 0
    assert "signature" in refused.stderr.lower()
    assert digest_of(published) == before


@pytest.mark.full
def test_a_registry_that_does_not_answer_has_refused_no_signature(published: Clone) -> None:
    """A promotion asks again; if that lasts, its error is about the network, and not about a key."""
    newest, first = (image["digest"] for image in json.loads(published.lab("inv history --json").stdout)["images"])
    for world in ("signature-502", "signature-gone"):
        carry_images(published, world)
    done = published.lab(f"{LOGIN} && inv promote {first} --allow-downgrade", "signature-502")
    assert (done.returncode, done.stdout.strip().splitlines()[-1:]) == (0, [first]), done.stderr
    done = published.lab(f"{LOGIN} && inv promote {first} --allow-downgrade", "signature-gone")
    assert_three_lines(done, "could not be checked", "502 Bad Gateway", "(tried 3 times)", "check the network")
    assert "FAILED" not in done.stderr
    assert newest == digest_of(published)


def test_an_attestation_is_asked_for_in_actions(published: Clone) -> None:
    """None exists here, so promote refuses; --no-promote stops before that."""
    newest = digest_of(published)
    first = json.loads(published.lab("inv history --json").stdout)["images"][1]["digest"]
    done = published.lab(f"GITHUB_ACTIONS=true inv promote {first} --allow-downgrade")
    assert_three_lines(done, "attestation: no attestation is attached")
    assert digest_of(published) == newest


@pytest.mark.full
def test_an_attestation_must_be_of_this_digest_and_of_this_kind(published: Clone) -> None:
    """It also reports what cannot be checked offline."""
    newest, first = (image["digest"] for image in json.loads(published.lab("inv history --json").stdout)["images"])
    attest(published, first, newest, "https://slsa.dev/provenance/v1")
    assert_three_lines(published.lab(f"GITHUB_ACTIONS=true inv promote {first}"), "for another digest")
    attest(published, first, first, "https://example.org/other")
    assert_three_lines(published.lab(f"GITHUB_ACTIONS=true inv promote {first}"), "for another digest")
    attest(published, first, first, "https://slsa.dev/provenance/v1")
    done = published.lab(f"GITHUB_ACTIONS=true inv promote {first}")
    assert done.returncode == 0, done.stderr
    assert "its signature is not checked" in done.stderr
    assert published.lab(f"inv promote {newest}").returncode == 0


def test_the_wrong_passphrase_and_no_key_are_told(published: Clone) -> None:
    """The error comes before anything moves."""
    before = digest_of(published)
    assert_three_lines(published.lab("HOME=/tmp inv publish --rebuild"), "the private half of", "backup key")
    bad = published.lab("SIGNING_PASSPHRASE=wrong inv publish --rebuild")
    assert_three_lines(bad, "could not be read", "decryption failed", "SIGNING_PASSPHRASE")
    assert "STEP" not in bad.stderr
    assert_three_lines(published.lab("SIGNING_KEY=abc inv publish"), "this is not a signing key")
    assert digest_of(published) == before


def test_without_a_login_nothing_is_built(published: Clone) -> None:
    """The error names the one command that helps."""
    done = published.lab("REGISTRY_AUTH_FILE=/nowhere inv publish --rebuild")
    assert_three_lines(done, "no login for ghcr.io", "podman login --authfile")
    assert "STEP" not in done.stderr


@pytest.mark.full
def test_a_deleted_stable_comes_back(published: Clone) -> None:
    """Somebody, or another tool's cleanup, deleted it."""
    tag = published.path / f".lab/everyday/registry/ghcr.io/docker/registry/v2/repositories/{IMAGE[8:]}/_manifests/tags"
    subprocess.run(["rm", "-r", str(tag / "stable")], check=True)
    done = published.lab("inv publish")
    assert done.returncode == 0, done.stderr
    assert digest_of(published) == done.stdout.strip()


BAD_DAYS = {
    "private": ("without a login", "visibility to public", "github.com/users/samhclark/packages"),
    "other-digest": ("not what was pushed", "nothing was promoted"),
    "put-500": ("could not be pushed",),
    "login-expires": ("could not be pushed", "login"),
    "private-organisation": ("visibility to public", "github.com/orgs/samhclark/packages/container/custom-coreos"),
}


@pytest.mark.full
@pytest.mark.parametrize("world", BAD_DAYS)
def test_a_bad_day_moves_nothing_and_the_next_run_finishes(published: Clone, world: str) -> None:
    """Each runs in its own registry, on its first publication ever."""
    key = published.path / ".lab/everyday/home/.config/custom-coreos/signing.key"
    publish = f"{LOGIN}; inv publish --key {key}"
    assert_three_lines(published.lab(publish, world), *BAD_DAYS[world])
    tags = published.path / f".lab/{world}/registry/ghcr.io/docker/registry/v2/repositories/{IMAGE[8:]}/_manifests/tags"
    assert not (tags / "stable").exists()
    path = published.path / f"lab/worlds/{world}.toml"
    bad = path.read_text()
    path.write_text('like = "everyday"\ndescription = "the day after"\n')
    try:
        again = published.lab(publish, world)
    finally:
        path.write_text(bad)
    assert again.returncode == 0, again.stderr
    assert (tags / "stable/current/link").read_text() == again.stdout.strip()


@pytest.mark.full
def test_one_failed_request_costs_no_publication(published: Clone) -> None:
    """A push whose upload and whose manifest get one 5xx each is tried again."""
    key = published.path / ".lab/everyday/home/.config/custom-coreos/signing.key"
    done = published.lab(f"{LOGIN}; inv publish --key {key}", "put-500-once")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trying again in 1 s") == 1  # podman itself tries again after a 502, but not after a 500
    log = published.own("put-500-once/requests.jsonl").read_text().splitlines()
    assert [status for line in log if (status := json.loads(line)["status"]) >= 500] == [500, 502]


def test_a_release_that_openzfs_takes_back_stays_and_is_named(published: Clone) -> None:
    """The machines run it, so a day with nothing new stays one; --json has the sentence for the watchdog."""
    carry_images(published, "release-taken-back")
    shown = checked(published.lab("inv versions --json", "release-taken-back").stdout, "versions")
    assert (shown["verdict"], shown["chosen"]["zfs"]) == ("SKIP", "2.4.4")
    assert any("OpenZFS 2.4.4 is published, and GitHub does not list it" in note for note in shown["notes"])
