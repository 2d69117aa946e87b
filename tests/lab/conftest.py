"""Lab tests type what a user types, in their own clone, with the real tools."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab import checkout
from lab.make import debian

ROOT = Path(__file__).parents[2]
PRODUCT = Path(__file__).with_name("product")  # the shipped versions of the files that an owner edits first
SECONDS = 600
HOUR = 3600

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores Ctrl-C, and so do its children
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # if it is set, Python compiles every recipe that a test types again

on_debian_12 = pytest.mark.skipif(debian.codename() != "bookworm", reason="kernels are made of Debian 12's packages")


@dataclass(frozen=True, slots=True)
class Clone:
    """A fresh copy of the repository, as a user has it after cloning."""

    path: Path

    def inv(self, *words: str, cwd: Path | None = None, seconds: int = SECONDS) -> subprocess.CompletedProcess[str]:
        """Type ./inv with these words."""
        return subprocess.run(
            [str(self.path / "inv"), *words], cwd=cwd or self.path, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def lab(self, command: str, world: str = "everyday", *, seconds: int = SECONDS) -> subprocess.CompletedProcess[str]:
        """Type one command in the lab."""
        return self.inv("lab", "-w", world, "--", command, seconds=seconds)

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit a file as a user does."""
        text = (self.path / file).read_text()
        assert old in text
        (self.path / file).write_text(text.replace(old, new))

    def own(self, file: str) -> Path:
        """Return the path of the labs' own key or policy; in a lab it is mounted at `file`."""
        return self.path / ".lab" / file


def fresh_clone(target: Path) -> Clone:
    """Copy what git would clone, work in progress included, from before anybody adopted it.

    So the tests also pass in somebody's own repository, with another image, other machines, and a key.
    """
    checkout.lay_over(target)
    checkout.remove_keys(target)
    for file in PRODUCT.iterdir():
        shutil.copy2(file, target / file.name)
    return Clone(target)


def ready_folder(clone: Clone) -> Path:
    """Return the launcher's folder for this clone's pins; its name is the sum that the launcher computes from them."""
    clone.inv("--list")
    cache = os.environ.get("CUSTOM_COREOS_CACHE") or Path.home() / ".cache/custom-coreos"
    pins = re.search(r"cat .* \| sha256sum", (clone.path / "inv").read_text())
    assert pins
    done = subprocess.run(["sh", "-c", pins[0]], cwd=clone.path, capture_output=True, text=True, check=True)
    return Path(cache, "ready", done.stdout.split()[0])


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return one clone for all tests that change no file of it; its labs are removed at the end."""
    made = fresh_clone(tmp_path_factory.mktemp("clone") / "custom-coreos")
    yield made
    made.inv("lab-clean")


@pytest.fixture
def own_clone(tmp_path: Path) -> Iterator[Clone]:
    """Return a clone that the test may damage."""
    made = fresh_clone(tmp_path / "custom-coreos")
    yield made
    made.inv("lab-clean")


@pytest.fixture(scope="session")
def built(clone: Clone) -> Clone:
    """Return the clone after `custom-coreos:stable` was built in its everyday lab from everyday.lock.json."""
    lock = clone.path / "everyday.lock.json"
    done = clone.lab(f"inv versions --lock {lock} && inv build --lock {lock}")
    assert done.returncode == 0, done.stderr
    return clone


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Return a clone with a key, a login and two published images; tests leave stable at the second."""
    from tests.lab.published import LOGIN

    made = fresh_clone(tmp_path_factory.mktemp("publish") / "custom-coreos")
    publish = f"inv keygen && {LOGIN} && inv publish && mkdir -p overlay-root/etc && date > overlay-root/etc/motd"
    done = made.lab(f"cd {made.path} && {publish} && inv publish")
    assert done.returncode == 0, done.stderr
    yield made
    made.inv("lab-clean")


def checked(answer: str, schema: str) -> dict[str, Any]:
    """Return a JSON answer after checking it against its schema."""
    document: dict[str, Any] = json.loads(answer)
    jsonschema.validate(document, json.loads(Path(ROOT, "schemas", f"{schema}.json").read_text()))
    return document


def assert_three_lines(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check that stderr ends with what, why and next, without a traceback, and the exit status is 1."""
    assert done.returncode == 1, done.stdout + done.stderr
    what, why, following = done.stderr.rstrip().splitlines()[-3:]
    assert why.startswith("  why: "), done.stderr
    assert following.startswith("  next: "), done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in f"{what}\n{why}\n{following}", done.stderr


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """No login of the machine's reaches a test, and not that it runs in a workflow."""
    for name in os.environ:
        if name.startswith("GITHUB_") or name in {"GH_TOKEN", "REGISTRY_AUTH_FILE"}:
            monkeypatch.delenv(name)
