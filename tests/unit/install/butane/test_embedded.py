"""Ignition configs that are written into a Butane text."""

import pytest

from tasks.model.install.butane import embedded, source_lines
from tasks.model.install.merged import Finding

TEXT = """variant: fcos
version: 1.6.0
ignition:
  config:
    merge:
      - inline: |
          {
            "ignition": {}
          }
      - local: a.ign
      - inline: '{"ignition":
          {}}'
    replace: {inline: "{}"}
storage: {}
"""


def test_each_config_has_its_place_and_content() -> None:
    """A line of a literal text is one of the file; of any other, only the first is known."""
    found = embedded.children(TEXT)
    assert [child.content.replace(" ", "") for child in found] == ['{\n"ignition":{}\n}\n', '{"ignition":{}}', "{}"]
    merge = "ignition.config.merge"
    assert [child.place(0) for child in found] == [
        f"{merge}[0].inline, line 6", f"{merge}[2].inline, line 11", "ignition.config.replace.inline, line 13",
    ]  # fmt: skip
    assert [child.place(2) for child in found[:2]] == [f"{merge}[0].inline, line 8", f"{merge}[2].inline, line 11"]


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
def test_without_them_every_other_line_keeps_its_number(text: str) -> None:
    """Butane is asked about the rest; it would refuse the same config twice."""
    emptied = embedded.emptied(text, embedded.children(text))
    document = source_lines.load(emptied)
    assert document.lc.key("storage")[0] == source_lines.load(text).lc.key("storage")[0]
    config = document["ignition"]["config"]
    inline = [config["merge"][0]["inline"], config["merge"][2]["inline"], config["replace"]["inline"]]
    assert len(set(inline)) == len(inline)
    assert config["merge"][1]["local"] == "a.ign"


@pytest.mark.parametrize(
    "text", ["", "a: [", "ignition: 1", "ignition: {config: {merge: [1, {inline: {a: b}}, {inline: }]}}", "- a"]
)
def test_what_is_no_text_is_no_config(text: str) -> None:
    """Butane says what is wrong with it."""
    assert not any(child.content for child in embedded.children(text))


def test_what_is_found_in_one_is_said_at_its_place() -> None:
    """What is about none of them is not."""
    found = embedded.children(TEXT)
    assert len(embedded.merging(found)["ignition"]["config"]["merge"]) == len(found)
    place = "ignition", "config", "merge[1]"
    bad, again, whole = Finding(place, "bad", 1), Finding(place, "bad", 1), Finding((), "other")
    merged = Finding(("systemd", "units[a.service]", "contents"), "it has no [Install] (once every config is merged)")
    assert embedded.sentences(found, (bad, again, whole, merged)) == ("ignition.config.merge[2].inline, line 11: bad",)
