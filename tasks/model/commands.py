"""What the commands of a unit or a script do to the machine's system."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import basename

Command = tuple[str, ...]  # a program and its arguments

_SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
_KEYWORDS = frozenset("if then else elif do while until ! { } time exec command builtin nohup".split())  # noqa: SIM905  (a list of words)
_WRAPPERS = frozenset(
    "chronic chrt env find flock ionice nice nsenter parallel runuser setpriv setsid stdbuf su sudo systemd-cat "  # noqa: SIM905  (the same)
    "systemd-inhibit systemd-run taskset timeout unshare xargs".split()
)  # they start a program that is one of their arguments
_SILENT = ("true", ":", "echo", "printf", "sleep", "logger", "systemd-cat")
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
_HERE = re.compile(r"(?<!<)<<(?!<)-?\s*[\"'\\]?(\w+)[\"']?")
_ARITHMETIC = re.compile(r"\(\(.*?\)\)")
_INSIDE = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_ENDS = ";&|()`\n"
_DEEPEST = 8  # shells within shells
_DNF = ("dnf", "dnf5", "dnf-3", "yum")
_UPDATERS = ("dnf-automatic", "uupd", "ublue-update", "topgrade", "zincati")  # whatever their arguments are
_VERBS = {
    "bootc": ("upgrade", "update", "switch", "rollback", "edit"),
    "rpm-ostree": (
        "upgrade", "update", "rebase", "deploy", "install", "uninstall", "override", "rollback", "reset", "initramfs",
        "initramfs-etc",
    ),
    "ostree": ("admin upgrade", "admin deploy", "admin switch", "container image deploy"),
} | dict.fromkeys(
    _DNF,
    ("upgrade", "update", "install", "distro-sync", "offline", "system-upgrade", "offline-upgrade", "automatic"),
)  # fmt: skip
_ONLY_READS = ("--check", "--preview", "--download-only", "--downloadonly", "--help", "-h", "--installroot")
_NEEDED = {"initramfs": "--enable", "initramfs-etc": "--track"}  # these verbs change something only with an option
_KNOWN = (*_VERBS, *_UPDATERS, *_SHELLS, "systemctl", "reboot", "shutdown")
_REBOOTS = ("reboot", "kexec", "soft-reboot")
_SUFFIX = re.compile(r"\.(service|timer|target|socket|path|mount)$")


def commands(text: str) -> list[Command]:
    """The simple commands of a command line or a script, also those in shells that it starts."""
    head = text.partition("\n")[0]
    if head.startswith("#!") and not any(re.search(rf"\b{shell}\b", head) for shell in _SHELLS):
        return list(_foreign(text))
    return list(_simple(_without_documents(text), {}))


def of_line(line: str, values: Mapping[str, str] | None = None) -> list[Command]:
    """The simple commands of a unit's line, where only a shell knows more than words, quotes and ` ; `.

    `values` are the variables that the unit sets.
    """
    try:
        words = shlex.split(line.lstrip("-@:+!|").replace("$$", "$").replace("%%", "%"))
    except ValueError:
        words = line.split()
    found: list[Command] = []
    while words:
        end = words.index(";") if ";" in words else len(words)
        found += _resolved(words[:end], dict(values or {}))
        words = words[end + 1 :]
    return found


def update(found: Iterable[Command]) -> str:
    """The first command that changes which system the machine boots, such as `bootc upgrade`; empty if none does."""
    return next(filter(None, map(_update, found)), "")


def reboots(found: Iterable[Command]) -> bool:
    """Whether a command reboots the machine."""
    return any(map(_reboots, found))


def systemctl_starts(found: Iterable[Command]) -> list[str]:
    """The units that commands start, or enable with --now."""
    return [
        unit
        for words in found
        for verb, units in [_systemctl(words)]
        if verb in ("start", "restart", "isolate") or (verb in ("enable", "reenable") and "--now" in words)
        for unit in units
    ]


def switched_off_by(found: Iterable[Command]) -> list[str]:
    """The units that commands switch off for good."""
    called = map(_systemctl, found)
    return [unit for verb, units in called if verb in ("mask", "disable") for unit in units]


def fails(line: str) -> bool:
    """Whether a command line always fails."""
    found = of_line(line)
    return len(found) == 1 and (
        basename(found[0][0]) == "false" or (found[0][0] == "exit" and found[0][1:] not in ((), ("0",)))
    )


def is_nothing(line: str) -> bool:
    """Whether a command line changes nothing."""
    return all(basename(words[0]) in _SILENT or words in (("exit",), ("exit", "0")) for words in of_line(line))


def arguments(words: Command) -> list[str]:
    """The arguments that are no options."""
    return [word for word in words[1:] if not word.startswith("-")]


def _update(words: Command) -> str:
    program, plain = basename(words[0]), arguments(words)
    if program in _UPDATERS:
        return program
    if any(word.partition("=")[0] in _ONLY_READS for word in words):
        return ""
    said = " ".join(plain)
    for verb in _VERBS.get(program, ()):
        needs = _NEEDED.get(verb)
        if f"{said} ".startswith(f"{verb} ") and (not needs or any(word.startswith(needs) for word in words)):
            return f"{program} {verb}"
    return ""


def _reboots(words: Command) -> bool:
    program = basename(words[0])
    verb, units = _systemctl(words)
    if program == "systemctl":
        return verb in _REBOOTS or (verb in ("start", "isolate") and "reboot.target" in units)
    return program == "reboot" or (program == "shutdown" and any(word in ("-r", "--reboot") for word in words))


def _systemctl(words: Command) -> tuple[str, list[str]]:
    """The verb and the units of a call of systemctl."""
    plain = arguments(words)
    if basename(words[0]) != "systemctl" or not plain:
        return "", []
    return plain[0], [each if _SUFFIX.search(each) else f"{each}.service" for each in plain[1:]]


def _without_documents(text: str) -> str:
    """A script without comments and without the documents it carries, unless a shell reads them."""
    kept: list[str] = []
    end = ""
    for line in text.replace("\\\n", " ").split("\n"):
        if end:
            end = "" if line.strip() == end else end
            continue
        code = _without_comment(line)
        here = _HERE.search(_ARITHMETIC.sub("", code))
        if here and not re.match(rf"\s*(?:\S*/)?(?:{'|'.join(_SHELLS)})\b", code):
            end = here[1]
        kept.append(_HERE.sub("", code))
    return "\n".join(kept)


def _without_comment(line: str) -> str:
    for match in re.finditer(r"(?:^|\s)#", line):
        before = line[: match.start()]
        if before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
            return before
    return line


def _simple(text: str, values: dict[str, str], depth: int = 0) -> Iterator[Command]:
    words: list[str] = []
    for token in [*_tokens(text), "\n"] if depth < _DEEPEST else []:
        if token and not token.strip(_ENDS):
            yield from _resolved(words, values, depth)
            words = []
        else:
            words.append(token)


def _tokens(text: str) -> list[str]:
    """The words of a shell's text and what ends a command; a line whose quotes do not fit is split at its spaces."""
    try:
        return _split(text)
    except ValueError:
        return [token for line in text.split("\n") for token in (*_split_line(line), "\n")]


