"""Connections that NetworkManager ignores."""

from typing import Any

import pytest

from tests.builders.merged_configs import warned, with_file

FOLDER = "/etc/NetworkManager/system-connections"


@pytest.mark.parametrize(
    ("path", "mode", "ignored"),
    [
        (f"{FOLDER}/a.nmconnection", 0o644, True), (f"{FOLDER}/a.nmconnection", None, True),
        (f"{FOLDER}/a", 0o640, True), (f"{FOLDER}/a", 0o601, True), (f"{FOLDER}/a.nmconnection", 0o600, False),
        (f"{FOLDER}/a.nmconnection", 0o400, False), (f"{FOLDER}/.a", 0o644, False), (f"{FOLDER}/a~", 0o644, False),
        ("/etc/NetworkManager/conf.d/a.conf", 0o644, False), (f"{FOLDER}/a/b", 0o644, False),
    ],
)  # fmt: skip
def test_a_connection_is_for_root_alone(path: str, mode: int | None, ignored: bool) -> None:
    """NetworkManager ignores a file that others may read; Ignition's own mode is 0644."""
    config: dict[str, Any] = with_file(path, "x")
    config["storage"]["files"][0]["mode"] = mode
    assert any("NetworkManager ignores" in why and "`mode: 0600`" in why for why in warned(config)) == ignored
