"""How unit files are read: as systemd reads them."""

import pytest

from tasks.model.systemd import Unit, UnitFiles, is_true, seconds

SYSTEM, ETC, LOCAL = "/usr/lib/systemd/system", "/etc/systemd/system", "/usr/local/lib/systemd/system"


def unit(*texts: str) -> Unit:
    return Unit("a.service", texts)


@pytest.mark.parametrize(
    ("text", "values"),
    {
        "[Service]\nExecStart=a\n": ["a"],
        "[Service]\n  ExecStart =  a b  \n": ["a b"],
        "[Service]\r\nExecStart=a\r\n": ["a"],
        "\ufeff[Service]\nExecStart=a": ["a"],
        "[Service]\nExecStart=a \\\n  b\n": ["a    b"],
        "[Service]\nExecStart=a \\\n# no\n;no\n  b\n": ["a    b"],
        "[Service]\nExecStart=a\\\\\nExecStart=b": ["a\\\\", "b"],
        "[Service]\nExecStart=a \\ \nExecStart=b": ["a \\", "b"],
        "[Service]\n#ExecStart=a \\\nExecStart=b": ["b"],
        "[Service]\nExecStart=a\nExecStart=\nExecStart=b": ["b"],
        "[Service]\nExecStart=a\nExecStart=b": ["a", "b"],
        "[Service]\nexecstart=a": [],
        "[service]\nExecStart=a": [],
        "[Unit]\nExecStart=a": [],
        "ExecStart=a": [],
        "[Service]\nExecStart": [],
        "[Service]\nExecStart=a=b": ["a=b"],
        "[Service]\nExecStart=a\n[Unit]\nExecStart=\n": ["a"],
        "[Service]\nExecStart=a\\": ["a"],
    }.items(),
)
def test_a_text_is_read_as_systemd_reads_it(text: str, values: list[str]) -> None:
    """Sections, comments, lines that go on, spaces, and an empty value that takes back those before it."""
    assert unit(text).values("Service", "ExecStart") == values


def test_later_texts_come_after_earlier_ones() -> None:
    """A list grows, a single value is replaced, and dependencies cannot be taken back."""
    texts = "[Unit]\nWants=a b\n[Timer]\nUnit=x\nOnBootSec=1h", "[Unit]\nWants=\nWants=c\n[Timer]\nOnCalendar=\nUnit=y"
    read = unit(*texts)
    assert read.values("Timer", "OnBootSec", "OnCalendar") == []
    assert read.last("Timer", "Unit") == "y"
    assert read.last("Timer", "Persistent") == ""
    assert read.names("Wants") == ["a", "b", "c"]


FILES = {
    f"{SYSTEM}/a-b.service": "[Service]\nX=file",
    f"{SYSTEM}/a-b.service.d/50.conf": "[Service]\nX=50",
    f"{ETC}/service.d/60.conf": "[Service]\nX=60",
    f"{SYSTEM}/a-.service.d/70.conf": "[Service]\nX=70",
    f"{SYSTEM}/a-b.service.d/70.txt": "[Service]\nX=text",
    f"{SYSTEM}/t@.service": "[Service]\nX=template",
    f"{SYSTEM}/t@.service.d/a.conf": "[Service]\nX=of-template",
    f"{SYSTEM}/t@i.service.d/b.conf": "[Service]\nX=of-instance",
}


def read(files: dict[str, str], name: str, links: dict[str, str] | None = None) -> list[str] | None:
    found = UnitFiles(files, links or {}).unit(name)
    return found.values("Service", "X") if found else None


@pytest.mark.parametrize(
    ("more", "name", "values"),
    [
        ({}, "a-b.service", ["file", "50", "60", "70"]),
        ({f"{ETC}/a-b.service": "[Service]\nX=etc"}, "a-b.service", ["etc", "50", "60", "70"]),
        ({f"{LOCAL}/a-b.service": "[Service]\nX=local"}, "a-b.service", ["local", "50", "60", "70"]),
        ({f"{ETC}/a-b.service.d/50.conf": "[Service]\nX=mine"}, "a-b.service", ["file", "mine", "60", "70"]),
        ({f"{ETC}/a-b.service.d/50.conf": ""}, "a-b.service", ["file", "60", "70"]),
        ({f"{ETC}/a-.service.d/50.conf": "[Service]\nX=pre"}, "a-b.service", ["file", "pre", "60", "70"]),
        ({f"{SYSTEM}/a-b.service.d/60.conf": "[Service]\nX=own"}, "a-b.service", ["file", "50", "own", "70"]),
        ({}, "t@i.service", ["template", "60", "of-template", "of-instance"]),
        ({f"{ETC}/a-b.service": ""}, "a-b.service", None),
        ({}, "c.service", None),
    ],
)
def test_drop_ins_are_found_where_systemd_looks(more: dict[str, str], name: str, values: list[str] | None) -> None:
    """Sorted by their names wherever they are; /etc replaces, an empty file masks, prefixes and types count."""
    assert read(FILES | more, name) == values


