"""What butane reports, as sentences with a place, a line and what to write instead; the reports are butane's own."""

import pytest

from tasks.model.install.butane import butane_report, source_lines

HEAD = "variant: fcos\nversion: 1.6.0\n"
FILE = "storage:\n  files:\n    - path: /etc/a\n"
UNREADABLE = "Error translating config: Error unmarshaling yaml: yaml: "
TYPES = "Error translating config: yaml: unmarshal errors:\n  "


def sentences(report: str, text: str) -> tuple[str, ...]:
    return butane_report.sentences(report, text, source_lines.load(text))


ROWS = {
    "error at $.storage.files.0.mode, line 6 col 13: illegal file mode": (
        "storage.files[/etc/a].mode, line 6: illegal file mode"
    ),
    "warning at $.storage.files.0.mod, line 6 col 7: unused key mod": (
        "storage.files[/etc/a].mod, line 6: unknown key mod; did you mean mode?"
    ),
    "warning at $.users, line 3 col 1: unused key users": (
        "users, line 3: the key users does not belong here, but in passwd or grub: is it indented wrongly?"
    ),
    "warning at $.storage.files.0.inline, line 6 col 7: unused key inline": (
        "storage.files[/etc/a].inline, line 6: the key inline does not belong here, but in contents or append[]"
    ),
    "warning at $.passwd.users.0.sshAuthorizedKeys, line 6 col 7: unused key sshAuthorizedKeys": (
        "did you mean ssh_authorized_keys?"
    ),
    "warning at $.hostname, line 8 col 1: unused key hostname": "unknown key hostname; the keys here are variant, ",
    "warning at $.passwd.users.1.<<, line 8 col 7: unused key <<": "butane does not know YAML's merge key",
    "warning at $.\u00a0 files, line 9 col 1: unused key \u00a0 files": "it holds a no-break space (U+00A0)",
    "error at $.storage.files.0.path, line 5 col 13: path not absolute": "path not absolute: it must begin with /",
    "error at $: this config is bad": "this config is bad",
    "error at line 1 col 1: bad": "line 1: bad",
}  # fmt: skip


@pytest.mark.parametrize(("row", "words"), ROWS.items())
def test_a_row_names_its_place_its_line_and_what_to_write(row: str, words: str) -> None:
    """A place has the names of its items, as in every other message, and no numbers."""
    (sentence,) = sentences(f"{row}\nError translating config: source config is invalid\n", HEAD + FILE)
    assert words in sentence
    assert "$" not in sentence
    assert " col " not in sentence


def test_every_reason_is_said_once_in_the_order_of_the_lines() -> None:
    """Butane's own order is another each time."""
    rows = [f"error at $.storage.files.0.{key}, line {line} col 1: bad" for line, key in ((9, "b"), (5, "a"), (9, "b"))]
    assert sentences("\n".join(rows), HEAD + FILE) == (
        "storage.files[/etc/a].a, line 5: bad", "storage.files[/etc/a].b, line 9: bad",
    )  # fmt: skip


@pytest.mark.parametrize(
    "valid",
    [
        (
            "warning at $.passwd, line 3 col 8: context tree does not match content tree at $.passwd. Line and column"
            " reporting may be inconsistent. Unused keys may not be reported"
        ),
        (
            "warning at $.ignition.config.merge.0.version, line 11 col 9: skipping validation for the merge/replace"
            " ignition config due to an unkown version"
        ),
    ],
)
def test_what_is_valid_is_no_reason(valid: str) -> None:
    """An empty section, an alias and a config of another version are valid."""
    assert butane_report.rows(f"{valid}\n") == ()
    assert butane_report.rows(f"{valid}\nerror at $: bad\n") == ("error at $: bad",)


KINDS = {
    "passwd:\n  users:\n    core:\n      uid: 1\n": (
        "line 5: cannot unmarshal !!map into []v0_6.PasswdUser",
        "passwd.users, line 5: it must be a list, with `- ` before each item, and is a mapping (cannot unmarshal !!map",
    ),
    "passwd:\n  - users: []\n": (
        "line 4: cannot unmarshal !!seq into v0_6.Passwd",
        "passwd, line 4: it must be a mapping of keys such as users, groups, and is a list (",
    ),
    f"{FILE}      mode: '0644'\n": (
        "line 6: cannot unmarshal !!str `0644` into int",
        "storage.files[/etc/a].mode, line 6: it must be a number such as 0644 without quotes, and is '0644' (",
    ),
    f"{FILE}      contents: hello\n": (
        "line 6: cannot unmarshal !!str `hello` into v0_6.Resource",
        "it must be a mapping of keys such as source, inline, local, and is 'hello' (",
    ),
    f"{FILE}      contents: {{inline: {{{{ hostname }}}}}}\n": (
        "line 6: cannot unmarshal !!map into string",
        "storage.files[/etc/a].contents.inline, line 6: a template such as {{ … }} is not filled in here",
    ),
    "systemd: {units: [{name: a.service, enabled: 'true'}]}\n": (
        "line 3: cannot unmarshal !!str `true` into bool", "it must be true or false without quotes, and is 'true' (",
    ),
    "systemd: {units: [{name: a.service, enabled: sure, dropins: x}]}\n": (
        "line 3: cannot unmarshal !!str `sure` into bool", "units[a.service].enabled, line 3: it must be true or false",
    ),
    "other: a\tb\n": (
        "line 3: cannot unmarshal !!seq into string", "line 3: it must be a text, and is a list (cannot unmarshal",
    ),
    "storage: {}\nstorage: {}\n": (
        'line 4: mapping key "storage" already defined at line 3', 'line 4: mapping key "storage" already defined at',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "both"), KINDS.items())
