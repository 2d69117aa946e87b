"""What an owner writes and ours replaces."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.firstboot import UNIT
from tasks.model.install.ignition import flatten
from tasks.model.install.overridden import overridden

POLICY = "/etc/containers/policy.json"


def file(path: str, text: str) -> dict[str, Any]:
    return {"storage": {"files": [{"path": path, "contents": {"source": f"data:,{quote(text)}"}}]}}


def unit(name: str = UNIT, **fields: object) -> dict[str, Any]:
    return {"systemd": {"units": [{"name": name, **fields}]}}


OURS = file(POLICY, "ours") | unit(enabled=True, contents="[Unit]\n")


def child(config: dict[str, Any]) -> dict[str, Any]:
    return {"ignition": {"config": {"merge": [{"source": f"data:,{quote(json.dumps(config))}"}]}}}


@pytest.mark.parametrize(
    ("own", "place", "words"),
    [
        (file(POLICY, "mine"), f"files[{POLICY}]", "the repository's own file instead"),
        (child(file(POLICY, "mine")), f"files[{POLICY}]", "the repository's own file instead"),
        (unit(enabled=False), "enabled", "every machine switches: leave it out, or type ./inv ignition --no-switch"),
        (unit(contents="[Unit]\nAfter=a\n"), "contents", "the repository's own unit instead"),
    ],
)
def test_a_wish_that_has_no_effect_is_named(own: dict[str, Any], place: str, words: str) -> None:
    """At its own place, also in a config that the config carries."""
    ((path, why),) = overridden(flatten(json.dumps(own)), OURS)
    assert path[-1] == place
    assert words in why


@pytest.mark.parametrize(
    "own",
    [
        file(POLICY, "ours"), file("/etc/a", "mine"), unit(enabled=True), unit("a.service", enabled=False),
        unit("a.service", contents="x"), unit(dropins=[{"name": "proxy.conf", "contents": "x"}]),
        {"storage": {"files": [{"path": POLICY, "overwrite": True}]}},
    ],
)  # fmt: skip
def test_what_stays_as_it_is_written_passes(own: dict[str, Any]) -> None:
    """The same bytes, other files and units, and drop-ins."""
    assert list(overridden(flatten(json.dumps(own)), OURS)) == []
    assert list(overridden(flatten(json.dumps(file(POLICY, "mine"))), {})) == []
