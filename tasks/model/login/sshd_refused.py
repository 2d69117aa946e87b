"""Lines that sshd refuses: it then does not start, so nobody logs in with SSH."""

from collections.abc import Iterator

from tasks.model.install.merged import Merged
from tasks.model.install.switched_off import Caution
from tasks.model.login.sshd import has_own_command
from tasks.model.login.sshd_config import Setting, settings
from tasks.model.login.sshd_keywords import BEFORE_MATCH, KNOWN, VALUES

_ALL = ("all",)
_METHODS = frozenset(
    ["none", "publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "gssapi-keyex"]
)


def refused(merged: Merged) -> Iterator[Caution]:
    """Every line that the config writes into a file of sshd's, and that sshd refuses."""
    known = () if has_own_command(merged) else settings(merged) or ()
    for line in known:
        if line.place and (why := _why(line)):
            where = f"line {line.number} of {line.path}"
            yield line.place, f"sshd would not start, so nobody could log in with SSH: {where}: {why}"


def _why(line: Setting) -> str:
    """Why sshd refuses a line, and what to do; empty if it takes the line."""
    if line.keyword not in KNOWN:
        return f"sshd knows no keyword {line.written}: correct it, or leave it out"
    if not line.is_whole:
        return "a quote is not closed: close it"
    if not line.words:
        return f"{line.written} has no value: add one, or leave it out"
    if line.keyword in BEFORE_MATCH and any(match != _ALL for match in line.match):
        return f"{line.written} may not stand below a Match: put it above"
    return _wrong_value(line)


def _wrong_value(line: Setting) -> str:
    form, value = VALUES.get(line.keyword), " ".join(line.words)
    if form and not form.fullmatch(value):
        return f"{line.written} cannot be {value}: correct it, or leave it out"
    if line.keyword == "authenticationmethods" and line.words != ("any",):
        methods = [method.partition(":")[0] for word in line.words for method in word.split(",")]
        unknown = [method for method in methods if method not in _METHODS]
        return f"sshd knows no method {unknown[0]}: correct it, or leave it out" if unknown else ""
    return ""
