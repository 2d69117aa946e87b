"""What butane reports about a Butane text, as sentences with the place in the text, its line and butane's own words."""

import re
from collections.abc import Iterator
from typing import Any

from tasks.model.install.butane import butane_keys, butane_types, yaml_problem
from tasks.model.install.ignition import named

SYSTEM, VERSION = "fcos", "1.6.0"  # what a new butane.yaml has
_ROW = re.compile(r"(?:error|warning) at (?:\$(?P<path>[^,]*?)(?:, )?)?(?:line (?P<line>\d+) col \d+)?: (?P<why>.*)")
_UNUSED = re.compile(r"unused key (.*)")
_SUMMARY = re.compile(r"^(?:Error translating config: )?(?:Error unmarshaling yaml: )?(?:yaml: )?")
_TYPED = re.compile(r"line (\d+): (cannot unmarshal .*)")
_IGNORED = (
    "skipping validation for the merge/replace ignition config",  # of another version; Ignition's own code reads it
    "context tree does not match content tree",  # an empty section, or an alias: both are valid
)
_MEANS = {
    "duplicate entry defined": "the same one is written above: leave one out",
    "unreasonable mode would be reasonable if specified in octal": "write it as 0644, with the zero",
    "path not absolute": "it must begin with /",
    "path is not fully simplified": "leave out a / at its end, //, . and ..",
    "invalid url scheme": "it must begin with https://, http://, data: or the like; for a text, use `inline`",
    "invalid systemd unit extension": "its name must end in .service, .timer, .mount or the like",
    "invalid systemd drop-in extension": "its name must end in .conf",
    "malformed hash specifier": "it must be sha512- or sha256- and the sum",
    "unrecognized hash function": "it must be sha512- or sha256- and the sum",
    "incorrect size for hash sum": "sha512- takes 128 digits, and sha256- takes 64",
    "is a directory": "name a file; storage.trees takes a directory in",
    "no such file or directory": "its path counts from the repository's folder",
    "matching filesystem node has existing contents": "storage has an entry for one of the tree's files: leave one out",
    "but has no install section": "add [Install] with WantedBy=multi-user.target, or leave out `enabled`",
}


def rows(report: str) -> tuple[str, ...]:
    """The lines of a report that say what is wrong, without those about what is valid."""
    lines = [line.strip() for line in report.splitlines() if _ROW.match(line.strip())]
    return tuple(line for line in lines if not any(words in line for words in _IGNORED))


def sentences(report: str, text: str, document: Any) -> tuple[str, ...]:  # noqa: ANN401  (YAML's own shapes)
    """Everything that a report says about a text, in the order of its lines; `document` is the text as it was read.

    A report without rows has one summary, such as that of YAML's parser.
    """
    found = [(int(row["line"] or 0), _about(row, document)) for row in map(_ROW.match, rows(report)) if row]
    if found:
        return tuple(dict.fromkeys(sentence for _, sentence in sorted(found)))
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    return tuple(dict.fromkeys(_summary(lines, text, document))) or ("butane gives no reason",)


def _about(row: re.Match[str], document: object) -> str:
    """One sentence about a row: where, and why."""
    path, why = (row["path"] or "").strip(".").split("."), row["why"]
    if unused := _UNUSED.fullmatch(why):
        why = butane_keys.unknown([*path[:-1], unused[1]])
    elif meaning := next((meaning for words, meaning in _MEANS.items() if words in why), ""):
        why = f"{why}: {meaning}"
    places = [
        place for place in (".".join(named(path, document)), f"line {row['line']}" if row["line"] else "") if place
    ]
    return f"{', '.join(places)}: {why}" if places else why


def _summary(lines: list[str], text: str, document: Any) -> Iterator[str]:  # noqa: ANN401  (YAML's own shapes)
    """What a report without rows says."""
    if not lines:
        return
    words = _SUMMARY.sub("", lines[0])
    if words == "unmarshal errors:":
        typed = [(match, line) for line in lines[1:] for match in [_TYPED.fullmatch(line)]]
        wrong = butane_types.Wrong.of(text)
        yield from (wrong.sentence(int(match[1]), match[2]) if match else line for match, line in typed)
    elif "variant" in words or "version" in words:
        yield _head(words, document)
    else:
        yield yaml_problem.sentence(words, text)


def _head(words: str, document: Any) -> str:  # noqa: ANN401  (YAML's own shapes)
    """What is wrong with the two keys that every Butane file begins with."""
    wanted = f"write `variant: {SYSTEM}` and `version: {VERSION}`"
    if not document or not isinstance(document, dict):
        return f"it is empty, or its first document is ({words}): {wanted}"
    if "variant" not in document and isinstance(document.get("ignition"), dict) and "version" in document["ignition"]:
        return f"it is an Ignition config ({words}): {wanted}, and take it in with ignition.config.merge"
    if why := other_system(document):
        return f"{why} ({words})"
    if document.get("version") is None:
        return f"the key version is missing ({words}): write `version: {VERSION}`"
    place = _place(document, "version")
    return f"{place}: {document['version']} is no version that butane knows ({words}): write `version: {VERSION}`"


def other_system(document: Any) -> str:  # noqa: ANN401  (YAML's own shapes)
    """Why a Butane document is not for Fedora CoreOS; empty if it is, or if nobody can read it here."""
    if not isinstance(document, dict):
        return ""
    if document.get("variant") is None:
        return f"the key variant is missing: write `variant: {SYSTEM}`"
    if document["variant"] == SYSTEM:
        return ""
    place, variant = _place(document, "variant"), document["variant"]
    return f"{place}: {variant} is another system, and this is Fedora CoreOS: write `variant: {SYSTEM}`"


def _place(document: Any, key: str) -> str:  # noqa: ANN401  (YAML's own shapes)
    """A key with its line; one that comes through YAML's merge key has none."""
    return f"{key}, line {document.lc.key(key)[0] + 1}" if key in document.lc.data else key
