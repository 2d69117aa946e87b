"""The table of tools: everything that it names exists, and missing packages are named before anything happens."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tasks.clients import host as clients_machine
from tests.builders.recipes import RECIPES
from tools import apt, golang, install, process, report
from tools.install import Machine
from tools.table import TOOLS, Tool, read_tools


def test_every_recipe_of_the_table_exists() -> None:
    """A typo there would leave a tool uninstalled."""
    assert {recipe for tool in read_tools() for recipe in tool.recipes} - {"*"} <= {
        *RECIPES,
        "test --unit",
        "test --mutants",
    }


def test_every_go_module_of_the_table_is_pinned_and_the_other_way_round() -> None:
    """tools/go.mod names the same commands; our own programs are beside it."""
    block = re.search(r"^tool \((.*?)^\)", (TOOLS / "go.mod").read_text(), re.MULTILINE | re.DOTALL)
    assert block
    built = {tool.go for tool in read_tools() if tool.go}
    own = {f"custom-coreos/tools/{path.parent.name}" for path in TOOLS.glob("*/main.go")}
    assert set(block[1].split()) | own == built


def test_a_tool_that_is_installed_or_else_built_has_a_proof() -> None:
    """Only a trial can decide which of the two it needs."""
    assert {tool.name for tool in read_tools() if tool.debian and tool.go} == {
        tool.name for tool in read_tools() if tool.proof
    }


def test_the_name_of_a_command_is_what_go_calls_it() -> None:
    """Several commands are built at once, into one folder."""
    names = {tool.name: golang.command(tool.go) for tool in read_tools() if tool.go}
    assert names == {
        "podman": "podman", "host-policy": "hostpolicy", "oras": "oras", "butane": "internal", "gitleaks": "gitleaks",
        "ignition-merge": "ignitionmerge", "act": "act", "actionlint": "actionlint",
    }  # fmt: skip


def test_on_fedora_packages_are_named_and_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It continues with the installed packages."""
    monkeypatch.setattr(install, "distribution", lambda: "fedora")
    monkeypatch.setattr("shutil.which", lambda _: None)
    missing = [tool for tool in read_tools() if tool.name in ("podman", "skopeo", "butane")]
    Machine(tmp_path / "cache/ready/key", read_tools()).install(missing)
    assert "sudo dnf install skopeo podman butane; continuing without them" in capsys.readouterr().err


def test_a_step_that_fails_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a program that cannot start says what the program was for."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("subprocess.Popen", refuse)
    with pytest.raises(
        report.SetupError, match=r"podman could not be built\n  why: go: Permission denied\n  next: again"
    ):
        process.run(["go", "build"], what="podman could not be built", hint="again", cwd=tmp_path)


def test_a_set_up_that_is_interrupted_forgets_no_earlier_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync takes away what it is not asked for, and a recipe that was ready before would miss its packages."""
    synced: list[set[str]] = []

    def sync(argv: list[str], *, env: dict[str, str], **_: str) -> None:
        synced.append({word.removeprefix("--group=") for word in argv if word.startswith("--group=")})
        if "lab" in synced[-1] and len(synced) == 2:
            raise KeyboardInterrupt
        python = Path(env["UV_PROJECT_ENVIRONMENT"], "bin/python")
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(install, "run", sync)
    machine = Machine(tmp_path / "cache/ready/key", [])
    machine.sync_python({"dev"})
    with pytest.raises(KeyboardInterrupt):
        machine.sync_python({"lab"})
    machine.sync_python(set())
    machine.sync_python({"dev"})
    assert synced == [{"dev"}, {"dev", "lab"}, {"dev", "lab"}]


class Refusing(Machine):
    """A machine that can install no package, while a build takes a minute."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "cache/ready/key", read_tools())
        self.distribution, self.begun = "debian", threading.Event()

    def build(self, _: list[Tool]) -> None:
        """Begin."""
        self.begun.set()
        process.run(["sleep", "60"], what="nothing was built", hint="again")

    def install_packages(self, packages: list[str], tools: list[Tool]) -> None:
        """Refuse once the build has begun."""
        assert self.begun.wait(10)
        time.sleep(0.5)
        raise report.SetupError("packages could not be installed", f"{packages}", f"{tools}")


def test_packages_that_cannot_be_installed_end_what_is_built_beside(tmp_path: Path) -> None:
    """A user without sudo sees that error at once."""
    begun = time.monotonic()
    with pytest.raises(report.SetupError, match="packages could not be installed"):
        Refusing(tmp_path).install([])
    assert time.monotonic() - begun < 10


def test_a_package_is_never_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's runc and Docker's containerd.io exclude each other: the error names them, and apt runs once."""
    said = (
        "The following packages will be REMOVED:\n  containerd.io docker-ce\n"
        "The following NEW packages will be installed:\n  runc\n"
        "E: Packages need to be removed but remove is disabled.\n"
    )
    asked: list[list[str]] = []

    def refuse(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        return subprocess.CompletedProcess(argv, 100, said)

    monkeypatch.setattr("subprocess.run", refuse)
    with pytest.raises(report.SetupError) as error:
        apt.install(["runc"])
    assert str(error.value).splitlines() == [
        "Debian packages could not be installed",
        "  why: apt-get would have to remove containerd.io docker-ce, and ./inv never removes a package",
        "  next: sudo apt-get install runc",
    ]
    assert [argv for argv in asked if "--no-remove" not in argv] == []
    assert len(asked) == 1
    assert error.value.output == said


def test_what_excludes_docker_is_in_no_row() -> None:
    """The runc package is only installed if no runtime does what podman needs."""
    assert "runc" not in {package for tool in read_tools() for package in (*tool.debian, *tool.compiler)}


def test_what_decides_can_check_the_signature_of_own_kmods() -> None:
    """The workflow's job that decides installs only what its recipe's row names."""
    (judge,) = (tool for tool in read_tools() if tool.name == "host-policy")
    deciding = {"versions", "check-zfs-available", "watchdog", "build", "test-build", "publish", "site", "serve"}
    assert deciding <= set(judge.recipes)


def test_the_unit_tests_need_no_program() -> None:
    """On a bare machine they need no Debian package and no compiler."""
    asked = [tool for tool in read_tools() if tool.serves("test --unit")]
    assert {tool.name for tool in asked} == {"uv", "lab-python", "dev-python"}
    assert not any(tool.debian or tool.go for tool in asked)


def test_what_installs_a_recipes_tools_does_not_see_the_signing_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages' scripts and compilers are other people's programs; the recipe itself keeps the key."""
    seen: dict[str, str] = {}

    def spy(argv: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        seen.update(env)
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setenv("SIGNING_KEY", "the key")
    monkeypatch.setenv("SIGNING_PASSPHRASE", "opens it")
    monkeypatch.setattr("subprocess.run", spy)
    monkeypatch.setattr(clients_machine.Launcher, "ready", tmp_path)
    assert clients_machine.make_ready(["publish"])
    assert "PATH" in seen
    assert not any("SIGNING" in name for name in seen)
    assert os.environ["SIGNING_KEY"] == "the key"
