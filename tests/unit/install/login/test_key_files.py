"""Files with keys that sshd does not take."""

from typing import Any

import pytest

from tasks.model.install.login.key_files import untaken
from tasks.model.install.merged import Merged
from tests.builders.merged_configs import ED25519, user, warned

FILE = "/home/core/.ssh/authorized_keys"
CORE = {"user": {"name": "core"}}


def found(*items: dict[str, Any], key: str = ED25519, strict: str = "", **config: Any) -> list[tuple[str, str]]:
    """Return the last part of each place, and why; an item is a directory, unless it is the file."""
    files = [{"contents": {"source": f"data:,{key}"}, **each} for each in items if each["path"].endswith("keys")]
    if strict:
        files.append({"path": "/etc/ssh/sshd_config.d/1.conf", "contents": {"source": f"data:,StrictModes%20{strict}"}})
    folders = [each for each in items if not each["path"].endswith("keys")]
    whole = {"storage": {"files": files, "directories": folders}, **config}
    return [(place[-1], why.partition(": ")[2]) for place, why in untaken(Merged(whole, (), (), ()))]


ROOT_ONLY, OTHERS = (
    "only root may read it: set `user: {name: core}`",
    "others may write here: take that out of its mode",
)


@pytest.mark.parametrize(
    ("items", "place", "why"),
    [
        ([{"path": FILE, "mode": 0o600}], f"files[{FILE}]", ROOT_ONLY),
        ([{"path": f"/var{FILE}", "mode": 0o400}], f"files[/var{FILE}]", ROOT_ONLY),
        ([{"path": FILE, "mode": 0o664, **CORE}], f"files[{FILE}]", OTHERS),
        ([{"path": FILE, "mode": 0o666}], f"files[{FILE}]", OTHERS),
        ([{"path": FILE, "user": {"name": "ann"}}], f"files[{FILE}]", "it belongs to ann: set `user: {name: core}`"),
        ([{"path": FILE}, {"path": "/home/core/.ssh", "mode": 0o700}], "directories[/home/core/.ssh]", ROOT_ONLY),
        ([{"path": FILE}, {"path": "/var/home/core/", "mode": 0o775, **CORE}], "directories[/var/home/core/]", OTHERS),
        ([{"path": "/root/.ssh/authorized_keys", "mode": 0o620}], "files[/root/.ssh/authorized_keys]", OTHERS),
    ],
)  # fmt: skip
def test_keys_that_sshd_does_not_take_are_named(items: list[dict[str, Any]], place: str, why: str) -> None:
    """Their user cannot read them, or others could add their own."""
    assert found(*items) == [(place, why)]
    assert found(*items, key="no key") == []


@pytest.mark.parametrize(
    "items",
    [
        [{"path": FILE}], [{"path": FILE, "mode": None}], [{"path": FILE, "mode": 0o644}],
        [{"path": FILE, "mode": 0o600, **CORE}],
        [{"path": FILE, "mode": 0o600, "user": {"id": 1000}}],
        [{"path": FILE, "mode": 0o640, "group": {"name": "core"}}],
        [{"path": "/root/.ssh/authorized_keys", "mode": 0o600}],
        [{"path": FILE}, {"path": "/home/core/.ssh", "mode": 0o700, **CORE}],
        [{"path": FILE}, {"path": "/home/core/.ssh", "mode": 0o755}],
        [{"path": FILE}, {"path": "/home/core/share", "mode": 0o777}], [{"path": "/srv/keys", "mode": 0o600}],
    ],
)  # fmt: skip
def test_keys_that_sshd_takes_pass(items: list[dict[str, Any]]) -> None:
    """Root's own file that everybody may read is as good as the user's."""
    assert found(*items) == []


def test_without_strict_modes_only_reading_counts() -> None:
    """And where Ignition makes the folder itself, nobody knows its owner here."""
    assert found({"path": FILE, "mode": 0o666}, strict="no") == []
    assert found({"path": FILE, "mode": 0o666}, strict="yes")
    assert found({"path": FILE, "mode": 0o600}, strict="no")
    folder = {"path": "/home/core/.ssh", "mode": 0o700}
    assert found({"path": FILE}, folder, **user()) == []
    file = {"path": FILE, "mode": 0o600, "contents": {"source": f"data:,{ED25519}"}}
    assert len(warned({"storage": {"files": [file]}})) == 1
