"""invoke.yaml as it is written: the line of each key, and every mistake that Invoke would not report well.

Invoke's own parser reads it here too, so both see the same.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from invoke import Config, util

from tasks.model.errors import TaskError

_Yaml: TypeAlias = Any  # Invoke's parser has no types
yaml: _Yaml = util.yaml
Place = tuple[str | int, ...]  # keys of mappings and numbers of items

FILE = Path(__file__).parents[2] / "invoke.yaml"
SECTION = "custom_coreos"
_EXECUTOR = "tasks.cli.Executor"
_KINDS = {dict: "a mapping", bool: "true or false", str: "a text", list: "a list"}
_DEEPER = ("found '<block mapping start>'", "mapping values are not allowed")  # a key is further right than expected
_BEGUN = ("while scanning", "while parsing a flow")  # then YAML also tells where a quote, a bracket or a key began
_CORRECT = "correct it in invoke.yaml; the comments there explain each key"
_RESTORE = "restore it: git checkout invoke.yaml"


def read() -> dict[str, Any]:
    """Return what is in the file, if YAML and Invoke can use it."""
    loader, root = _parsed()
    if not isinstance(root, yaml.MappingNode):
        why = f"line {_line(root)}: it must hold keys such as {SECTION}:" if root else "line 1: it is empty"
        raise TaskError("invoke.yaml has no settings", why, _CORRECT if root else _RESTORE)
    try:
        _check_nodes(loader, root)
        written: dict[str, Any] = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise not_yaml("invoke.yaml", error) from error
    except RecursionError:
        raise _too_deep() from None
    _check_keys(written, Config.global_defaults() | {SECTION: {}})
    if SECTION not in written:
        raise wrong((SECTION,), "the section is missing")
    if written.get("tasks", {}).get("executor_class") != _EXECUTOR:
        raise wrong(("tasks", "executor_class"), f"it must be {_EXECUTOR}, which reports failures in three lines")
    return written


def wrong(place: Place, why: str) -> TaskError:
    """Return the error about a key or a list's item, with its line."""
    name = ".".join(map(str, place[:2])).removeprefix(f"{SECTION}.")
    return _fault(name, _line_of(place), why)


def unknown(key: str, known: Iterable[str]) -> str:
    """Say that a key is unknown, and suggest the nearest one."""
    from difflib import get_close_matches

    known = list(known)
    near = get_close_matches(key, known, 1)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; the known keys are {', '.join(known)}"


def not_yaml(name: str, error: _Yaml, text: str = "") -> TaskError:
    """Return the error about a file that is not YAML, with the line where the mistake is."""
    words = " ".join(", ".join(filter(None, (error.context, error.problem))).split())
    begun, noticed = _begun(error, text).line + 1, error.problem_mark.line + 1
    later = f"; noticed in line {noticed}" if noticed > begun else ""
    hint = "; YAML wants spaces, and no tabs" if r"'\t'" in words else ""
    return TaskError(f"{name} is not valid YAML", f"line {begun}: {words}{later}", f"correct that line{hint}")


def _parsed() -> tuple[_Yaml, _Yaml]:
    """Return the parser, and the file's first node; it is None in an empty file."""
    text = _text()
    try:
        loader = yaml.SafeLoader(text)
        return loader, loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise not_yaml("invoke.yaml", error, text) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        why = f"line {line}: the character U+{error.character:04X}: {error.reason}"
        raise TaskError("invoke.yaml is not valid YAML", why, "delete that character") from error
    except RecursionError:
        raise _too_deep() from None


def _text() -> str:
    try:
        return FILE.read_bytes().decode()
    except UnicodeDecodeError as error:
        line, byte = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        why = f"line {line}: the byte 0x{byte:02x}: {error.reason}"
        raise TaskError("invoke.yaml is not UTF-8 text", why, "save it as UTF-8") from error
    except OSError as error:
        following = _RESTORE if isinstance(error, FileNotFoundError) else "look at it: ls -ld invoke.yaml"
        raise TaskError("invoke.yaml could not be read", error.strerror or str(error), following) from error


