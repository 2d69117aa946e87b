"""Change one value in a YAML text, and no other character: comments, styles and line ends stay.

The result of every change is read again: if anything else would have changed too, as with some anchors, it is an error.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tasks.model.errors import TaskError
from tasks.model.install.butane.yaml_edit import Path, Text
from tasks.model.install.butane.yaml_style import Value
from tasks.model.install.butane.yaml_tabs import spaced


def load(text: str, name: str) -> dict[str, Any]:
    """The first document of a text, which must be a mapping; `name` is its file, for errors."""
    try:
        document = next(iter(YAML(typ="safe", pure=True).load_all(spaced(text))), None)
    except (YAMLError, ValueError) as error:
        raise TaskError(f"{name} is not YAML", _why(error), f"correct {name} at that place") from error
    if document and not isinstance(document, dict):
        why = "it must hold keys with values, such as `variant: fcos`"
        raise TaskError(f"{name} is not a mapping", why, f"correct {name}, or restore it: git checkout {name}")
    if not document:
        raise TaskError(f"{name} is empty", "there is nothing to adopt", f"restore it: git checkout {name}")
    return document


def _why(error: Exception) -> str:
    """The line and the parser's words in one line; a tab in a plain text is valid YAML, but not for the parser."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    problem = " ".join(str(error.problem).split())
    hint = "; write spaces, or put a text with a tab in quotes" if r"'\t'" in problem else ""
    return f"line {error.problem_mark.line + 1}: {problem}{hint}"


def put(text: str, path: Path, value: Value, name: str) -> str:
    """The text with `value` at `path`; what is missing on the way is added in the text's own style."""
    wanted = load(text, name)
    try:
        _set(wanted, path, value)
    except TypeError as error:  # something else stands where a list or a mapping belongs
        raise _unchangeable(path, name) from error
    return _checked(Text.of(text).put(path, value), wanted, path, name)


def drop(text: str, path: Path, name: str) -> str:
    """The text without one item of a list that has others too."""
    wanted = load(text, name)
    above: Any = wanted
    for step in path[:-1]:
        above = above[step]
    del above[path[-1]]
    return _checked(Text.of(text).drop(path), wanted, path, name)


def _checked(text: str, wanted: dict[str, Any], path: Path, name: str) -> str:
    try:
        is_right = load(text, name) == wanted
    except TaskError:
        is_right = False
    if not is_right:
        raise _unchangeable(path, name)
    return text


def _unchangeable(path: Path, name: str) -> TaskError:
    place = ".".join(map(str, path))
    why = f"{place} is written in a form that cannot be changed alone, such as an anchor"
    return TaskError(f"{name} cannot be changed", why, f"change {place} by hand")


def _set(document: Any, path: Path, value: Value) -> None:  # noqa: ANN401  (YAML's own shapes)
    """Set a value in a document as `put` sets it in the text."""
    for step, following in zip(path, (*path[1:], None), strict=True):
        here = value if following is None else (document[step] if _has(document, step) else None)
        if following is not None and not here:
            here = [] if isinstance(following, int) else {}
        if isinstance(step, int) and step == len(document):
            document.append(here)
        else:
            document[step] = here
        document = here


def _has(document: Any, step: str | int) -> bool:  # noqa: ANN401  (YAML's own shapes)
    return step < len(document) if isinstance(step, int) else step in document
