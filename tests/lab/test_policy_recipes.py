"""No policy that accepts our name without our signature gets through the recipes that a user types."""

import json

import pytest

from tasks.model.signing import POLICY
from tests.lab.conftest import Clone, assert_three_lines, checked
from tests.lab.test_policy import ANYTHING, CERTIFICATES, DROP_IN

PUBLISHED = "ghcr.io/samhclark/custom-coreos"
HOLE = f"accepts {PUBLISHED}:stable without a signature"
SHIPPED = f"overlay-root/{POLICY}"


def with_hole(clone: Clone) -> None:
    """Let the policy of a clone accept one tag unsigned."""
    own, name = str(clone.own(SHIPPED).relative_to(clone.path)), f'"{PUBLISHED}"'
    clone.replace(own, name, f'"{PUBLISHED}:stable": {json.dumps(ANYTHING)}, {name}')


def test_a_hole_stops_build_publish_and_ignition_and_verify_finds_it(own_clone: Clone) -> None:
    """Each names it; verify finds it in an image that somebody else built; keygen --policy closes it."""
    assert own_clone.lab("inv keygen && inv build").returncode == 0
    good = own_clone.own(SHIPPED).read_text()
    with_hole(own_clone)
    done = own_clone.lab("inv build; inv ignition; inv publish")
    assert_three_lines(done, HOLE, "keygen --policy")
    assert done.stderr.count(HOLE) == 3
    copied = f"FROM localhost/custom-coreos:stable\\nCOPY {SHIPPED} /etc/containers/\\n"
    foreign = f"printf '{copied}' | podman build -q -t wrong -f - . > /dev/null"
    done = own_clone.lab(f"{foreign} && inv verify localhost/wrong --json")
    faults = {row["name"]: row["fault"] for row in checked(done.stdout, "verify")["checks"] if row["fault"]}
    assert HOLE in faults["host-policy"]
    assert own_clone.lab("inv keygen --policy").returncode == 0
    assert own_clone.own(SHIPPED).read_text() == good


@pytest.mark.full
def test_a_blocked_registry_stops_build_and_ignition_and_verify_finds_it(own_clone: Clone) -> None:
    """The image and a base image's own registries.conf are tried together with the policy."""
    blocked = '[[registry]]\nlocation = "ghcr.io"\nblocked = true\n'
    assert own_clone.lab("inv keygen && inv build && inv verify custom-coreos:stable").returncode == 0
    file = own_clone.path / "overlay-root" / DROP_IN
    file.parent.mkdir()
    file.write_text(blocked)
    copied = f"FROM localhost/custom-coreos:stable\\nCOPY overlay-root/{DROP_IN} /{DROP_IN}\\n"
    done = own_clone.lab(f"printf '{copied}' | podman build -q -t wrong -f - . && inv verify localhost/wrong")
    assert done.returncode == 1
    assert "registry ghcr.io is blocked" in done.stderr
    done = own_clone.lab("inv build; inv ignition")
    assert_three_lines(done, "registry ghcr.io is blocked", "registries.conf")
    assert done.stderr.count("registry ghcr.io is blocked") == 2


@pytest.mark.full
def test_half_a_pair_of_certificates_stops_build_and_verify_finds_it(own_clone: Clone) -> None:
    """No host could pull the next image."""
    assert own_clone.lab("inv keygen && inv build").returncode == 0
    half = f"{CERTIFICATES}/ghcr.io/client.cert"
    file = own_clone.path / "overlay-root" / half
    file.parent.mkdir(parents=True)
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    copied = f"FROM localhost/custom-coreos:stable\\nCOPY overlay-root/{half} /{half}\\n"
    done = own_clone.lab(f"printf '{copied}' | podman build -q -t wrong -f - . && inv verify localhost/wrong")
    assert done.returncode == 1
    assert f"/{half} needs" in done.stderr
    assert_three_lines(own_clone.lab("inv build"), f"/{half} needs", "correct these files")


@pytest.mark.full
def test_lint_and_doctor_name_a_hole(own_clone: Clone) -> None:
    """Before anything is built."""
    assert own_clone.lab("inv keygen").returncode == 0
    with_hole(own_clone)
    assert HOLE in own_clone.lab("inv lint").stderr
    assert HOLE in own_clone.lab("inv doctor").stdout
