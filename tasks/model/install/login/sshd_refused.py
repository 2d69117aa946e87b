"""Lines that sshd refuses: it then does not start, so nobody logs in with SSH."""

from collections.abc import Iterator, Sequence

from tasks.model.install.ignition import Caution
from tasks.model.install.login.sshd import has_own_command
from tasks.model.install.login.sshd_config import Setting, settings
from tasks.model.install.login.sshd_keywords import BEFORE_MATCH, KNOWN, VALUES
from tasks.model.install.merged import Merged

_ALL = ("all",)
_RUN_AS = ("authorizedkeyscommand", "authorizedprincipalscommand")  # each needs a keyword with `user` at its end
_SWITCHES = {  # what switches a method of AuthenticationMethods off
    "publickey": ("pubkeyauthentication", "dsaauthentication"),
    "password": ("passwordauthentication",),
    "keyboard-interactive": (
        "kbdinteractiveauthentication", "challengeresponseauthentication", "skeyauthentication",
    ),
}  # fmt: skip
_METHODS = frozenset(
    ["none", "publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "gssapi-keyex"]
)


def refused(merged: Merged) -> Iterator[Caution]:
    """Every line that the config writes into a file of sshd's, and that sshd refuses."""
    known = () if has_own_command(merged) else settings(merged) or ()
    for line, why in (*((line, _why(line)) for line in known), *_unmet(known)):
        if line.place and why:
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
        unknown = [method for word in line.words for method in _methods(word) if method not in _METHODS]
        return f"sshd knows no method {unknown[0]}: correct it, or leave it out" if unknown else ""
    return ""


def _unmet(known: Sequence[Setting]) -> Iterator[tuple[Setting, str]]:
    """The lines that need another one, and what to do; what stands below a Match does not count when sshd starts."""
    for keyword in _RUN_AS:
        line = _first(known, keyword)
        if line and line.words[:1] not in ((), ("none",)) and not _first(known, f"{keyword}user"):
            yield line, f"{line.written} needs {line.written}User too: add it, for example with nobody"
    line = _first(known, "authenticationmethods")
    off = {method for method, keywords in _SWITCHES.items() if _is_off(_first(known, *keywords))}
    if line and line.words and all(off.intersection(_methods(word)) for word in line.words):
        first = min(off.intersection(*map(_methods, line.words)) or off)
        yield (
            line,
            f"no login can fulfil {line.written}, because {first} is off: switch it on in a file that comes first",
        )


def _first(known: Sequence[Setting], *keywords: str) -> Setting | None:
    return next((line for line in known if line.keyword in keywords and not line.match), None)


def _is_off(line: Setting | None) -> bool:
    return line is not None and line.words[:1] == ("no",)


def _methods(word: str) -> list[str]:
    return [method.partition(":")[0] for method in word.split(",")]