def test_a_value_of_the_wrong_kind_is_explained(text: str, both: tuple[str, str]) -> None:
    """It says what belongs there and what is there; Go's own words follow."""
    (sentence,) = sentences(f"{TYPES}{both[0]}\n", HEAD + text)
    assert both[1] in sentence


def test_several_values_of_the_wrong_kind_are_all_explained() -> None:
    """Also several in one line."""
    text = HEAD + "storage: {files: [{path: [a], mode: rw}]}\nsystemd: []\n"
    lines = (
        "line 3: cannot unmarshal !!seq into string", "line 3: cannot unmarshal !!str `rw` into int",
        "line 4: cannot unmarshal !!seq into v0_6.Systemd",
    )  # fmt: skip
    told = sentences(TYPES + "\n  ".join(lines), text)
    assert [sentence.partition(":")[0] for sentence in told] == [
        "storage.files[0].path, line 3", "storage.files[0].mode, line 3", "systemd, line 4",
    ]  # fmt: skip


NO_YAML = {
    "storage:\n\tfiles: []\n": ("line 4: found character that cannot start any token", "line 4", "write spaces"),
    "{% if x %}\n": ("line 3: found character that cannot start any token", "line 3", "a template"),
    f"{FILE}      contents: {{inline: ${{HOST}}}}\n": (
        "line 5: did not find expected ',' or '}'", "line 6", "${…} is not filled in here",
    ),
    "a: @x\n": ("line 3: found character that cannot start any token", "line 3", "in quotes"),
    "a: b: c\n": ("line 3: mapping values are not allowed in this context", "line 3", "in quotes, or indent"),
    "passwd:\n  users:\n    - name: core\n     uid: 1\n": (
        "line 4: did not find expected '-' indicator", "line 6", "like its neighbours",
    ),
    'a: "b\nc: d\n': ("line 3: found unexpected end of stream", "line 3", "not closed"),
    "a: b\nc: *k\n": ("unknown anchor 'k' referenced", "line 4", "&name"),
    "a: b\x07\n": ("control characters are not allowed", "line 3", "delete the character"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "three"), NO_YAML.items())
def test_what_is_no_yaml_is_said_with_the_line_where_it_is(text: str, three: tuple[str, str, str]) -> None:
    """Butane's parser counts some lines from where a list began, and gives none for others."""
    words, line, hint = three
    (sentence,) = sentences(f"{UNREADABLE}{words}\n", HEAD + text)
    assert sentence.startswith(f"{line}: {words.rpartition('line ')[2].partition(': ')[2] or words}")
    assert hint in sentence


HEADS = {
    "": ("error parsing variant; must be specified", "it is empty, or its first document is"),
    "# a\n": ("error parsing variant; must be specified", "it is empty, or its first document is"),
    "---\n---\nvariant: fcos\n": ("error parsing variant; must be specified", "its first document is"),
    "version: 1.6.0\n": ("error parsing variant; must be specified", "the key variant is missing: write `variant:"),
    '{"ignition": {"version": "3.4.0"}}': ("error parsing variant; must be specified", "it is an Ignition config"),
    "variant: flatcar\nversion: 1.6.0\n": (
        "No translator exists for variant flatcar with version 1.6.0", "variant, line 1: flatcar is another system",
    ),
    "variant: fcos\nversion: 1.9.0\n": (
        "No translator exists for variant fcos with version 1.9.0", "version, line 2: 1.9.0 is no version that butane",
    ),
    "variant: fcos\nversion: 1.6\n": (
        "error parsing version; must be a valid semver", "version, line 2: 1.6 is no version that butane knows (error",
    ),
    "variant: fcos\n": ("error parsing version; must be a valid semver", "the key version is missing (error parsing"),
    "a: &a {variant: foo}\n<<: *a\n": ("No translator exists for variant foo with version 1", "variant: foo is"),
    "a: &a {version: 9.9.9}\n<<: *a\nvariant: fcos\n": (
        "No translator exists for variant fcos with version 9.9.9", "version: 9.9.9 is no version",
    ),
    "variant: fcos\nversion:\n": ("error parsing version; must be a valid semver", "the key version is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "both"), HEADS.items())
def test_what_a_file_must_begin_with_is_said(text: str, both: tuple[str, str]) -> None:
    """Butane's own words, and the line to write."""
    (sentence,) = sentences(f"Error translating config: {both[0]}\n", text)
    assert both[1] in sentence
    assert both[0] in sentence
    assert "write `v" in sentence


@pytest.mark.parametrize(
    ("text", "other"), {"variant: fcos\n": "", "variant: flatcar\n": "flatcar", "a: 1\n": "missing"}.items()
)
def test_butane_for_another_system_is_noticed(text: str, other: str) -> None:
    """Butane translates it; the machine is Fedora CoreOS. What nobody can read here is butane's to judge."""
    why = butane_report.other_system(source_lines.load(text))
    assert other in why
    assert bool(why) == bool(other)
    assert butane_report.other_system(None) == ""


def test_a_report_without_words_is_still_an_error() -> None:
    """Nothing is passed over in silence."""
    assert sentences("", HEAD) == ("butane gives no reason",)
    assert sentences("panic: runtime error\n", HEAD) == ("panic: runtime error",)
