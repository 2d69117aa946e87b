"""Plain Invoke in a Python environment with the runtime packages: the same recipes, without the launcher."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, ready_folder

LACKING = [
    (["butane"], "butane"),
    (["ignition"], "butane"),
    (["versions"], "skopeo"),
    (["build", "--force"], "skopeo"),
    (["verify", "custom-coreos:stable"], "podman"),
]


@pytest.fixture(scope="module")
def plain(clone: Clone) -> str:
    """Return Invoke's own `inv` from the recipes' environment."""
    return str(ready_folder(clone) / "venv/bin/inv")


def typed(program: str, *words: str, cwd: Path, path: str = "/nowhere") -> subprocess.CompletedProcess[str]:
    """Type a recipe while no tool is on the PATH."""
    argv, environment = [program, *words], {"PATH": path, "HOME": str(cwd)}
    return subprocess.run(argv, cwd=cwd, env=environment, input="", capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("words", "tool"), LACKING)
def test_a_tool_that_is_missing_is_named_and_so_is_the_launcher(
    clone: Clone, plain: str, words: list[str], tool: str
) -> None:
    """Plain Invoke installs nothing, not even from a subfolder."""
    done = typed(plain, *words, cwd=clone.path / "docs")
    assert_three_lines(done, tool, "on the PATH", "through ./inv")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verisons"], "No idea what 'verisons' is!"),
        (["versions", "--nonsense"], "No idea what '--nonsense' is!"),
        (["cleanup", "--retention-days=abc"], "--retention-days abc is not a number"),
    ],
)
def test_what_is_typed_wrong_is_no_traceback(clone: Clone, plain: str, words: list[str], said: str) -> None:
    """Invoke reports the mistakes that it finds itself."""
    done = typed(plain, *words, cwd=clone.path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  stream: stable", "\tstream: stable", "no tabs"),
        ("  stream: stable", "  stream stable", "':'"),
        ("  stream: stable", "  hold_days: 7\n  stream: stable", "already in line"),
        ("custom_coreos:", "custom_coreo:", "did you mean custom_coreos?"),
        ("tasks.cli.Executor", "tasks.cli.Exekutor", "tasks.executor_class"),
        ("tasks:\n ", "run: foo\ntasks:\n ", "run is wrong"),
    ],
)
def test_a_mistake_in_invoke_yaml_is_three_lines_with_its_line(
    own_clone: Clone, plain: str, old: str, new: str, said: str
) -> None:
    """A list, help and a recipe say the same, before Invoke itself reads the file."""
    own_clone.replace("invoke.yaml", old, new)
    launched = [own_clone.inv(*words) for words in (["--list"], ["versions"], ["--help", "versions"])]
    for done in (*launched, typed(plain, "--list", cwd=own_clone.path), typed(plain, "butane", cwd=own_clone.path)):
        assert_three_lines(done, "invoke.yaml", "why: line ", said)


def test_without_invoke_yaml_the_error_restores_it(own_clone: Clone, plain: str) -> None:
    """Tab still completes."""
    (own_clone.path / "invoke.yaml").unlink()
    for done in (own_clone.inv("--list"), typed(plain, "versions", cwd=own_clone.path)):
        assert_three_lines(done, "invoke.yaml could not be read", "git checkout invoke.yaml")
    assert "versions" in own_clone.inv("--complete", "--", "inv", "ver").stdout


@pytest.mark.full
def test_it_decides_builds_and_writes_as_the_launcher_does(clone: Clone, plain: str) -> None:
    """The tools are installed; `-R` shows what it would do, and does nothing."""
    (clone.path / "ignition.json").unlink(missing_ok=True)
    for recipe in ("versions", "build --force", "-R ignition"):
        done = clone.lab(f"{plain} {recipe}")
        assert done.returncode == 0, done.stderr
    assert "$ podman build" in clone.lab(f"{plain} -R build --force --rebuild").stderr
    assert not (clone.path / "ignition.json").exists()
    assert_three_lines(clone.lab(f"{plain} versions", "quay-down"), "could not be read", "connection refused")


def test_ctrl_c_is_three_lines(clone: Clone, plain: str) -> None:
    """It may first wait for an answer that is on its way; the launcher does not."""
    done = clone.lab(f"timeout --foreground -s INT 2 {plain} versions", "github-slow")
    assert "interrupted\n  why: " in done.stderr
    assert "Traceback" not in done.stderr


def test_the_launcher_goes_before_or_behind_it(clone: Clone, plain: str, tmp_path: Path) -> None:
    """Whichever is first on the PATH runs the same recipes; a link to the launcher works from any folder."""
    (tmp_path / "inv").symlink_to(clone.path / "inv")
    words = ["inv", "check-compatibility", "--zfs", "2.4.4", "--kernel", "7.1.9-200.fc44.x86_64"]
    answers = set()
    for first, folder in ((str(tmp_path), "/"), (str(Path(plain).parent), str(clone.path / "docs"))):
        environment = {**os.environ, "PATH": f"{first}:{os.environ['PATH']}"}
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1


@pytest.mark.full
def test_pip_makes_that_environment_from_the_checkout(own_clone: Clone, tmp_path: Path) -> None:
    """`pip install .` installs the packages and Invoke, no module of ours, and leaves the checkout unchanged."""
    before = sorted(path.name for path in own_clone.path.iterdir())
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    pip = [str(tmp_path / "env/bin/pip"), "--quiet", "install", str(own_clone.path)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in own_clone.path.iterdir()) == before
    packages = next((tmp_path / "env/lib").glob("python3*/site-packages"))
    assert not {"tasks", "tasks.py", "lab", "tests", "tools"} & {path.name for path in packages.iterdir()}
    assert_three_lines(typed(str(tmp_path / "env/bin/inv"), "versions", cwd=own_clone.path), "skopeo", "through ./inv")
