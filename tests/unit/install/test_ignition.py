"""Everything that an Ignition file carries is found."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.install import ignition

CHILD = '{"ignition":{"version":"3.5.0"}}'


@given(st.text())
def test_what_is_carried_is_found_whatever_it_says(text: str) -> None:
    """It survives a merged config, percent-encoding, base64 and compression."""
    plain = base64.b64encode(text.encode()).decode()
    packed = base64.b64encode(gzip.compress(text.encode())).decode()
    files = [
        {"path": "/a", "contents": {"source": f"data:;base64,{plain}"}},
        {"path": "/b", "contents": {"source": f"data:;base64,{packed}", "compression": "gzip"}},
    ]
    child = json.dumps({"ignition": {"version": "3.5.0"}, "storage": {"files": files}})
    whole = {said.name: said.content for said in ignition.flatten(ignition.merged(CHILD, child))}
    if not text.encode().startswith((b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b")) and "\0" not in text:
        assert whole["ignition.config.merge[0].storage.files[/a].contents.source"] == text
        assert whole["ignition.config.merge[0].storage.files[/b].contents.source"] == text


@given(st.permutations(["/a", "/b", "/c"]))
def test_a_place_is_the_same_in_any_order(paths: list[str]) -> None:
    """So an allowed place never comes to mean another file."""
    files = [{"path": path, "contents": {"source": f"data:,{path[1]}"}} for path in paths]
    whole = ignition.flatten(json.dumps({"storage": {"files": files}}))
    found = {said.name: said.content for said in whole if said.path[-1] == "source"}
    assert found == {f"storage.files[/{name}].contents.source": name for name in "abc"}


@pytest.mark.parametrize("broken", ["data:;base64,@@@", "data:;base64,H4sIAAAAAAAA", "data:", "http://a/b"])
def test_what_cannot_be_unpacked_stays_as_it_is(broken: str) -> None:
    """A broken data URL never stops a scan."""
    assert isinstance(ignition.decode(broken, compressed=True), str)


@pytest.mark.parametrize("child", ['{"a": ', "variant: fcos", "[1]", ""])
def test_a_child_that_is_no_config_is_a_text_like_others(child: str) -> None:
    """It is searched for secrets; Ignition's own code says what is wrong with it."""
    whole = ignition.flatten(ignition.merged(CHILD, child))
    assert [entry.content for entry in whole if "merge" in entry.name] == [child]


def said(path: str, content: str) -> ignition.Entry:
    return ignition.Entry(tuple(path.split(" ")), content)
