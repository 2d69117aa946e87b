"""Others write to the registry while an image is published: one publisher loses, and no entry of a list is lost."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.lab.conftest import Clone, assert_three_lines, fresh_clone
from tests.lab.published import IMAGE, LATE_ORAS, STALE_ORAS, digest_of, host_takes, with_oras

pytestmark = pytest.mark.full


def test_of_two_publishers_at_once_one_loses_and_says_so(published: Clone, tmp_path: Path) -> None:
    """Stable is one of the two, and a host accepts it."""
    other = fresh_clone(tmp_path / "other")
    shutil.copytree(published.own("overlay-root"), other.path / "overlay-root", dirs_exist_ok=True)
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


@pytest.mark.parametrize(("when", "left"), [("verified", "0:0"), ("verified", "-1:"), ("spdx", "0:0")])
def test_what_a_stale_list_loses_is_written_again(published: Clone, tmp_path: Path, when: str, left: str) -> None:
    """Else a record or the SBOM is lost, and retention counts the image as bad."""
    script = STALE_ORAS.replace("IMAGE", IMAGE).replace("LEFT", left).replace("WHEN", when)
    done = with_oras(published, tmp_path, script, "publish --rebuild", f"STALE={tmp_path}/stale")
    assert done.returncode == 0, done.stderr
    assert "lost entries; writing it again" in done.stderr
    listing = f"oras discover --distribution-spec v1.1-referrers-tag --format json {IMAGE}:stable"
    attached = published.lab(listing).stdout
    assert attached.count("spdx+json") >= 1
    for kind in ("verified", "promoted"):
        assert f"{kind}.v1+json" in attached


def test_a_move_that_ends_after_the_record_was_written_is_seen(published: Clone, tmp_path: Path) -> None:
    """Another publisher checked before the tag moved, and moves it late: promote waits for such a move."""
    newest = digest_of(published)
    older = json.loads(published.lab("inv history --json").stdout)["images"][-1]["digest"]
    done = with_oras(published, tmp_path, LATE_ORAS, f"promote {older}", f"LATE={IMAGE}@{newest}")
    assert_three_lines(done, "another run moved it")
    assert digest_of(published) == newest
