"""Configs of butane.yaml for the lab, and what `inv ignition` says about each."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.lab.conftest import fresh_clone

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"
HEAD = f"variant: fcos\nversion: 1.6.0\npasswd: {{users: [{{name: core, ssh_authorized_keys: [{KEY}]}}]}}\n"
OTHER = "variant: flatcar\nversion: 1.1.0\n"
IGNITION = '{"ignition": {"version": "3.4.0"}}'
CHILD = """ignition:
  config:
    merge:
      - inline: |
          {"ignition": {"version": "3.5.0"},
           "storage": {"files": [{"path": "etc/b"}]}}
"""
HOLE = '{"default": [{"type": "insecureAcceptAnything"}]}'


def merge(*children: str) -> str:
    """Return a config that merges children, each one line of YAML."""
    return "ignition: {config: {merge: [" + ", ".join(f"{{{child}}}" for child in children) + "]}}\n"


def storage(kind: str, *items: str) -> str:
    return f"storage: {{{kind}: [{', '.join(f'{{{item}}}' for item in items)}]}}\n"


def passwd(users: str, groups: str = "") -> str:
    return f"passwd: {{users: [{users}], groups: [{groups}]}}\n"


def mount(name: str, where: str, install: str) -> str:
    text = rf"[Mount]\nWhat=tank/a\nWhere={where}\nType=zfs\n[Install]\n{install}\n"
    return f'systemd: {{units: [{{name: {name}.mount, enabled: true, contents: "{text}"}}]}}\n'


def unit(fields: str) -> str:
    return f"systemd: {{units: [{{name: custom-coreos-switch.service, {fields}}}]}}\n"


def file(name: str) -> str:
    return name.replace("/", "-")


def some(names: Iterable[str]) -> list[object]:
    """Return all names as parameters, most of them only for --full: each costs a second."""
    return [pytest.param(name, marks=pytest.mark.full) if number % 4 else name for number, name in enumerate(names)]


def chosen(request: pytest.FixtureRequest, given: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return the cases whose tests run."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    names = {item.callspec.params["name"] for item in items}
    return {name: case for name, case in given.items() if name in names}


def typed_in(top: Path, given: Mapping[str, tuple[str, str]]) -> Iterator[Path]:
    """Type `inv ignition` with each case as butane.yaml; return the folder with what it said and its exit status."""
    clone = fresh_clone(top / "custom-coreos")
    cases, partials = clone.path / "cases", clone.path / "partials"
    for folder in (cases, partials, clone.path / "tree"):
        folder.mkdir()
    (partials / "users.yaml").write_text(HEAD)
    (partials / "empty").touch()
    (clone.path / "tree/db.container").write_text("[Container]\nEnvironment=POSTGRES_PASSWORD=made-up-and-long\n")
    (clone.path / "tree/a").write_text("a")
    os.mkfifo(clone.path / "pipe")
    for link in ("out", "42"):
        (clone.path / link).symlink_to("/etc/shadow")
    for name, (text, _) in given.items():
        head = HEAD.rpartition("passwd")[0] if text.startswith("passwd") else HEAD
        (cases / file(name)).write_text((OTHER if name == "another system" else head) + text)
    one = 'cp "$case" butane.yaml; inv ignition > /dev/null 2> "$case.said"; echo $? > "$case.status"'
    done = clone.lab(f"inv keygen && for case in cases/*; do {one}; done")
    assert done.returncode == 0, done.stderr
    yield cases
    clone.inv("lab-clean")
