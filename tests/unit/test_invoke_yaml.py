"""A mistake in invoke.yaml is an error with the line where it is, before Invoke reads the file."""

from pathlib import Path

import pytest

from tasks.cli import check_settings
from tasks.model.errors import TaskError
from tasks.settings import invoke_yaml
from tasks.settings.values import check_file

GOOD = """\
# stream: a comment
custom_coreos:
  image: ghcr.io/owner/nas  # the image
  base: quay.io/fedora/fedora-coreos
  kmods:
    - own
    - ghcr.io/owner/kmods
  build_kmods_after_days: 1
  stream: stable  # stream: testing
  zfs_streams: ["2.4",
                "2.3"]
  hold_days: 7
  rebuild_after_days: 7
  max_age_days: 14
  retention_days: 90
  keep_images: 3
  max_delete_fraction: 0.5
  packages: [tailscale]
  allow_public:
    stream: "no secret"

tasks:
  executor_class: tasks.cli.Executor
"""

NO_YAML = {
    "a tab": ("  stream: stable", "\tstream: stable", 9),
    "a key without its colon": ("  stream: stable  #", "  stream stable  #", 9),
    "a first key without its colon": ("image: ghcr", "image ghcr", 3),
    "the section without its colon": ("custom_coreos:", "custom_coreos", 2),
    "the section without its colon, before a comment": ("custom_coreos:", "custom_coreos  # ours", 2),
    "the section without its line": ("custom_coreos:", "# custom_coreos:", 3),
    "a quoted key without its colon": ("custom_coreos:", '"custom_coreos"', 2),
    "a word": ("  hold_days: 7", "  hold_days: 7\n  stable", 13),
    "a bracket that is not closed": ("packages: [tailscale]", "packages: [tailscale", 18),
    "a brace that is not closed": ("packages: [tailscale]", "packages: {tailscale", 18),
    "a bracket too many": ("packages: [tailscale]", "packages: [tailscale]]", 18),
    "a quote that is not closed": ("hold_days: 7", 'hold_days: "7', 12),
    "a quote that a later one closes": ("stream: stable  #", 'stream: "stable  #', 9),
    "a single quote that is not closed": ("hold_days: 7", "hold_days: '7", 12),
    "a key too far to the right": ("  base: quay", "    base: quay", 4),
    "a key too far to the left": ("  base: quay", " base: quay", 4),
    "a key without its indentation": ("  base: quay", "base: quay", 4),
    "a character that YAML reserves, in the beginning": ("# stream: a", "@ stream: a", 1),
    "a dash in the line of its key": ("stream: stable", "stream: - stable", 9),
    "two colons": ("stream: stable", "stream: a: b", 9),
    "an alias of nothing": ("stream: stable", "stream: *branch", 9),
    "a tag that nobody knows": ("stream: stable", "stream: !env stable", 9),
    "a second document": ("\ntasks:", "\n---\ntasks:", 22),
    "a control character": ("stream: stable", "stream: stable\a", 9),
    "a tab between the items of a list": ('"2.4",\n      ', '"2.4",\n\t', 11),
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an invoke.yaml that a test may write."""
    path = tmp_path / "invoke.yaml"
    path.write_text(GOOD)
    monkeypatch.setattr(invoke_yaml, "FILE", path)
    return path


def refusal() -> TaskError:
    with pytest.raises(TaskError) as caught:
        check_file()
    assert len(str(caught.value).splitlines()) == 3
    return caught.value


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


@pytest.mark.parametrize("extra", ["", "\ufeff", "---\n", "%YAML 1.1\n---\n"])
def test_a_good_file_passes(file: Path, extra: str) -> None:
    """So do the styles that YAML also allows, and sections of Invoke's own."""
    own = "run: {echo: true, env: {A: b}}\ntimeouts: {command: 7}\n"
    anchors = GOOD.replace("own\n", "&own own\n").replace("packages: [tailscale]", "packages: [*own]")
    for text in (GOOD, GOOD.replace("\n", "\r\n"), GOOD + own, anchors):
        file.write_bytes((extra + text).encode())
        check_file()


@pytest.mark.parametrize(("old", "new", "line"), NO_YAML.values(), ids=NO_YAML)
def test_what_is_no_yaml_names_the_line_where_the_mistake_is(file: Path, old: str, new: str, line: int) -> None:
    """YAML's parser notices a missing colon, bracket or quote only further down."""
    file.write_text(edited(old, new))
    said = refusal()
    assert said.what == "invoke.yaml is not valid YAML"
    assert said.why.startswith(f"line {line}"), said.why


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ("  stream: stable", '  "stream": stabel', "stream", "line 9: 'stabel'"),
        ("  stream: stable", "  stream:\n    stabel", "stream", "line 9: 'stabel'"),
        ("- own", "- Own", "kmods", "line 6: 'Own'"),
        ("ghcr.io/owner/kmods", "a b", "kmods", "line 7: 'a b'"),
        ('"2.3"', "2.3", "zfs_streams", "line 11: it must be a text such as '2.4', not 2.3"),
        ('"no secret"', '""', "allow_public", "line 20: 'stream' has no reason"),
        ("  hold_days", "  hold_day", "hold_day", "line 12: unknown key; did you mean hold_days?"),
        ("  hold_days", "  zzz: 1\n  hold_days", "zzz", "line 12: unknown key; the known keys are image, base,"),
        ("  hold_days: 7\n", "", "hold_days", "line 2: the key is missing in this section"),
        ("hold_days: 7", "hold_days: 2026-13-01", "hold_days", "line 12: '2026-13-01' is no timestamp"),
        ("hold_days: 7", "hold_days: !!bool seven", "hold_days", "line 12: 'seven' is no bool"),
        ('"2.3"', "!!int x", "zfs_streams", "line 11: 'x' is no int"),
        ("hold_days: 7", "stream: testing", "stream", "line 12: it is already in line 9"),
        ("hold_days: 7", '"stream": testing', "stream", "line 12: it is already in line 9"),
        ("hold_days: 7", "Stream: testing", "Stream", "line 12: it is already in line 9"),
        ("\ntasks:", "custom_coreos: {}\ntasks:", "custom_coreos", "line 21: it is already in line 2"),
        ("hold_days: 7", "7: 7", "7", "line 12: a key must be a text"),
        ("hold_days: 7", "yes: 7", "yes", "line 12: a key must be a text"),
        ("hold_days: 7", "? [a]\n  : 7", "a key", "line 12: a key must be a text"),
        ("hold_days: 7", '"a\\nb": 7', "'a\\nb'", "line 12: unknown key"),
        ("custom_coreos:", "custom_coreo:", "custom_coreo", "line 2: unknown key; did you mean custom_coreos?"),
        ("custom_coreos:", "custom-coreos:", "custom-coreos", "line 2: unknown key; did you mean custom_coreos?"),
        ("\ntasks:", "7: 7\ntasks:", "7", "line 21: a key must be a text"),
        ("\ntasks:", "run: foo\ntasks:", "run", "line 21: it must be a mapping, not 'foo'"),
        ("\ntasks:", "run:\ntasks:", "run", "line 21: it must be a mapping, and it is empty"),
        ("\ntasks:", "sudo: [a]\ntasks:", "sudo", "line 21: it must be a mapping"),
        ("\ntasks:", "timeouts: 7\ntasks:", "timeouts", "line 21: it must be a mapping"),
        ("\ntasks:", "runners: x\ntasks:", "runners", "line 21: it must be a mapping"),
        ("\ntasks:", "run:\n  env: x\ntasks:", "run.env", "line 22: it must be a mapping"),
        ("\ntasks:", "run: {dry: maybe}\ntasks:", "run.dry", "line 21: it must be true or false"),
        ("tasks:\n  executor_class: tasks.cli.Executor", "tasks: foo", "tasks", "line 22: it must be a mapping"),
        ("executor_class", "executor_clas", "tasks.executor_clas", "line 23: unknown key; did you mean executor_cl"),
        ("tasks.cli.Exec", "tasks.cli.Exce", "tasks.executor_class", "line 23: it must be tasks.cli.Executor"),
        ("tasks.cli.Executor", "[7]", "tasks.executor_class", "line 23: it must be tasks.cli.Executor"),
        ("executor_class: tasks.cli.Executor", "dedupe: true", "tasks.executor_class", "line 22: it must be"),
    ],
)  # fmt: skip
def test_what_the_recipes_or_invoke_cannot_use_names_its_key_and_line(
    file: Path, old: str, new: str, key: str, why: str
) -> None:
    """The same word may be elsewhere: in a comment, in a value, or in another mapping."""
    file.write_text(edited(old, new))
    said = refusal()
    assert said.what == f"invoke.yaml: {key} is wrong"
    assert said.why.startswith(why), said.why


