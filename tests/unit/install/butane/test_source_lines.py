"""From an Ignition path back to a line of butane.yaml."""

import pytest

from tasks.model.install.butane import source_lines, yaml_text
from tasks.model.install.butane.yaml_nodes import root
from tasks.model.install.butane.yaml_tabs import spaced
from tests.builders.butane_text import BUTANE
from tests.builders.effort import efforts


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("storage files[/etc/hostname] contents source", "storage.files[/etc/hostname].contents.inline, line 15"),
        ("storage files[/etc/a] contents source", "storage.files[/etc/a].contents.local, line 18"),
        ("passwd users[core] sshAuthorizedKeys[0]", "passwd.users[core].ssh_authorized_keys[0], line 8"),
        ("storage luks[root] wipeVolume", "storage.luks[root].wipe_volume, line 21"),
        ("systemd units[a.service] contents", "systemd.units[a.service].contents_local, line 32"),
        (
            "storage files[/etc/containers/systemd/a/db.container] contents source",
            "storage.trees[/etc/containers/systemd] (files/quadlets/a/db.container), line 23",
        ),
        ("storage links[/usr/local/bin/x]", "storage.trees[/] (files/all/usr/local/bin/x), line 25"),
        ("storage raid[md-root]", "boot_device.mirror, line 27"),
        ("storage filesystems[/dev/md/root] label", "boot_device.mirror, line 27"),
        ("passwd users[core] passwordHash", "passwd.users[core], line 5 (Ignition's passwd.users[core].passwordHash)"),
        ("passwd users[other]", "passwd.users, line 4 (Ignition's passwd.users[other])"),
        ("kernelArguments shouldExist[0]", "Ignition's kernelArguments.shouldExist[0]"),
        ("", "the whole config"),
    ],
)
def test_an_ignition_path_is_found_in_butane_with_its_line(path: str, place: str) -> None:
    """It is followed as deep as possible."""
    assert str(source_lines.find(source_lines.load(BUTANE), tuple(path.split()))) == place


TREES = """storage:
  trees:
    - local: all
    -
    - path: /etc
      local: etc
    - path: /etc/app
    - local: other
      path: /etc/ap
"""


@pytest.mark.parametrize(
    ("path", "place"),
    {
        "/etc/a": "storage.trees[/etc] (etc/a), line 5", "/usr/a": "storage.trees[/] (all/usr/a), line 3",
        "/etc/app/a": "storage.trees[/etc] (etc/app/a), line 5",
        "/etc/ap/a": "storage.trees[/etc/ap] (other/a), line 8",
        "/etc/appx": "storage.trees[/etc] (etc/appx), line 5",
    }.items(),
)  # fmt: skip
def test_of_several_trees_the_nearest_one_holds_a_file(path: str, place: str) -> None:
    """A tree that is empty, or has no folder, is no crash: butane says what is wrong."""
    assert str(source_lines.find(source_lines.load(TREES), ("storage", f"files[{path}]"))) == place


@pytest.mark.parametrize("trees", ["[~]", "[1, a]", "~", "{}", "a"])
def test_odd_trees_are_no_crash(trees: str) -> None:
    """Butane says what is wrong, or takes it."""
    text = f"storage: {{trees: {trees}}}\n"
    assert source_lines.find(source_lines.load(text), ("storage", "files[/a]")).line == 1


LOCAL = ["files/a", "files/all", "files/quadlets", "units/a"]


def test_files_that_butane_takes_in_are_known() -> None:
    """They may be named anywhere."""
    assert sorted(map(str, source_lines.local_files(source_lines.load(BUTANE)))) == LOCAL
    assert source_lines.local_files(source_lines.load("a:\n\tb: c")) == ()
    assert source_lines.local_files(source_lines.load("a: {local: 42, b_local: [7, ~]}")) == (42, 7)


@pytest.mark.parametrize("text", ["a: 2026-13-45\n", "a: !!int b\n", "a: 1\na: 2\n", "a: [\n"])
def test_what_cannot_be_read_has_no_lines(text: str) -> None:
    """Butane says what is wrong with it, if anything is."""
    assert source_lines.load(text) is None


TABS = (
    "a:\tb\t# c\n", "a: 'b'\t# c\n", 'a: "b"\t\n', "a\t: b\n", "a:\t# c\n  - b\n", "a: |\t# c\n  b\n", "a: b\t",
    "a: b \t # c\r\n",
)  # fmt: skip


@pytest.mark.parametrize("text", TABS)
def test_tabs_between_words_are_blanks_as_for_butane(text: str) -> None:
    """Each position stays; a tab in a text belongs to it, and one that indents is wrong."""
    assert source_lines.load(text) == source_lines.load(spaced(text)) is not None
    assert len(spaced(text)) == len(text)
    assert "\t" not in spaced(text)
    for kept in ("a: b\tc\n", "a: 'b\tc'\n", "a: |\n  b\tc\t# d\n", "a:\n\tb: c\n", "a:\n  -\tb\n", "a: b\t:c\n"):
        assert spaced(kept) == kept


def test_a_size_in_mib_has_its_line() -> None:
    """Ignition writes it sizeMiB."""
    text = "storage:\n  disks:\n    - device: /dev/a\n      partitions:\n        - label: x\n          size_mib: 5\n"
    path = ("storage", "disks[/dev/a]", "partitions[0]", "sizeMiB")
    assert str(source_lines.find(source_lines.load(text), path)) == (
        "storage.disks[/dev/a].partitions[0].size_mib, line 6"
    )


def test_hundreds_of_tabs_are_read_at_once() -> None:
    """One at a time, a file with two hundred comments behind tabs took half a minute."""
    text = "a:\n" + "".join(f"  - b{number}\t# c\n  - 'd\te'\t# f\n" for number in range(300))
    assert spaced(text).count("\t") == 300
    assert efforts(lambda: spaced.__wrapped__(text))[0] < 12  # yardsticks; it is 2.1 on an idle machine


def test_an_anchor_given_twice_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    """Butane takes it, and a warning of the parser's would name its own files."""
    text = "a: &a 1\nb: &a 2\nc: *a\n"
    assert source_lines.load(text)["c"] == yaml_text.load(text, "x")["c"] == 2
    assert root(text) is not None
    assert not recwarn.list


@pytest.mark.parametrize("end", ["---\n", "---\nstorage: {}\n", "...\n"])
def test_only_the_first_document_counts_as_for_butane(end: str) -> None:
    """A second one does not switch off the guard against files from elsewhere."""
    assert "files/a" in source_lines.local_files(source_lines.load(BUTANE + end))


@pytest.mark.parametrize(
    "text", ["a: &a\n  b_local: x\n  c: *a\n", "b_local: x\na: " + "[" * 300 + "]" * 300, "a: &a [*a]\nb_local: x\n"]
)
def test_what_holds_itself_or_is_very_deep_is_no_crash(text: str) -> None:
    """Butane says what is wrong; an alias is looked at once, so that aliases of aliases take no time."""
    assert source_lines.local_files(source_lines.load(text)) in (("x",), ())
    many = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30))
    assert source_lines.local_files(source_lines.load(f"a0: &a0 {{local: x}}\n{many}")) == ("x",)
