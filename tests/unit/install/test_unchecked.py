"""What decides about a machine's images, and comes from an address."""

from typing import Any

import pytest

from tasks.model.install.merged import Merged
from tasks.model.install.unchecked import unchecked
from tests.builders.merged_configs import user, warned

HASH = {"verification": {"hash": "sha256-00"}}


def said(path: str, **contents: object) -> list[str]:
    config = {"storage": {"files": [{"path": path, "contents": contents}]}}
    found = list(unchecked(Merged(config, (), (), ())))
    assert all(place == ("storage", f"files[{path}]") for place, _ in found)
    return [why for _, why in found]


IMAGES = [
    "/etc/containers/policy.json", "/etc/pki/cosign/a.pub", "/etc/containers/registries.d/z.yaml",
    "/root/.config/containers/policy.json", "/var/roothome/.config/containers/registries.d/a.yaml",
]  # fmt: skip
UPDATES = [
    "/etc/containers/registries.conf", "/etc/containers/registries.conf.d/a.conf",
    "/etc/containers/certs.d/ghcr.io/a.crt", "/etc/docker/certs.d/ghcr.io/client.key",
]  # fmt: skip
UNITS = [
    "/etc/systemd/system/bootc-fetch-apply-updates.timer", "/etc/systemd/system/bootc-fetch-.service.d/a.conf",
    "/etc/systemd/system/service.d/a.conf", "/etc/systemd/system/timer.d/a.conf",
]  # fmt: skip
DECIDED = {
    **dict.fromkeys(IMAGES, "which images the machine accepts"),
    **dict.fromkeys(UPDATES, "whether the machine finds its updates"),
    **dict.fromkeys(UNITS, "whether the machine updates itself"),
}


@pytest.mark.parametrize("path", DECIDED)
def test_a_deciding_file_from_an_address_is_named(path: str) -> None:
    """The more sternly, the more people can change it."""
    what = DECIDED[path]
    (fixed,) = said(path, source="https://a/b", **HASH)
    assert fixed == f"unchecked: this is fetched from https://a/b, so nobody knows here {what}: write its content here"
    (mild,) = said(path, source="https://a/b")
    assert mild == f"unchecked: whoever holds https://a/b decides {what}: write its content here, or add its hash"
    (stern,) = said(path, source="http://a/b")
    assert stern == mild.replace("whoever holds https", "anyone on the way to http")
    assert said(path, source="tftp://a/b") == [stern.replace("http", "tftp")]
    assert said(path, source="http://a/b", **HASH) == [fixed.replace("https", "http")]


def test_every_part_counts() -> None:
    """What is appended too; the least safe address is named."""
    parts: Any = [{"source": "https://a/b", **HASH}, {"source": "http://a/c"}]
    config = {
        "storage": {"files": [{"path": "/etc//pki/cosign/a.pub", "contents": {"source": "data:,x"}, "append": parts}]}
    }
    ((_, why),) = unchecked(Merged(config, (), (), ()))
    assert "anyone on the way to http://a/c" in why


def test_other_files_from_an_address_pass() -> None:
    """Somebody else says something about those without a hash."""
    own = "/etc/systemd/system/bootc-a.service"
    for path in ("/etc/containers/storage.conf", "/etc/hostname", "/etc/pki/ca-trust/source/anchors/a.pem", own):
        assert said(path, source="https://a/b") == []
    assert said("/etc/containers/registries.conf", source="data:,x") == []


def test_it_is_among_the_cautions() -> None:
    """Once."""
    files = {"storage": {"files": [{"path": UPDATES[0], "contents": {"source": "https://a/b"}}]}}
    assert len(warned(user() | files)) == 1
