"""Worlds are read strictly, and the cache never returns an incomplete entry."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import world
from lab.hosts.upstreams import answer
from lab.make import cache, debian, podman, rpms
from tasks.model.errors import TaskError

STANZA = """Types: deb
# a comment
URIs: {address}
Suites: {suites}
Components: {components}
Signed-By: /usr/share/keyrings/{key}.gpg
"""
DEBIAN = STANZA.format(address="http://d/debian", suites="trixie trixie-updates", components="main", key="debian")
DOCKER = STANZA.format(address="https://download.docker.com", suites="trixie", components="stable", key="docker")
FROM_DEBIAN = "[signed-by=/usr/share/keyrings/debian.gpg] http://d/debian"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (DEBIAN, FROM_DEBIAN),
        (f"{DOCKER}\n{DEBIAN}", FROM_DEBIAN),
        (f"{DEBIAN}Enabled: no\n", ""),
        (DOCKER, ""),
        ("deb http://d/debian trixie main contrib\ndeb http://s/ trixie-security main", "http://d/debian"),
        ("deb [arch=amd64 signed-by=/k.gpg] http://d/debian trixie main", "[signed-by=/k.gpg] http://d/debian"),
        ("# deb http://d/debian trixie main\ndeb http://x/y cloud-sdk-trixie main", ""),
    ],
)
def test_only_the_distributions_own_archive_is_its_mirror(text: str, line: str) -> None:
    """Another's archive for the same release does not count (Docker documents one), nor does a disabled archive."""
    found = [archive.line for archive in debian.Archive.parse(text) if archive.is_base("trixie")]
    assert found == ([line] if line else [])


def test_a_list_of_mirrors_is_followed_to_its_first(tmp_path: Path) -> None:
    """Debian's cloud images have such a list; another root does not have that file."""
    (tmp_path / "debian.list").write_text("# mirrors\nhttps://m/debian\tpriority:1\nhttps://n/debian\n")
    text = STANZA.format(address=f"mirror+file:{tmp_path}/debian.list", suites="trixie", components="main", key="d")
    assert [archive.line.split()[1] for archive in debian.Archive.parse(text)] == ["https://m/debian"]


@pytest.mark.parametrize("name", world.names())
def test_every_world_can_be_read(name: str) -> None:
    """Each has releases and a description."""
    read = world.load(name)
    assert read.description
    assert read.newest("stable") is not None
    assert read.kmods or name.startswith("source")  # these worlds have no kmods yet


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('description = "x"\nrelese = []', "relese"),
        ("release = []\nkmods = []\nopenzfs = []", "description"),
        ("description = 7", "description"),
        ('like = "everyday"\n[[fault]]\nhost = "quay.oi"', "fault.host"),
        ('like = "everyday"\n[[fault]]\nhost = "quay.io"\nstatus = "500"', "fault.status"),
        ('like = "everyday"\n[[release]]\nversion = "44.20261110.3.0"', "release.kernel"),
        ('like = "everyday"\nkmods = 3', "kmods"),
    ],
)
def test_a_mistake_in_a_world_names_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, key: str
) -> None:
    """The cases: a typo, a missing key, a wrong type, an unknown host."""
    (tmp_path / "everyday.toml").write_text((world.FOLDER / "everyday.toml").read_text())
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.setattr(world, "FOLDER", tmp_path)
    with pytest.raises(TaskError) as caught:
        world.load("mine")
    assert caught.value.what == f"lab/worlds/mine.toml: {key} is wrong"


def test_a_cache_entry_is_made_once_and_anew_when_it_was_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every use compares its files with the sizes that it recorded."""
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(tmp_path))
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        (target / "blob").write_text("whole")

    entry = cache.entry("thing", ["material"], make)
    assert cache.entry("thing", ["material"], make) == entry
    assert len(made) == 1
    (entry / "blob").write_text("who")
    assert (cache.entry("thing", ["material"], make) / "blob").read_text() == "whole"
    assert len(made) == 2
    (entry / "blob").unlink()
    cache.entry("thing", ["material"], make)
    assert len(made) == 3
    assert cache.entry("thing", ["other material"], make) != entry


def test_what_an_older_state_made_goes_when_it_is_no_longer_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another clone's entry stays while that clone uses it."""
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(tmp_path))
    old, used = (cache.entry("thing", [state], Path.touch) for state in ("old", "used"))
    os.utime(old, (0, 0))
    new = cache.entry("thing", ["new"], Path.touch)
    assert [path.exists() for path in (old, used, new)] == [False, True, True]


def test_a_maker_that_fails_leaves_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The incomplete entry is gone, and the next try makes it."""
    monkeypatch.setenv("CUSTOM_COREOS_CACHE", str(tmp_path))

    def fail(target: Path) -> None:
        (target / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("thing", ["x"], fail)
    assert [path.name for path in (tmp_path / "lab").iterdir() if not path.name.endswith(".lock")] == []


def test_pages_of_githubs_releases_lead_to_each_other() -> None:
    """The REST API does the same: per_page, page and a Link."""
    everyday = world.load("everyday")
    first = answer(everyday, "api.github.com", "/repos/openzfs/zfs/releases", {"per_page": "2"})
    assert first.body.count(b"tag_name") == 2
    assert 'page=2>; rel="next"' in first.headers["Link"]
    last = answer(everyday, "api.github.com", "/repos/openzfs/zfs/releases", {"per_page": "100"})
    assert "Link" not in last.headers
    assert answer(everyday, "github.com", "/x", {}).status == 404


def test_a_stand_in_package_asks_for_its_kernel() -> None:
    """So the real dnf refuses modules for another kernel."""
    packages = rpms.zfs("2.4.4", "7.1.9-200.fc44.x86_64", "7.1.9-200.fc44.x86_64", Path("/modules"))
    (kmod,) = [package for package in packages[""] if package.name.startswith("kmod-zfs-")]
    assert "Requires: kernel-uname-r = 7.1.9-200.fc44.x86_64\n" in kmod.spec()
    assert "Release: 1.fc44\n" in kmod.spec()


def test_labs_that_end_at_once_remove_the_same_control_groups(tmp_path: Path) -> None:
    """One finds gone what the other has just removed; neither fails."""
    names = [tmp_path / f"cpu/libpod_parent/{number}/conmon" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            for name in names:
                name.mkdir(parents=True)
            for ended in [pool.submit(podman.remove_cgroups, tmp_path) for _ in range(4)]:
                ended.result()
            assert not (tmp_path / "cpu/libpod_parent").exists()
