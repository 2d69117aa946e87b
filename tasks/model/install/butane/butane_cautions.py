"""What butane takes in a text without a word, and what comes of it."""

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml.nodes import ScalarNode

from tasks.model.install.butane.yaml_nodes import roots

_BEGIN = re.compile(r"^---", re.MULTILINE)


def cautions(text: str, document: Any) -> Iterator[str]:  # noqa: ANN401  (YAML's own shapes)
    """A sentence for each, with its line; `document` is the text as it was read."""
    if line := _second(text):
        yield f"line {line}: a second document begins here, and butane reads only the first: delete `---` above it"
    if isinstance(document, dict) and str(document.get("version")).endswith("-experimental"):
        line = document.lc.key("version")[0] + 1  # type: ignore[attr-defined]  # ruamel's own mapping
        yield f"version, line {line}: machines of another Fedora CoreOS release may refuse it: write 1.6.0"


def _second(text: str) -> int:
    """The line of the second document, counted from 1; 0 if there is none, or it is empty."""
    if not _BEGIN.search(text):  # a large file takes a second to parse
        return 0
    others = list(roots(text))[1:]
    written = [each for each in others if not (isinstance(each, ScalarNode) and not each.value)]
    return int(written[0].start_mark.line) + 1 if written else 0
