"""The podman that a machine gets: the system's if it passes the proof, else our own."""

from pathlib import Path

import pytest

from tools import install, proof, report
from tools.install import Machine
from tools.table import Tool, read_tools

PODMAN = next(tool for tool in read_tools() if tool.name == "podman")


class Trial(Machine):
    """A machine whose podman gives these answers to its proof; it records what is done to it."""

    def __init__(self, folder: Path, *answers: int) -> None:
        super().__init__(folder / "cache/ready/key", read_tools())
        self.distribution = "debian"
        self.answers, self.done, self.is_complete = list(answers), list[str](), True

    def tried(self, _: Tool) -> tuple[int, str]:
        """Return the next answer."""
        return self.answers.pop(0), "podman's words"

    def complete(self, _: Tool) -> bool:
        """Record the call if something beside the tool is missing."""
        if self.is_complete:
            return False
        self.done.append("install the rest")
        return True

    def build(self, tools: list[Tool]) -> None:
        """Record the call."""
        self.done += [f"build {tool.name}" for tool in tools]

    def use_runc(self) -> None:
        """Record the call."""
        self.done.append("use runc")


@pytest.mark.parametrize(
    ("answers", "done"),
    [
        ((0,), []),
        ((proof.CANNOT_SIGN, 0), ["build podman"]),
        ((proof.CANNOT_RUN, 0), ["use runc"]),
        ((proof.CANNOT_SIGN, proof.CANNOT_RUN, 0), ["build podman", "use runc"]),
    ],
)
def test_podman_is_compiled_only_where_the_distributions_cannot_sign(
    tmp_path: Path, answers: tuple[int, ...], done: list[str]
) -> None:
    """Runc is only used if containers do not run without it."""
    trial = Trial(tmp_path, *answers)
    trial.prove(PODMAN)
    assert trial.done == done


@pytest.mark.parametrize("status", [proof.CANNOT_WORK, proof.CANNOT_RUN])
def test_what_belongs_to_podman_is_installed_before_anything_else_is_tried(tmp_path: Path, status: int) -> None:
    """A podman that was installed without its recommended packages lacks uidmap, passt or a runtime."""
    trial = Trial(tmp_path, status, 0)
    trial.is_complete = False
    trial.prove(PODMAN)
    assert trial.done == ["install the rest"]


@pytest.mark.parametrize(
    ("answers", "done"),
    [
        ((proof.CANNOT_SIGN, proof.CANNOT_SIGN), ["build podman"]),
        ((proof.CANNOT_SIGN, proof.CANNOT_WORK), ["build podman"]),
        ((proof.CANNOT_WORK,), []),  # without subordinate ids there is no storage, for another podman either
    ],
)
def test_a_podman_that_cannot_be_made_to_work_is_an_error_in_its_words(
    tmp_path: Path, answers: tuple[int, ...], done: list[str]
) -> None:
    """Three lines quote podman; nothing is compiled in vain, and our own podman does not stay before the system's."""
    trial = Trial(tmp_path, *answers)
    own = trial.ready / "bin/podman"
    own.parent.mkdir(parents=True)
    own.touch()
    with pytest.raises(report.SetupError, match=r"podman does not do what it must\n  why: podman's words\n  next: "):
        trial.prove(PODMAN)
    assert trial.done == done
    assert not own.exists()


@pytest.mark.parametrize(
    ("switch", "user", "podman", "named"),
    [
        ("1\n", 1000, "/home/o/.cache/custom-coreos/go/x/podman", True),
        ("1\n", 1000, "/usr/bin/podman", False),
        ("1\n", 0, "/home/o/.cache/custom-coreos/go/x/podman", False),
        ("0\n", 1000, "/home/o/.cache/custom-coreos/go/x/podman", False),
    ],
)
def test_where_apparmor_keeps_a_podman_of_our_own_from_user_namespaces_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str, user: int, podman: str, *, named: bool
) -> None:
    """This is an ordinary user of Ubuntu 24.04; podman's own words there are "failed to reexec: Permission denied"."""
    (tmp_path / "switch").write_text(switch)
    monkeypatch.setattr(install, "USERNS_SWITCH", tmp_path / "switch")
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("shutil.which", lambda _: podman)
    with pytest.raises(report.SetupError) as error:
        Trial(tmp_path, proof.CANNOT_WORK).prove(PODMAN)
    assert ("AppArmor lets ordinary users make user namespaces only with /usr/bin/podman" in str(error.value)) == named