def _split_line(line: str) -> list[str]:
    try:
        return _split(line)
    except ValueError:
        return re.findall(rf"[^\s{re.escape(_ENDS)}\"']+|[{re.escape(_ENDS)}]", line)


def _split(text: str) -> list[str]:
    lexer = shlex.shlex(text.replace("<", " ").replace(">", " "), posix=True, punctuation_chars=_ENDS)
    lexer.commenters, lexer.whitespace, lexer.whitespace_split = "", " \t\r", True
    return list(lexer)


def _resolved(words: Sequence[str], values: dict[str, str], depth: int = 0) -> Iterator[Command]:
    """The command that some words are, behind keywords, assignments and wrappers, and those inside it."""
    for word in words:
        for inside in _INSIDE.findall(word):
            yield from _simple("".join(inside), values, depth + 1)
    words = [part for word in words for part in _with_values(word, values)]
    while words and (words[0] in _KEYWORDS or words[0] == "export" or _ASSIGNMENT.fullmatch(words[0])):
        if assigned := _ASSIGNMENT.fullmatch(words[0]):
            values[assigned[1]] = assigned[2]
        words = words[1:]
    if words and basename(words[0]) in _WRAPPERS:
        words = next((words[place:] for place, word in enumerate(words) if basename(word) in _KNOWN), words)
    yield from _started(tuple(words), values, depth + 1)


def _started(words: Command, values: dict[str, str], depth: int) -> Iterator[Command]:
    if not words:
        return
    if basename(words[0]) in _SHELLS and (place := _command_option(words)):
        yield from _simple(words[place], values, depth)
    elif words[0] == "eval":
        yield from _simple(" ".join(words[1:]), values, depth)
    else:
        yield words


def _command_option(words: Command) -> int:
    """The place of what a shell's option -c gives it to run; 0 without that option."""
    for place, word in enumerate(words[1:-1], start=2):
        if re.fullmatch(r"-[a-z]*c", word):
            return place
    return 0


def _with_values(word: str, values: dict[str, str]) -> list[str]:
    """A word with the values of the variables that the script sets."""
    if "$" not in word:
        return [word]
    filled = re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: values.get(match[1] or match[2], match[0]), word)
    return filled.split() or [filled] if filled != word else [word]


def _foreign(text: str) -> Iterator[Command]:
    """The commands in another language's script: its words in quotes, a list at a time."""
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        plain = re.sub(r"[\"'\[\](),]+", " ", line).split()
        for place, word in enumerate(plain):
            if basename(word) in (*_VERBS, "systemctl"):
                yield tuple(plain[place:])
