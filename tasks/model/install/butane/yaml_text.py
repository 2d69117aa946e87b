"""Change one value in a YAML text, and no other character: comments, styles and line ends stay.

The result of every change is read again: if anything else would have changed too, as with some anchors, it is an error.
"""

from typing import Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tasks.model.errors import TaskError
from tasks.model.install.butane.yaml_edit import Text
from tasks.model.install.butane.yaml_nodes import Path
from tasks.model.install.butane.yaml_parser import parser
from tasks.model.install.butane.yaml_style import Value
from tasks.model.install.butane.yaml_tabs import spaced
from tasks.model.install.ignition import identity


def load(text: str, name: str) -> dict[str, Any]:
    """The first document of a text, which must be a mapping; `name` is its file, for errors."""
    try:
        document = next(iter(parser().load_all(spaced(text))), None)
        document = _unshared(document)
    except (YAMLError, ValueError) as error:
        raise TaskError(f"{name} is not YAML", _why(error), f"correct {name} at that place") from error
    except RecursionError:
        why = "it is nested too deeply, or an anchor holds itself"
        raise TaskError(f"{name} cannot be read", why, f"write it without that in {name}") from None
    if document and not isinstance(document, dict):
        why = "it must hold keys with values, such as `variant: fcos`"
        raise TaskError(f"{name} is not a mapping", why, f"correct {name}, or restore it: git checkout {name}")
    if not document:
        raise TaskError(f"{name} is empty", "there is nothing to adopt", f"restore it: git checkout {name}")
    return dict(document)


def _unshared(value: Any) -> Any:  # noqa: ANN401  (YAML's own shapes)
    """A copy in which an alias has a value of its own, so that a change of one place leaves the other alone."""
    if isinstance(value, dict):
        return {key: _unshared(each) for key, each in value.items()}
    return [_unshared(each) for each in value] if isinstance(value, list) else value


def is_shared(text: str, path: Path, name: str) -> bool:
    """Whether the value at a path is an alias, or a list in brackets that holds one."""
    load(text, name)
    return Text.of(text).is_alias(path)


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
    except TypeError as error:
        where = place(text, path, name)
        why = f"{where}: something else is written where a list or a mapping belongs"
        raise TaskError(f"{name} cannot be changed", why, f"change {where} by hand") from error
    return _checked(Text.of(text).put(path, value), wanted, path, name, text)


def drop(text: str, path: Path, name: str) -> str:
    """The text without one item of a list that has others too."""
    wanted = load(text, name)
    above: Any = wanted
    for step in path[:-1]:
        above = above[step]
    del above[path[-1]]
    return _checked(Text.of(text).drop(path), wanted, path, name, text)


def _checked(changed: str, wanted: dict[str, Any], path: Path, name: str, text: str) -> str:
    """The changed text, if it says what is wanted; `text` is what it was made of."""
    try:
        is_right = load(changed, name) == wanted
    except TaskError:
        is_right = False
    if not is_right:
        where = place(text, path, name)
        why = f"{where}: it cannot be changed alone; an anchor (&) that is used elsewhere is there, or an odd form"
        raise TaskError(f"{name} cannot be changed", why, f"change {where} by hand")
    return changed


def place(text: str, path: Path, name: str) -> str:
    """The place of a value, with its items' names, and its line if it is there."""
    document: Any = load(text, name)
    parts: list[str] = []
    for step in path:
        is_item = isinstance(document, list) and isinstance(step, int) and step < len(document)
        document = document[step] if is_item else document.get(step) if isinstance(document, dict) else None
        if is_item and parts:
            parts[-1] += f"[{identity(document, int(step))}]"
        else:
            parts.append(str(step))
    line = Text.of(text).line(path)
    return f"{'.'.join(parts)}{f', line {line}' if line else ''}"


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
