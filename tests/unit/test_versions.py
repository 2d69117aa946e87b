"""Versions are read as the outside world writes them, and nothing else counts as one."""

import pytest
from hypothesis import given, strategies
from packaging.version import Version

from tasks.model import versions
from tasks.model.errors import TaskError
from tasks.model.versions import Kernel, Series

RELEASES: list[dict[str, object]] = [
    {"tag_name": "zfs-2.4.10"},
    {"tag_name": "zfs-2.4.9"},
    {"tag_name": "zfs-2.3.11"},
    {"tag_name": "zfs-2.4.99"},
    {"tag_name": "zfs-2.5.0-rc1"},
    {"tag_name": "zfs-2.4.11", "draft": True},
    {"tag_name": "zfs-2.4.12", "prerelease": True},
    {"tag_name": "v1.0"},
    {"tag_name": None},
    {},
]


def test_newest_release_is_found_by_version_and_not_by_text_or_place() -> None:
    """2.4.10 is newer than 2.4.9, wherever it is in the list."""
    assert versions.newest_zfs(versions.zfs_releases(RELEASES), "2.4") == Version("2.4.10")
    assert versions.newest_zfs(versions.zfs_releases(reversed(RELEASES)), "2.3") == Version("2.3.11")


def test_drafts_prereleases_candidates_and_development_markers_are_no_releases() -> None:
    """Only what OpenZFS published as a release counts."""
    assert [str(version) for version in versions.zfs_releases(RELEASES)] == ["2.4.10", "2.4.9", "2.3.11"]


def test_a_line_without_release_is_an_error_that_names_the_line() -> None:
    """An empty answer never counts as a version."""
    with pytest.raises(TaskError, match=r"no OpenZFS release of the 2\.9 line"):
        versions.newest_zfs(versions.zfs_releases(RELEASES), "2.9")


@pytest.mark.parametrize("text", ["", " ", "null", "<no value>", None, 7])
def test_words_that_tools_print_for_nothing_are_no_value(text: object) -> None:
    """An empty text, `null` and `<no value>` never count as a value."""
    assert versions.given(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "null", "7.1.9", "7.1.9-200.fc44", "7.1-200.fc44.x86_64", "7.1.9-200.fc44.x86_64\n", "7.1.9-2 0.x86_64", None],
)
def test_what_is_no_kernel_is_refused_and_its_source_named(text: object) -> None:
    """A malformed kernel is an error that names its source."""
    with pytest.raises(TaskError, match="the label gives no kernel version"):
        Kernel.parse(text, "the label")


@given(
    strategies.tuples(*[strategies.integers(0, 999)] * 3),
    strategies.from_regex(r"[0-9]{1,3}\.fc[0-9]{2}", fullmatch=True),
    strategies.sampled_from(["x86_64", "aarch64"]),
)
def test_every_kernel_reads_back_as_it_is_written(numbers: tuple[int, int, int], release: str, arch: str) -> None:
    """Parsing and writing a kernel are inverse to each other."""
    text = f"{numbers[0]}.{numbers[1]}.{numbers[2]}-{release.lower()}.{arch}"
    kernel = Kernel.parse(text)
    assert str(kernel) == text
    assert kernel.series == Series(*numbers[:2])


def test_series_compare_as_numbers() -> None:
    """6.10 is newer than 6.9."""
    assert Series.parse("6.10") > Series.parse("6.9")


@pytest.mark.parametrize("text", ["2.4", "2.4.99", "zfs-2.4.0-rc1", "", "2.4.4 ", "zfs-", "2.4.4.1"])
def test_what_is_no_openzfs_release_is_refused(text: str) -> None:
    """Nobody can ask for development markers or candidates."""
    with pytest.raises(TaskError, match="is not an OpenZFS release"):
        versions.parse_zfs(text)


@given(strategies.text())
def test_no_text_at_all_makes_version_parsing_fail_other_than_clearly(text: str) -> None:
    """Any input gives a version or a clear error."""
    for parse in (versions.parse_zfs, Series.parse, Kernel.parse, lambda value: versions.parse_fcos(value, "a label")):
        try:
            parse(text)
        except TaskError as error:
            assert error.next  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize("text", ["44.20261350.3.0", "44.20260230.3.0", "44.00000000.3.0", "44.20261110.3.0"])
def test_a_day_that_no_calendar_has_is_no_release(text: str) -> None:
    """Such a version in releases.json ended in a bug's words."""
    if text == "44.20261110.3.0":
        assert str(versions.parse_fcos(text, "releases.json")) == text
        return
    with pytest.raises(TaskError, match="gives no Fedora CoreOS version"):
        versions.parse_fcos(text, "releases.json")