def test_a_key_within_braces_has_its_line(file: Path) -> None:
    """One that is missing has the section's line."""
    begin = "tasks: {executor_class: tasks.cli.Executor}\n"
    for written, why in (
        ("custom_coreos: {image: X,\n steam: x}", "line 3: unknown key; did you mean stream?"),
        ("custom_coreos: {image: X}", "line 2: the key is missing in this section"),
    ):
        file.write_text(begin + written)
        assert refusal().why.startswith(why), refusal().why


@pytest.mark.parametrize(
    ("written", "what", "why"),
    [
        (b"", "has no settings", "line 1: it is empty"),
        (b"# only\n", "has no settings", "line 1: it is empty"),
        (b"\n- a\n", "has no settings", "line 2: it must hold keys such as custom_coreos:"),
        (b"custom_coreos\n", "has no settings", "line 1: it must hold keys"),
        (b"tasks: {executor_class: tasks.cli.Executor}\n", ": custom_coreos is wrong", "the section is missing"),
        ("a: b\n# für\n".encode("latin-1"), "is not UTF-8 text", "line 2: the byte 0xfc"),
        (GOOD.encode("utf-16"), "is not UTF-8 text", "line 1: the byte 0xff"),
        (GOOD.encode("utf-16-le"), "is not valid YAML", "line 1: the character U+0000"),
        (b"a: &a {b: *a}\n", "is not valid YAML", "it is nested too deeply"),
        (b"[" * 600, "is not valid YAML", "it is nested too deeply"),
    ],
)
def test_a_file_that_is_something_else_is_refused(file: Path, written: bytes, what: str, why: str) -> None:
    """It is empty, a list, a text, or not even UTF-8."""
    file.write_bytes(written)
    said = refusal()
    assert said.what == f"invoke.yaml{'' if what.startswith(':') else ' '}{what}"
    assert said.why.startswith(why), said.why


def test_a_file_that_is_missing_or_a_folder_is_named(file: Path) -> None:
    """The system says why."""
    file.unlink()
    assert (refusal().why, refusal().next) == ("No such file or directory", "restore it: git checkout invoke.yaml")
    file.mkdir()
    assert (refusal().what, refusal().why) == ("invoke.yaml could not be read", "Is a directory")


def test_tab_completes_whatever_is_in_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe itself reports the mistake."""
    file.write_text("custom_coreos: {}\n")
    monkeypatch.setattr("sys.argv", ["inv", "--complete", "--", "inv", "ver"])
    check_settings()
