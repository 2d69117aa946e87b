"""Settings are read completely or refused by name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from invoke import Config

from tasks.model.errors import TaskError
from tasks.settings.invoke_yaml import SECTION
from tasks.settings.values import read_settings, require_image

GOOD: dict[str, Any] = {
    "image": "ghcr.io/owner/custom-coreos",
    "base": "quay.io/fedora/fedora-coreos",
    "kmods": ["own", "ghcr.io/samhclark/fedora-zfs-kmods"],
    "build_kmods_after_days": 1,
    "stream": "stable",
    "zfs_streams": ["2.4"],
    "hold_days": 7,
    "rebuild_after_days": 7,
    "max_age_days": 14,
    "retention_days": 90,
    "keep_images": 3,
    "max_delete_fraction": 0.5,
    "packages": ["tailscale"],
    "allow_public": {},
}


def config(section: object) -> Config:
    return cast("Config", {SECTION: section} if section is not None else {})


def test_names_that_follow_from_the_image() -> None:
    """One setting gives the local name and the repository's address."""
    settings = read_settings(config(GOOD))
    assert settings.local_name == "custom-coreos"
    assert settings.source == "https://github.com/owner/custom-coreos"


def test_own_kmods_follow_the_name_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """That also holds in GitHub Actions, where the image has the repository's name; `never` builds none."""
    there = "ghcr.io/samhclark/fedora-zfs-kmods"
    assert read_settings(config(GOOD)).kmods == ("ghcr.io/owner/custom-coreos-kmods", there)
    others = read_settings(config(GOOD | {"kmods": [there], "build_kmods_after_days": "never"}))
    assert (others.kmods, others.build_kmods_after_days) == ((there,), None)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REPOSITORY", "Somebody/NAS")
    assert read_settings(config(GOOD)).kmods == ("ghcr.io/somebody/nas-kmods", there)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"steam": "stable"}, "steam"),
        ({"allow_public": None}, "allow_public"),
        ({"allow_public": ["github-pat 0123456789ab"]}, "allow_public"),
        ({"allow_public": {"github-pat 0123456789ab": ""}}, "allow_public"),
        ({"allow_public": {"github-pat 0123456789ab": None}}, "allow_public"),
        ({"retention_days": "90"}, "retention_days"),
        ({"keep_images": -1}, "keep_images"),
        ({"max_delete_fraction": 1.5}, "max_delete_fraction"),
        ({"max_delete_fraction": "half"}, "max_delete_fraction"),
        ({"max_delete_fraction": True}, "max_delete_fraction"),
        ({"image": ""}, "image"),
        ({"image": None}, "image"),
        ({"image": "ghcr.io/Owner/custom-coreos"}, "image"),
        ({"image": "custom-coreos"}, "image"),
        ({"image": "ghcr.io/owner/custom-coreos:stable"}, "image"),
        ({"stream": "stabel"}, "stream"),
        ({"zfs_streams": "2.4"}, "zfs_streams"),
        ({"zfs_streams": []}, "zfs_streams"),
        ({"zfs_streams": [2.4]}, "zfs_streams"),
        ({"zfs_streams": ["2.4.4"]}, "zfs_streams"),
        ({"hold_days": "7"}, "hold_days"),
        ({"hold_days": True}, "hold_days"),
        ({"hold_days": -1}, "hold_days"),
        ({"rebuild_after_days": 7.5}, "rebuild_after_days"),
        ({"rebuild_after_days": None}, "rebuild_after_days"),
        ({"kmods": "ghcr.io/samhclark/fedora-zfs-kmods"}, "kmods"),
        ({"kmods": []}, "kmods"),
        ({"kmods": ["own", "fedora-zfs-kmods"]}, "kmods"),
        ({"kmods": ["ghcr.io/samhclark/fedora-zfs-kmods"]}, "build_kmods_after_days"),
        ({"build_kmods_after_days": "always"}, "build_kmods_after_days"),
        ({"build_kmods_after_days": None}, "build_kmods_after_days"),
        ({"build_kmods_after_days": True}, "build_kmods_after_days"),
        ({"packages": ["tailscale", ""]}, "packages"),
        ({"packages": ["tailscale", "a b"]}, "packages"),
        ({"packages": ["--nogpgcheck"]}, "packages"),
    ],
)
def test_a_mistake_names_the_key(change: dict[str, object], key: str) -> None:
    """It is unknown, empty, or has the wrong type or format."""
    with pytest.raises(TaskError) as caught:
        read_settings(config(GOOD | change))
    assert caught.value.what == f"invoke.yaml: {key} is wrong"


@pytest.mark.parametrize("section", [None, {}, [], "x", SimpleNamespace()])
def test_a_section_that_is_missing_or_something_else_is_refused(section: object) -> None:
    """There are no silent defaults."""
    with pytest.raises(TaskError, match=f"{SECTION} is wrong"):
        read_settings(config(section))


def test_an_image_that_somebody_typed_is_not_looked_for_in_the_file() -> None:
    """`adopt --image` has another next step than a setting."""
    require_image("ghcr.io/owner/custom-coreos")
    with pytest.raises(TaskError, match=r"the image is wrong\n.*'ghcr\.io/Me/Nas' does not.*\n.*--image") as caught:
        require_image("ghcr.io/Me/Nas")
    assert "line" not in caught.value.why


def test_the_lab_tests_have_the_product_as_it_is_shipped() -> None:
    """They replace two of an owner's files; here, where nobody has adopted the repository, both are the same."""
    root = Path(__file__).parents[2]
    if "image: ghcr.io/samhclark/custom-coreos " not in (root / "invoke.yaml").read_text():
        pytest.skip("somebody has adopted this repository")
    for file in (root / "tests/lab/product").iterdir():
        assert file.read_bytes() == (root / file.name).read_bytes()
