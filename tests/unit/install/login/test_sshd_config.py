"""sshd's settings, as OpenSSH reads them."""

from typing import Any
from urllib.parse import quote

import pytest

from tasks.model.install.login.sshd_config import DROP_INS, MAIN, in_force, settings
from tasks.model.install.login.visitors import Visitor
from tasks.model.install.merged import Merged

CORE = Visitor(
    name="core",
    groups=frozenset(["core", "wheel"]),
    beside=frozenset(["sshusers"]),
    home="/home/core",
    keys=frozenset(),
    password=False,
)


def merged(files: dict[str, str], **storage: object) -> Merged:
    items = [{"path": path, "contents": {"source": f"data:,{quote(text)}"}} for path, text in files.items()]
    return Merged({"storage": {"files": items, **storage}}, (), (), ())


def words(files: dict[str, str], keyword: str, visitor: Visitor = CORE) -> list[tuple[str, ...]] | None:
    """Return the words of the lines that count."""
    found = in_force(settings(merged(files)) or (), keyword, visitor)
    return None if found is None else [line.words for line in found]


@pytest.mark.parametrize(
    ("name", "winner"),
    [
        ("10-a.conf", ".ssh/mine"), ("89.conf", ".ssh/mine"), ("90-z.conf", ".ssh/authorized_keys"),
        ("99-a.conf", ".ssh/authorized_keys"), ("10-a", ".ssh/authorized_keys"), (".a.conf", ".ssh/authorized_keys"),
        ("90-afterburn-authorized-keys-file.conf", ".ssh/mine"),
    ],
)  # fmt: skip
def test_the_first_value_wins_in_the_order_of_the_files_names(name: str, winner: str) -> None:
    """Fedora CoreOS's own file is one of them."""
    found = words({f"{DROP_INS}/{name}": "AuthorizedKeysFile .ssh/mine"}, "authorizedkeysfile")
    assert found
    assert found[0][0] == winner


@pytest.mark.parametrize(
    ("line", "found"),
    {
        "Port 2222": ("2222",), "port=2222": ("2222",), "PORT = 2222 # mine": ("2222",), '  "Port" "2222"': ("2222",),
        "\tPort\t2222": ("2222",), "# Port 2222": None, "": None,
        "Port": (), "Port # 22": (), "Port '22'": ("22",), 'Port "2 2" 3': ("2 2", "3"), r"Port 2\ 2": ("2 2",),
        "Port \"it's\"": ("it's",), 'Port 22"2"': ("222",), 'Port 22 "2': ("22",), "Port a#b #c": ("a#b",),
    }.items(),
)  # fmt: skip
def test_a_line_is_read_as_openssh_does(line: str, found: tuple[str, ...] | None) -> None:
    """Keywords in any letters, an equals sign, quotes and comments."""
    assert words({f"{DROP_INS}/1.conf": line}, "port") == ([found] if found is not None else [])


def test_a_main_file_without_include_reads_no_drop_in() -> None:
    """One that the config only appends to keeps its own."""
    drop_in = {f"{DROP_INS}/1.conf": "Port 1"}
    assert words({**drop_in, MAIN: "Port 2\n"}, "port") == [("2",)]
    assert words({**drop_in, MAIN: "Port 2\nInclude sshd_config.d/*.conf"}, "port") == [("2",), ("1",)]
    assert words({**drop_in, MAIN: f"Include {DROP_INS}/9* {DROP_INS}/1.conf"}, "port") == [("1",)]
    appended = {"path": MAIN, "append": [{"source": "data:,Port%202"}]}
    one = {"path": f"{DROP_INS}/1.conf", "contents": {"source": "data:,Port%201"}}
    known = settings(Merged({"storage": {"files": [appended, one]}}, (), (), ())) or ()
    assert [line.words for line in known if line.keyword == "port"] == [("1",), ("2",)]


def test_a_file_that_includes_itself_ends() -> None:
    """After the 16 levels of OpenSSH."""
    assert words({MAIN: f"Include {MAIN}\nPort 2"}, "port")


@pytest.mark.parametrize(
    ("match", "applies"),
    {
        "all": True, "User core": True, "User=c?re": True, "user ann,c*": True,
        "User ann": False, "User *,!core": False,
        "Group wheel": True, "Group ann": False, "Group sshusers": None, "Group sshusers User ann": False,
        "Address 10.0.0.0/8": None, "User core LocalPort 22": None, "User ann Host x": False, "invalid-user": False,
    }.items(),
)  # fmt: skip
def test_a_match_counts_for_those_whom_it_names(match: str, applies: bool | None) -> None:
    """It wins over what stands outside, ends with its file, and may depend on the connection."""
    files = {
        f"{DROP_INS}/1.conf": f"PermitRootLogin no\nMatch {match}\nPermitRootLogin yes\n",
        f"{DROP_INS}/2.conf": "a b",
    }
    expected = {True: [("yes",)], False: [("no",)], None: None}[applies]
    assert words(files, "permitrootlogin") == expected
    assert words(files, "a") == [("b",)]


def test_what_the_machine_fetches_is_not_judged() -> None:
    """Nor is what a link leads to elsewhere; a link to nothing is an empty file."""
    fetched = {"path": f"{DROP_INS}/1.conf", "contents": {"source": "https://a/b"}}
    own = f"{DROP_INS}/90-afterburn-authorized-keys-file.conf"

    def linked(target: str) -> dict[str, Any]:
        return {"storage": {"links": [{"path": own, "target": target}]}}

    assert settings(Merged({"storage": {"files": [fetched]}}, (), (), ())) is None
    assert settings(Merged(linked("/usr/share/a"), (), (), ())) is None
    known = settings(Merged(linked("/dev/null"), (), (), ())) or ()
    assert [line.place for line in known if line.keyword == "authorizedkeysfile"] == [(), ()]
