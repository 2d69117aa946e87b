"""Several publishers at once: one wins, and the others notice."""

import json
import re
import shutil
from pathlib import Path

from tests.lab.conftest import Clone, assert_three_lines, fresh_clone, ready_folder
from tests.lab.published import IMAGE, digest_of, host_takes


def test_of_two_publishers_at_once_one_loses_and_says_so(published: Clone, tmp_path: Path) -> None:
    """Stable is one of the two, and a host accepts it."""
    other = fresh_clone(tmp_path / "other")
    shutil.copytree(published.path / "overlay-root", other.path / "overlay-root", dirs_exist_ok=True)
    for clone in (published, other):
        (clone.path / "overlay-root/etc/motd").write_text(f"{clone.path}\n")
    storage = f'[storage]\\ndriver = "overlay"\\ngraphroot = "{tmp_path}/graph"\\nrunroot = "/run/other"\\n'
    both = (
        f"printf '{storage}' > {tmp_path}/storage.conf;"
        f"(cd {other.path} && CONTAINERS_STORAGE_CONF={tmp_path}/storage.conf ./inv publish; echo $?) 2>&1 &"
        f"inv publish 2> {tmp_path}/err; echo $?; wait; umount {tmp_path}/graph/overlay || true"
    )
    done = published.lab(both)
    said = done.stdout + (tmp_path / "err").read_text()
    digests = {line for line in done.stdout.splitlines() if re.fullmatch("sha256:[0-9a-f]{64}", line)}
    assert sorted(line for line in done.stdout.splitlines() if line in ("0", "1")) == ["0", "1"], said
    assert "another run moved it" in said
    assert digest_of(published) in digests
    assert host_takes(published, ":stable").returncode == 0


LATE_ORAS = """#!/bin/bash
PATH=${PATH#*:}
oras "$@" || exit
case "$*" in *promoted*) oras tag --registry-config ~/.docker/config.json "$LATE" stable > /dev/null 2>&1 & esac
"""


def test_a_move_that_ends_after_the_record_was_written_is_seen(published: Clone, tmp_path: Path) -> None:
    """Another publisher checked before the tag moved, and moves it late: promote waits for such a move."""
    newest = digest_of(published)
    older = json.loads(published.lab("inv history --json").stdout)["images"][-1]["digest"]
    (tmp_path / "oras").write_text(LATE_ORAS)
    (tmp_path / "oras").chmod(0o755)
    promote = f"{ready_folder(published)}/venv/bin/python {published.path}/tasks.py promote {older}"
    done = published.lab(f"cd {published.path} && LATE={IMAGE}@{newest} PATH={tmp_path}:$PATH {promote}")
    assert_three_lines(done, "another run moved it")
    assert digest_of(published) == newest