def test_links_are_followed_as_systemd_follows_them() -> None:
    """A link to /dev/null masks, another name is an alias, and a link into nowhere is no unit."""
    files = UnitFiles(
        {f"{SYSTEM}/multi.target": "[Unit]\n", "/opt/x.service": "[Service]\nX=x", f"{SYSTEM}/off.timer": "[Timer]\n"},
        {
            f"{SYSTEM}/default.target": "multi.target",
            f"{ETC}/x.service": "/opt/x.service",
            f"{ETC}/off.timer": "../../../dev/null",
            f"{ETC}/gone.service": "/nowhere/gone.service",
            f"{ETC}/loop.service": f"{ETC}/pool.service",
            f"{ETC}/pool.service": "loop.service",
            f"{SYSTEM}/old.target": "/lib/systemd/system/multi.target",
        },
    )
    named = {name: files.unit(name) for name in ("default.target", "x.service", "old.target")}
    assert {name: unit.name for name, unit in named.items() if unit} == {
        "default.target": "multi.target", "x.service": "x.service", "old.target": "multi.target"
    }  # fmt: skip
    assert [files.unit(name) for name in ("off.timer", "gone.service", "loop.service")] == [None] * 3
    assert files.is_masked("off.timer")
    assert not files.is_masked("gone.service")
    assert not files.is_masked("x.service")


GRAPH = {
    f"{SYSTEM}/default.target": "[Unit]\nRequires=basic.target\n",
    f"{SYSTEM}/basic.target": "[Unit]\nWants=timers.target paths.target\n",
    f"{SYSTEM}/timers.target": "[Unit]\n",
    f"{SYSTEM}/paths.target": "[Unit]\n",
    f"{SYSTEM}/mine.timer": "[Timer]\nUnit=other.service\n",
    f"{SYSTEM}/other.service": "[Unit]\nOnSuccess=after.service\n",
    f"{SYSTEM}/after.service": "[Unit]\n",
    f"{SYSTEM}/w.path": "[Path]\n",
    f"{SYSTEM}/w.service": "[Unit]\n",
    f"{SYSTEM}/s.socket": "[Socket]\nAccept=yes\n",
    f"{SYSTEM}/s@.service": "[Unit]\nWants=of-%i.service\n",
    f"{SYSTEM}/of-1.service": "[Unit]\n",
    f"{SYSTEM}/idle.service": "[Unit]\n",
    f"{SYSTEM}/up.service": "[Unit]\n",
}
WANTED = {
    f"{ETC}/timers.target.wants/mine.timer": f"{SYSTEM}/mine.timer",
    f"{SYSTEM}/paths.target.wants/w.path": "../w.path",
    f"{ETC}/basic.target.requires/s.socket": f"{SYSTEM}/s.socket",
    f"{ETC}/basic.target.upholds/up.service": f"{SYSTEM}/up.service",
    f"{ETC}/basic.target.wants/s@1.service": f"{SYSTEM}/s@.service",
    f"{ETC}/basic.target.wants/idle.service": "/dev/null",
    f"{ETC}/basic.target.wants/missing.service": f"{SYSTEM}/missing.service",
}


def test_what_a_boot_starts_is_followed_through_every_kind_of_unit() -> None:
    """Settings and folders of targets at once; timers, paths, sockets and what comes after a unit later."""
    files = UnitFiles(GRAPH, WANTED)
    boot = files.started("default.target", later=False)
    assert set(boot) == {
        "default.target", "basic.target", "timers.target", "paths.target", "mine.timer", "w.path", "s.socket",
        "up.service", "s@1.service", "of-1.service",
    }  # fmt: skip
    later = files.started("default.target", later=True)
    assert set(later) - set(boot) == {"other.service", "after.service", "w.service", "s@.service"}
    assert later["other.service"] == ("mine.timer",)
    assert later["mine.timer"] == ("timers.target",)


def test_a_masked_unit_starts_nothing() -> None:
    """Nor what it wants."""
    files = UnitFiles(GRAPH, WANTED | {f"{ETC}/timers.target": "/dev/null"})
    assert "mine.timer" not in files.started("default.target", later=True)


@pytest.mark.parametrize(
    ("span", "value"),
    {
        "": 0, "5": 5, "5s": 5, "1h": 3600, "1h 30min": 5400, "1h30min": 5400, "2 weeks": 1209600, "1y": 31557600,
        "1.5h": 5400, "500ms": 0.5, "infinity": float("inf"), "1month": 2629800, "1M": 2629800, "5m": 300, "1 d": 86400,
        "nonsense": 0,
    }.items(),
)  # fmt: skip
def test_time_spans_are_read_as_systemd_reads_them(span: str, value: float) -> None:
    """What cannot be read counts as nothing, as systemd ignores it."""
    assert seconds(span) == pytest.approx(value)


@pytest.mark.parametrize(
    ("word", "value"), {"yes": True, "on": True, "1": True, "True": True, "no": False, "": False}.items()
)
def test_booleans_are_read_as_systemd_reads_them(word: str, value: bool) -> None:
    """In any case of letters."""
    assert is_true(word) == value
