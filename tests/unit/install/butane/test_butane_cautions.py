"""What butane takes without a word."""

import pytest

from tasks.model.install.butane import butane_cautions, source_lines


@pytest.mark.parametrize(
    ("text", "line"),
    {
        "a: 1\n": 0, "a: 1\n---\n": 0, "a: 1\n---\n# b\n": 0, "a: 1\n...\n": 0, "---\na: 1\n": 0, "a: [\n": 0, "": 0,
        "a: 1\n---\n\nb: 2\n": 4, "a: 1\n---\nb\n---\nc: 2\n": 3,
    }.items(),
)  # fmt: skip
def test_a_second_document_is_noticed(text: str, line: int) -> None:
    """Butane reads only the first; an empty one holds nothing that could be lost."""
    told = list(butane_cautions.cautions(text, source_lines.load(text)))
    assert [sentence.partition(":")[0] for sentence in told] == ([f"line {line}"] if line else [])


def test_an_experimental_version_is_noticed() -> None:
    """The next release of Fedora CoreOS may refuse it."""
    text = "variant: fcos\nversion: {}\n"
    for version, told in (("1.6.0", 0), ("1.8.0-experimental", 1)):
        written = text.format(version)
        sentences = list(butane_cautions.cautions(written, source_lines.load(written)))
        assert [sentence.startswith("version, line 2: ") for sentence in sentences] == [True] * told
