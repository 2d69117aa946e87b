"""Types every command of the documents that needs neither GitHub nor a machine, exactly as printed."""

import subprocess

import pytest

from lab.hosts.upstreams import KEY
from tests.documents import DOCUMENTS, ELSEWHERE, commands
from tests.lab.conftest import HOUR, Clone
from tests.lab.published import LOGIN

_BEFORE = {
    "docs/setup.md": f"echo ssh-ed25519 {KEY} me > key.pub",
    "docs/security.md": "./inv keygen",
}
_INSTEAD = {
    "podman login --authfile ~/.docker/config.json ghcr.io": LOGIN,  # does not ask any question
    "./inv publish": "./inv publish && date > overlay-root/etc/motd && ./inv publish",  # a rollback needs two images
}


@pytest.mark.full
@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_the_documents_do_what_they_say(own_clone: Clone, document: str) -> None:
    """They run in order, in an ordinary lab; the test reports the first that fails."""
    typed = [_INSTEAD.get(line, line) for line in commands(document) if line not in ELSEWHERE]
    script = "\n".join([f"cd {own_clone.path}", "export GITHUB_TOKEN=lab-token", _BEFORE.get(document, "true"), *typed])
    done = own_clone.lab(f"set -ex\n{script}", seconds=HOUR)  # --mutants takes minutes, even for one module
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.full
def test_lint_is_clean(own_clone: Clone) -> None:
    """All checks pass in a fresh clone."""
    git = ["git", "-C", str(own_clone.path), "-c", "user.name=o", "-c", "user.email=o@e"]
    for words in (["init", "-q"], ["add", "--all"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    done = own_clone.inv("lint")
    assert done.returncode == 0, done.stdout + done.stderr
