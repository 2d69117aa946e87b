"""Changes of one value in a YAML text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import TaskError
from tasks.model.install.butane import yaml_text
from tasks.model.install.butane.yaml_nodes import Path
from tasks.model.install.butane.yaml_style import Value

FOO = "foo.yaml"

PUT: list[tuple[str, Path, Value, str]] = [
    ("a: 1\n", ("a",), "2", 'a: "2"\n'),
    ("a: 'x'  # y\n", ("a",), "it's", "a: 'it''s' # y\n"),
    ("a: longer    # y\n", ("a",), "x", "a: x         # y\n"),
    ("a:  # y\nb: 1\n", ("a",), "x", "a: x  # y\nb: 1\n"),
    ("a: |\n  x\n\n# y\nb: 1\n", ("a",), "z", "a: z\n\n# y\nb: 1\n"),
    ("a: >+\n  x\n\n", ("b",), "z", "a: >+\n  x\n\nb: z\n"),
    ("a: x", ("b",), "z", "a: x\nb: z\n"),
    ("a: x\n# y\nb: |\n  y", ("c",), "z", "a: x\nc: z\n# y\nb: |\n  y"),
    ("a: x\r\n# y\r\n", ("b",), ["z"], "a: x\r\nb:\r\n  - z\r\n# y\r\n"),
    ("a:\n# y\nb: 1\n", ("a", "c", 0, "d"), "z", "a:\n  c:\n    - d: z\n# y\nb: 1\n"),
    ("a: []  # y\nb:\n- 1\n", ("a",), ["z"], "a:  # y\n- z\nb:\n- 1\n"),
    ("a: ~\nb:\n    c: 1\n", ("a",), {"d": "z"}, "a:\n    d: z\nb:\n    c: 1\n"),
    ("a:\n  -   x   # y\n  - # why\n    z\n", ("a", 1), "w", "a:\n  -   x   # y\n  - # why\n    w\n"),
    ("a:\n  - # y\n  - z\n", ("a", 0), "w", "a:\n  - w # y\n  - z\n"),
    ("a:\n  - x # y - z\n\n# b\n", ("a", 1), "w", "a:\n  - x # y - z\n  - w\n\n# b\n"),
    ("a: [x, 'y']\n", ("a", 1), "w", "a: [x, 'w']\n"),
    ("a: [x,\n    y,]\n", ("a", 2), "w", 'a: [x,\n    y, "w",]\n'),
    ('{"a": {"b": null}}', ("a", "b"), [{"c": "d"}], '{"a": {"b": [{"c": "d"}]}}'),
    ("a: {b: x}\n", ("a", "c", 0), "w", 'a: {b: x, c: ["w"]}\n'),
    (
        "a:\n  b:\n    local: f\n    # y\nc: 1\n",
        ("a", "b"),
        {"inline": "w"},
        "a:\n  b:\n    inline: w\n    # y\nc: 1\n",
    ),
    ("a: {local: f}\n", ("a",), {"inline": "w"}, 'a: {inline: "w"}\n'),
    ("a: &k\n  - x\nb: *k\n# y\n", ("c",), "w", "a: &k\n  - x\nb: *k\nc: w\n# y\n"),
    ("a: &k\n  - x\nb: *k # y\n", ("b",), ["w"], "a: &k\n  - x\nb: # y\n  - w\n"),
    ("a: &k [x]\nb: {c: *k}\n", ("b", "c"), ["w"], 'a: &k [x]\nb: {c: ["w"]}\n'),
    ("# y\n--- # z\na: 1\n---\na: 3\n", ("b",), "w", "# y\n--- # z\na: 1\nb: w\n---\na: 3\n"),
    ("a: &k x\nb: *k # y\n", ("b",), "w", "a: &k x\nb: w  # y\n"),
    ("a: &k x\nb:\n- *k\n- y\n", ("b", 0), "w", "a: &k x\nb:\n- w\n- y\n"),
    ("a: &k x\nb:\n- *k\n- y\n", ("b", 1), "w", "a: &k x\nb:\n- *k\n- w\n"),
    ("a: &k x\nb:\n- y\n- *k\n", ("b", 2), "w", "a: &k x\nb:\n- y\n- *k\n- w\n"),
    ("a: &k x\nb: {c: *k}\n", ("b", "c"), "w", 'a: &k x\nb: {c: "w"}\n'),
    ("a: &k x\n", ("a",), "w", "a: w\n"),
    ("a:\t1\t# y\nb:\tx\n", ("b",), "z", "a:\t1\t# y\nb:\tz\n"),
    ("a: 'x'\t# y\n", ("b",), "z", "a: 'x'\t# y\nb: z\n"),
    ("a: 1\n...\n# y\n", ("b",), "null", 'a: 1\nb: "null"\n...\n# y\n'),
]


@pytest.mark.parametrize(("text", "path", "value", "changed"), PUT)
def test_a_value_is_put_where_it_belongs(text: str, path: Path, value: Value, changed: str) -> None:
    """Every other character stays; what is added has the style of the rest."""
    assert yaml_text.put(text, path, value, FOO) == changed


@pytest.mark.parametrize(
    ("text", "number", "left"),
    [
        ("a:\n# 1\n- x # 2\n# 3\n- y\nb: 1\n", 0, "a:\n# 1\n# 3\n- y\nb: 1\n"),
        ("a:\n- x\n- y # 2\n# 3\n", 1, "a:\n- x\n# 3\n"),
        ("a:\r\n  -\r\n  - y", 1, "a:\r\n  -\r\n"),
        ("a:\n  -\n  - y\n", 0, "a:\n  - y\n"),
        ("a:\n  - 'x\n    y'\n  - z\n", 0, "a:\n  - z\n"),
        ("a: [x, y]\n", 0, "a: [y]\n"),
        ("a: [x, y, z]\n", 1, "a: [x, z]\n"),
        ("a: [x, y, z]\n", 2, "a: [x, y]\n"),
        ("a: [\n  x, # 1\n  y, # 2\n]\n", 1, "a: [\n  x, # 1\n]\n"),
        ("a: [\n  x, # 1\n  y # 2\n]\n", 1, "a: [\n  x, # 1\n]\n"),
        ("a: [\n  x, # 1\n  y, # 2\n]\n", 0, "a: [\n  y, # 2\n]\n"),
        ("a: [\n  # 1\n  x,\n  # 2\n  y\n]\n", 0, "a: [\n  # 1\n  # 2\n  y\n]\n"),
        ("a: [x, # 1\n    y]\n", 1, "a: [x, # 1\n    ]\n"),
        ("a: [x, # 1\n    y]\n", 0, "a: [ # 1\n    y]\n"),
        ("a: [x,\n    y, z]\n", 1, "a: [x,\n    z]\n"),
        ("a:\n- &k x\n- y\nb: z\n", 0, "a:\n- y\nb: z\n"),
        ("b: &k x\na:\n- *k # 1\n- y # 2\n", 0, "b: &k x\na:\n- y # 2\n"),
        ("b: &k x\na:\n- *k # 1\n- y # 2\n", 1, "b: &k x\na:\n- *k # 1\n"),
    ],
)
def test_an_item_is_dropped_with_its_line(text: str, number: int, left: str) -> None:
    """Comments in lines of their own stay."""
    assert yaml_text.drop(text, ("a", number), FOO) == left


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &k x\nb: *k\n", ("a",)),
        ("a: &k x\nb: [*k]\n", ("a",)),
        ("a: &k\n  - x\nb: *k\n", ("b", 1)),
        ("a: &k {c: x}\nb: *k\n", ("a", "c")),
        ("a: x\n", ("a", "b")),
        ("a: [1, 2]\n", ("a", "b")),
        ("a: {b}\n", ("a", "b", "c")),
    ],
)
def test_what_cannot_be_changed_alone_is_refused_with_its_place(text: str, path: Path) -> None:
    """The result of each change is read again and compared."""
    with pytest.raises(TaskError, match=r"foo\.yaml cannot be changed") as refused:
        yaml_text.put(text, path, "w", FOO)
    assert ".".join(map(str, path)) in refused.value.next


@pytest.mark.parametrize(
    ("text", "words"),
    {
        "a: 1\nb: x\ty\n": "line 2: found character '\\t' that cannot start any token; write spaces",
        "a: 1\na: 2\n": 'line 2: found duplicate key "a"',
        "- a\n": "foo.yaml is not a mapping", "a\n": "foo.yaml is not a mapping",
        "": "foo.yaml is empty", "{}\n": "foo.yaml is empty", "# a\n": "foo.yaml is empty",
        "a: 2026-13-45\n": "month must be in 1..12", "a: &a [*a]\n": "an anchor holds itself",
    }.items(),
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_line(text: str, words: str) -> None:
    """Only the parser's own words, without its documentation."""
    with pytest.raises(TaskError) as refused:
        yaml_text.load(text, FOO)
    assert words in str(refused.value)
    assert "https://" not in str(refused.value)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff\u2028\u2029"))


@given(TEXTS, st.sampled_from(["a: x\n", "a: 'x'\n", 'a: "x"\n', "{a: x}\n", "a:\n", "a: [x]\n"]))
def test_any_text_is_read_back_as_it_was_written(value: str, text: str) -> None:
    """Quotes are added where YAML would read something else, such as a number, a comment or a mapping."""
    path: Path = ("a", 0) if "[" in text else ("a",)
    read = yaml_text.load(yaml_text.put(text, path, value, FOO), FOO)["a"]
    assert (read[0] if "[" in text else read) == value
