"""sshd's settings on a machine as sshd reads them; sshd_config(5) and OpenSSH's servconf.c are the source."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.model.install.ignition import Path
from tasks.model.install.login.visitors import Visitor
from tasks.model.install.merged import Merged, plain

MAIN, DROP_INS = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"
_READS_KEYS = "AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/*"
STOCK = {  # what decides here who gets in, as Fedora CoreOS 44 has it
    MAIN: f"Include {DROP_INS}/*.conf\nAuthorizedKeysFile .ssh/authorized_keys\n",
    f"{DROP_INS}/40-disable-passwords.conf": "PasswordAuthentication no",
    f"{DROP_INS}/50-redhat.conf": "KbdInteractiveAuthentication no",
    f"{DROP_INS}/90-afterburn-authorized-keys-file.conf": _READS_KEYS,
    f"{DROP_INS}/91-ignition-authorized-keys-file.conf": _READS_KEYS,
}
_LINE = re.compile(r'[ \t]*"?([^\s"=]+)"?(?:\s*=\s*|\s+|$)(.*)')
_QUOTED = r"(?:\\['\"\\]|\\(?!['\"\\])|[^{0}\\])*"
_PART = re.compile(rf"""\\['"\\ ]|"{_QUOTED.format('"')}"|'{_QUOTED.format("'")}'|[^\s'"\\]+|\\""")
_ESCAPED = re.compile(r"""\\(['"\\ ])""")
_DEEPEST = 16  # levels of Include

Words = tuple[str, ...]
_Part = tuple[str, Path]  # what Fedora CoreOS, or the config at a place, writes into a file


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: its keyword in small letters and as it is written, its words, and the Match lines that it stands under.

    They are not whole if a quote is not closed. The place in the config is empty for a line of Fedora CoreOS's own;
    else `number` counts the lines that the config writes into the file `path`, from 1.
    """

    keyword: str
    written: str
    words: Words
    is_whole: bool
    match: tuple[Words, ...]
    path: str
    number: int
    place: Path


def settings(merged: Merged) -> tuple[Setting, ...] | None:
    """Every line in the order in which sshd reads them; None if the machine fetches some of them."""
    texts: dict[str, list[_Part]] = {path: [(text, ())] for path, text in STOCK.items()}
    for kind in ("files", "links"):
        for item in merged.items("storage", kind):
            path, place = plain(item["path"]), ("storage", f"{kind}[{item['path']}]")
            text = merged.read(path)
            if text is None and path.startswith(MAIN):
                return None
            appended = kind == "files" and not (item.get("contents") or {}).get("source")
            texts[path] = [*(texts.get(path, []) if appended else []), (text or "", place)]
    return tuple(_read(texts, MAIN, (), _DEEPEST))


def in_force(known: Sequence[Setting], keyword: str, visitor: Visitor) -> tuple[Setting, ...] | None:
    """The lines of a keyword that count for somebody, the winning one first; None if that depends on the connection.

    Lines under a Match that applies win over all others.
    """
    lines = [setting for setting in known if setting.keyword == keyword]
    applying = [(line, _applies(line.match, visitor)) for line in lines if line.match]
    if any(applies is None for _, applies in applying):
        return None
    return tuple(line for line, applies in applying if applies) or tuple(line for line in lines if not line.match)


def matches(name: str, pattern: str) -> bool:
    """Whether a name has the form of a pattern, in which `*` stands for any letters and `?` for one."""
    form = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(form, name, re.DOTALL) is not None


def _read(texts: Mapping[str, Sequence[_Part]], path: str, match: tuple[Words, ...], depth: int) -> Iterator[Setting]:
    """The lines of a file and of those that it includes; a Match holds until the next one, or the file's end."""
    under = match
    for place, number, matched in _lines(texts[path]):
        keyword, (words, is_whole) = matched[1].lower(), _words(matched[2])
        if keyword == "include" and depth:
            for included in (each for word in words for each in sorted(texts) if _is_included(each, word)):
                yield from _read(texts, included, under, depth - 1)
        yield Setting(keyword, matched[1], words, is_whole, under, path, number, place)
        if keyword == "match":
            under = (*match, words)


def _lines(parts: Sequence[_Part]) -> Iterator[tuple[Path, int, re.Match[str]]]:
    """The lines of a file that say something, each with its place and its number there."""
    for text, place in parts:
        for number, line in enumerate(text.split("\n"), start=1):
            matched = _LINE.fullmatch(line.rstrip(" \t\r\f"))
            if matched and not matched[1].startswith("#"):
                yield place, number, matched


def _words(text: str) -> tuple[Words, bool]:
    """The words up to a comment, and whether every quote is closed."""
    words: list[str] = []
    end = 0
    while rest := text[end:].lstrip():
        if rest.startswith("#"):
            break
        end = len(text) - len(rest)
        parts = []
        while part := _PART.match(text, end):
            parts.append(_plain(part[0]))
            end = part.end()
        if text[end : end + 1].strip():
            return tuple(words), False
        words.append("".join(parts))
    return tuple(words), True


def _plain(part: str) -> str:
    """A part of a word without its quotes and escapes."""
    return _ESCAPED.sub(r"\1", part[1:-1] if part[0] in "\"'" else part)


def _is_included(path: str, word: str) -> bool:
    folder, _, form = plain(f"/etc/ssh/{word}" if not word.startswith("/") else word).rpartition("/")
    parent, _, name = path.rpartition("/")
    return parent == folder and not (name.startswith(".") and not form.startswith(".")) and matches(name, form)


def _applies(match: Sequence[Words], visitor: Visitor) -> bool | None:
    """Whether Match lines are for a person; None if only the connection, or a group that may be theirs, tells."""
    answers = [answer for words in match for answer in _answers(iter(words), visitor)]
    if False in answers:
        return False
    return None if None in answers else True


def _answers(words: Iterator[str], visitor: Visitor) -> Iterator[bool | None]:
    for word in words:
        criterion, equals, patterns = word.lower().partition("=")
        if criterion in ("all", "invalid-user"):
            yield criterion == "all"
            continue
        patterns = word.partition("=")[2] if equals else next(words, "")
        if criterion == "user":
            yield _listed([visitor.name], patterns)
        elif criterion == "group":
            yield _listed(visitor.groups, patterns) or (None if _listed(visitor.beside, patterns) else False)
        else:
            yield None


def _listed(names: Collection[str], patterns: str) -> bool:
    """Whether one of the names has a form of a list, and none has one after a `!`."""
    forms = patterns.split(",")
    refused = any(matches(name, form[1:]) for name in names for form in forms if form.startswith("!"))
    return not refused and any(matches(name, form) for name in names for form in forms)
