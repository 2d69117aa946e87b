"""Settings and options whose names say that their values are secrets: `PASSWORD=…`, `"token": …`, `--auth-key …`."""

import re
from dataclasses import dataclass

from tasks.model.install.secrets.words import NAME, STEMS, fewest, is_literal, is_prose

_QUOTES = ("'", '"')
_QUOTED = r"""\"{3}[^"]*\"{3}|'{3}[^']*'{3}|\"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_SEPARATOR = r"""(?P<separator>["'\])]{0,3}[ \t]*(?:::=|:=|=>|=(?!=)|:(?![:/]))[ \t]*)"""
_SETTING = re.compile(rf"{NAME}{_SEPARATOR}(?P<value>{_QUOTED}|[^\n]*)")
_BELOW = re.compile(rf"{NAME}[\"']?:[ \t]*[|>][-+\d]*[ \t]*\n(?P<value>[ \t]+\S[^\n]*)")  # a block of YAML
_OPTION = re.compile(rf"(?<![\w.])(?:-{{1,2}}|\+)[\w.-]*?{NAME}[\"']?,?[ \t]+(?P<value>{_QUOTED}|[^\s\"',\]]+)")
_NAMED = re.compile(  # the item of a list that has a name and a value
    rf"name[\"']?[ \t]*[:=][ \t]*[\"']?[\w.-]*?{NAME}[\"']?[ \t]*[,\n ][\s,]*[\"']?value[\"']?[ \t]*[:=][ \t]*"
    rf"(?P<value>{_QUOTED}|[^\n]*)"
)
_ELEMENT = re.compile(rf"<[\w:-]*?{NAME}(?:[ \t][^>\n]*)?>(?P<value>[^<\n]+)</")
_ATTRIBUTE = re.compile(rf"(?:key|name)=\"[\w.-]*?{NAME}\"[ \t]+value=\"(?P<value>[^\"\n]+)\"")
_DEFINED = re.compile(rf"define\([ \t]*[\"'][\w.-]*?{NAME}[\"'][ \t]*,[ \t]*(?P<value>{_QUOTED})")  # PHP
_FORMS = (  # what every text of that form contains
    ("", _SETTING), ("|", _BELOW), (">", _BELOW), ("value", _NAMED), ("</", _ELEMENT), ("value=", _ATTRIBUTE),
    ("define(", _DEFINED),
)  # fmt: skip
_WORDS = re.compile(
    rf"(?m)^[ \t]*(?:set[ \t]+|set -x[ \t]+|(?:ENV|ARG|setenv|SetEnv|env)[ \t]+)?[\w.-]*?{NAME}[ \t]+"
    rf"(?P<value>{_QUOTED}|[^=:\s][^\n]*)$"
)
_SPACED = re.compile(  # files of `name value`
    r"(?:rc|\.conf|\.cnf|\.cf|\.cfg|\.ini|\.config)$|Dockerfile|Containerfile|/etc/(?!motd|issue)[^.]*$"
)
_APP_PASSWORD = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")
_NO_PASSWORDS = re.compile(r"/nsswitch\.conf$|/pam\.d/|/system-auth|/login\.defs$|/(?:passwd|group)$")
_QUADLET = re.compile(r"\.(?:container|build|kube|pod|volume|image|network)(?:\.d/|$)")
_OF_PODMAN = re.compile(r"\b(?:podman|docker|buildah|nerdctl|PodmanArgs)\b")
_COMMENT = re.compile(r"(?m)^[ \t]*(?:#|;|//[ \t]|rem\b|--[ \t]).*$|<!--(?s:.*?)-->", re.IGNORECASE)
_MIXED = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{8,}")
_NEXT_SETTING = re.compile(r"[\w -]*[=:]")
_NO_SETTING = re.compile(r"\$\{\Z|\balias[ \t]+\Z")  # a variable or an alias of the shell
_LONGEST_NAME = 60
_MANY = 4  # words of a passphrase


def finds(text: str, place: str) -> bool:
    """Whether a text gives a secret to a setting or option; `place` is the file on the machine, or empty."""
    spoken, comments = _COMMENT.sub("", text), "\n".join(_COMMENT.findall(text))
    about, aside = _about_secrets(spoken), _about_secrets(comments)
    return bool(about and _settings(about, place)) or bool(aside and _comments(aside))


def _about_secrets(text: str) -> str:
    """The lines that can name a secret, each with the next one, which can hold the value."""
    lower, lines = text.lower(), set()
    if len(lower) != len(text):  # a few letters have a longer lower case, and the places must be the same
        lower = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    for stem in STEMS:
        at = lower.find(stem)
        while at >= 0:
            start, end = lower.rfind("\n", 0, at) + 1, lower.find("\n", at)
            end = len(text) if end < 0 else end
            lines.add((start, end))
            at = lower.find(stem, end)
    below = {start: text[start:end] for start, end in lines}
    for _, end in lines:
        below.setdefault(end + 1, text[end + 1 :].partition("\n")[0])
    return "\n".join(below[start] for start in sorted(below))


@dataclass(frozen=True, slots=True)
class _Setting:
    """A name and its value in a text; `kind` is what the name ends with, `before` the text up to the name."""

    kind: str
    name: str
    separator: str
    value: str
    before: str

    @classmethod
    def read(cls, found: re.Match[str], text: str) -> "_Setting":
        """Read a match of one of the patterns; the name may begin before the match."""
        kind = next(kind for kind in ("long", "short", "key") if found[kind])
        separator = found.groupdict().get("separator", "")
        start = found.start(kind)
        begun = re.search(r"[\w.-]*\Z", text[max(0, start - _LONGEST_NAME) : start])
        first = start - len(begun[0] if begun else "")
        end = found.start("separator") if separator else found.start("value")
        name = text[first:end].rstrip("\"': =,\t")
        return cls(kind, name, separator, _value(found, text[first - 1 : first]), text[max(0, first - 10) : first])

    @property
    def is_quoted(self) -> bool:
        """Whether the value has quotes of its own."""
        return self.value.startswith(_QUOTES)

    @property
    def gives_a_secret(self) -> bool:
        """Whether a literal value, of a length that a secret has, belongs to a name that names a secret."""
        if _NO_SETTING.search(self.before) or (self.is_quoted and not self.value[1:].rstrip().endswith(self.value[0])):
            return False  # such as the end of a question: "Password: "
        least, value = fewest(self.name, self.kind), self.value.strip("\"' \t,;")
        is_number = self.kind != "long" and value.isdigit()
        return bool(least) and len(value) >= least and is_literal(self.value) and not is_number and not self._is_prose

    @property
    def _is_prose(self) -> bool:
        return (":" in self.separator or self.kind != "long") and not self.is_quoted and is_prose(self.value)

    def is_reference(self, place: str) -> bool:
        """Whether `secret` is a secret's name in Quadlet, compose or Kubernetes."""
        if self.name.lower() != "secret":
            return False
        is_name = ":" in self.separator and re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)+", self.value)
        return bool(is_name or _QUADLET.search(place))


def _value(found: re.Match[str], before: str) -> str:
    """The value of a setting; that of `"NAME=some words"` ends with the quotes."""
    value, separator = found["value"], found.groupdict().get("separator", "")
    if separator.endswith(" ") and value.startswith("`"):
        return value.strip("` \t")  # quotes of an INI file; the shell has no space before a command
    if before in _QUOTES and not value.startswith(before) and before in value:
        return value.partition(before)[0]
    return value if value.startswith(_QUOTES) else re.split(r"[ \t]+[#;]|[;&,](?=\S)", value)[0]


def _comments(text: str) -> bool:
    """Comments are full of examples: only values with letters and digits count there."""
    lines = [line.strip("#;/ \t") for line in text.split("\n")]
    found = (_Setting.read(each, line) for line in lines for each in _SETTING.finditer(line))
    return any(each.gives_a_secret and _MIXED.match(each.value.strip("\"' ")) for each in found)


def _settings(text: str, place: str) -> bool:
    if _NO_PASSWORDS.search(place):
        return False
    for stem, pattern in _FORMS:
        if stem in text and any(_is_secret(found, text, place) for found in pattern.finditer(text)):
            return True
    if any(_is_secret(found, text, place) and not _is_podmans(found, text) for found in _OPTION.finditer(text)):
        return True
    return any(_is_secret(found, text, place) and _is_value(found, place) for found in _WORDS.finditer(text))


def _is_secret(found: re.Match[str], text: str, place: str) -> bool:
    setting = _Setting.read(found, text)
    return setting.gives_a_secret and not setting.is_reference(place)


def _is_podmans(found: re.Match[str], text: str) -> bool:
    """Whether `--secret` names a secret of podman."""
    line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
    return found[0].lstrip("-").startswith("secret") and bool(_OF_PODMAN.search(line))


def _is_value(found: re.Match[str], place: str) -> bool:
    """Whether what follows a name after a space is its value, and not the rest of a sentence."""
    value = found["value"].strip()
    if value[:1] in _QUOTES or _APP_PASSWORD.fullmatch(value):
        return True
    if is_prose(value) or len(value.split()) > _MANY or _NEXT_SETTING.match(value):
        return False
    return bool(_SPACED.search(place)) or (" " not in value and bool(re.search(r"\d", value)))
