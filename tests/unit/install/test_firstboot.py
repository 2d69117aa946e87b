"""What Ignition adds to a user's configuration."""

import json

import pytest

from tasks.model.install.firstboot import UNIT, is_harmless, snippet
from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, HostFiles

IMAGE = "ghcr.io/owner/custom-coreos"
SHIPPED = HostFiles(dict.fromkeys([f"{KEYS}/cosign.pub", POLICY, REGISTRY_ENTRY], b"x"))


def test_every_user_of_the_machine_can_read_policy_and_keys() -> None:
    """A user's podman reads them too, and only root changes them; the image's own files replace none of them."""
    files = snippet(SHIPPED, IMAGE, switch=False)["storage"]["files"]
    assert {file["path"] for file in files} == {f"/{path}" for path in SHIPPED.files}
    assert {(file["mode"], file["overwrite"]) for file in files} == {(0o644, True)}
    assert {file["contents"]["local"] for file in files} == {f"overlay-root/{path}" for path in SHIPPED.files}


def test_certificates_for_registries_stay_in_the_image() -> None:
    """Half of a pair is secret."""
    certificates = dict.fromkeys(["etc/containers/certs.d/a/client.key", "etc/docker/certs.d/a/ca.crt"], b"x")
    assert snippet(HostFiles({**SHIPPED.files, **certificates}), IMAGE, switch=True) == snippet(
        SHIPPED, IMAGE, switch=True
    )


def test_the_switch_is_a_program_that_only_root_changes() -> None:
    """Its unit is enabled, and names the image in a drop-in."""
    whole = snippet(SHIPPED, IMAGE, switch=True)
    (script,) = [file for file in whole["storage"]["files"] if file["path"].endswith("/switch")]
    assert script["mode"] == 0o755
    (unit,) = whole["systemd"]["units"]
    assert (unit["name"], unit["enabled"]) == (UNIT, True)
    assert f"IMAGE={IMAGE}:stable\n" in json.dumps(unit["dropins"]).replace("\\n", "\n")


def test_without_the_switch_no_unit_is_added() -> None:
    """The policy alone protects a machine that its owner switches by hand."""
    assert "systemd" not in snippet(SHIPPED, IMAGE, switch=False)


@pytest.mark.parametrize(
    ("text", "harmless"),
    {
        "[Service]\nEnvironment=HTTPS_PROXY=http://proxy.lan:3128\n": True,
        '[Service]\n# mine\nEnvironment = "https_proxy=http://a" no_proxy=.lan,10.0.0.0/8\n': True,
        "[Service]\nEnvironment=SSL_CERT_FILE=/etc/pki/mine.pem\n": True, "": True, "[Service]\n; later\n": True,
        "[Service]\nEnvironment=IMAGE=ghcr.io/o/n\n": False,
        "[Service]\nEnvironment=HTTPS_PROXY=http://a IMAGE=b\n": False, "[Service]\nEnvironment=\n": False,
        "[Service]\nEnvironment=HOME=/var/home/core\n": False, "[Service]\nEnvironmentFile=/etc/proxy\n": False,
        "[Service]\nExecStartPre=/bin/true\n": False, "[Unit]\nConditionPathExists=/a\n": False,
        '[Service]\nEnvironment="HTTPS_PROXY=http://a\n': False, "https://a/b": False,
    }.items(),
)  # fmt: skip
def test_a_drop_in_for_a_proxy_is_harmless(text: str, harmless: bool) -> None:
    """A home folder, a file of variables or a condition may lead to another policy, or to nothing."""
    assert is_harmless(text) is harmless
