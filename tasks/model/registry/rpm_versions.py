"""The order of RPM's versions. Its rules: rpm.org/docs/latest/man/rpm-version.7 and rpmvercmp in rpm's rpmio."""

import re

_PARTS = re.compile(r"\d+|[A-Za-z]+|~|\^", re.ASCII)
_ARCHITECTURE = re.compile(r"\.(noarch|x86_64|i[3-6]86|aarch64|ppc64le|s390x|\(none\))$")
_TILDE, _END, _CARET, _WORD, _NUMBER = range(5)  # `~` sorts before the end of a version, `^` right after it

Key = tuple[tuple[int, int, str], ...]


def order(text: str) -> list[tuple[int, Key, Key]]:
    """A key that sorts as rpm does: the newest first of [EPOCH:]VERSION-RELEASE[.ARCH], joined by spaces."""
    return sorted((_whole(_ARCHITECTURE.sub("", each)) for each in text.split()), reverse=True)


def _whole(text: str) -> tuple[int, Key, Key]:
    """Epoch, version and release; a missing epoch is 0."""
    epoch, colon, rest = text.partition(":")
    version, _, release = (rest if colon else text).partition("-")
    return int(epoch) if colon and epoch.isdecimal() else 0, key(version), key(release)


def key(text: str) -> Key:
    """A version or a release alone: numbers above words, words above the end, and no separators."""
    return (*map(_part, _PARTS.findall(text)), (_END, 0, ""))


def _part(text: str) -> tuple[int, int, str]:
    if text in "~^":
        return _TILDE if text == "~" else _CARET, 0, ""
    return (_NUMBER, int(text), "") if text.isdecimal() else (_WORD, 0, text)