def _begun(error: _Yaml, text: str) -> _Yaml:
    """Return the mark where the mistake is: YAML notices a missing colon, bracket or quote only further down."""
    if error.context_mark and error.context.startswith(_BEGUN):
        return error.context_mark
    noticed, is_deeper = error.problem_mark, any(words in error.problem for words in _DEEPER)
    before = [token for token in _tokens(text) if token.start_mark.index < noticed.index]
    if before and isinstance(last := before[-1], yaml.ScalarToken):
        lacks_colon = is_deeper and not text[: last.start_mark.index].rpartition("\n")[2].strip()
        lacks_quote = last.style in ("'", '"') and last.start_mark.line < last.end_mark.line == noticed.line
        if lacks_colon or lacks_quote:
            return last.start_mark
    keys = [token.start_mark for token in before if isinstance(token, yaml.KeyToken)]
    return _misplaced(keys, noticed, text) if is_deeper and keys else noticed


def _misplaced(keys: list[_Yaml], noticed: _Yaml, text: str) -> _Yaml:
    """Return the mark of the key that is too far to the left or to the right."""
    line = text[noticed.index - noticed.column :]
    indent = len(line) - len(line.lstrip(" "))
    if indent < keys[0].column:
        return keys[0]  # the line above it is missing
    return keys[-1] if indent in {key.column for key in keys} else noticed


def _tokens(text: str) -> list[_Yaml]:
    """Return all tokens of a text, up to a mistake."""
    loader, found = yaml.SafeLoader(text), []
    try:
        while loader.check_token():
            found.append(loader.get_token())
    except yaml.scanner.ScannerError:
        found += loader.tokens
    return found


def _check_nodes(loader: _Yaml, node: _Yaml, place: Place = ()) -> None:
    """Refuse what YAML reads without a word, such as a key that occurs twice, and values that it cannot convert."""
    if isinstance(node, yaml.MappingNode):
        _check_names([key for key, _ in node.value])
    for step, (_, below) in _children(node).items():
        _check_nodes(loader, below, (*place, step))
    if isinstance(node, yaml.ScalarNode):
        try:
            loader.construct_object(node)
        except (ValueError, LookupError, AttributeError) as error:
            raise wrong(place, f"{node.value[:40]!r} is no {node.tag.rpartition(':')[2]}") from error


def _check_names(keys: Iterable[_Yaml]) -> None:
    """Refuse a mapping's keys if one is no text, or occurs twice; for Invoke `A` and `a` are the same."""
    lines: dict[str, int] = {}
    for key in keys:
        name = key.value if isinstance(key, yaml.ScalarNode) and key.value else "a key"
        if not key.tag.endswith((":str", ":merge")):
            raise _fault(name, _line(key), "a key must be a text; write it in quotes")
        if first := lines.get(name.upper()):
            raise _fault(name, _line(key), f"it is already in line {first}")
        lines[name.upper()] = _line(key)


def _check_keys(written: Mapping[str, Any], known: Mapping[str, Any], above: Place = ()) -> None:
    """Refuse keys that Invoke does not know, and values of another kind than its defaults."""
    for key, value in written.items():
        place, default = (*above, key), known.get(key)
        if key not in known:
            raise wrong(place, unknown(key, known))
        kind = next((kind for kind in _KINDS if isinstance(default, kind)), None)
        if kind and not isinstance(value, kind):
            raise wrong(place, f"it must be {_KINDS[kind]}, {'and it is empty' if value is None else f'not {value!r}'}")
        if default and isinstance(default, dict):
            _check_keys(value, default, place)


def _line_of(place: Place) -> int:
    """Return the line of a key or item, or of what is above it if it is missing; 0 if all of it is missing."""
    node, line = _parsed()[1], 0
    for step in place:
        if step not in (children := _children(node)):
            break
        key, node = children[step]
        line = _line(key)
    return line


def _children(node: _Yaml) -> dict[str | int, tuple[_Yaml, _Yaml]]:
    """Return the keys and values of a mapping by their names, or the items of a list, each twice, by their numbers."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    return dict(enumerate((item, item) for item in node.value)) if isinstance(node, yaml.SequenceNode) else {}


def _line(node: _Yaml) -> int:
    return int(node.start_mark.line) + 1


def _fault(name: str, line: int, why: str) -> TaskError:
    what = f"invoke.yaml: {name if name.isprintable() else repr(name)} is wrong"
    return TaskError(what, f"line {line}: {why}" if line else why, _CORRECT)


def _too_deep() -> TaskError:
    return TaskError("invoke.yaml is not valid YAML", "it is nested too deeply, or contains itself", _CORRECT)
