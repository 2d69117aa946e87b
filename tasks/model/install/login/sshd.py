"""Why sshd would let nobody in, though a config gives somebody a key."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from tasks.model.install.ignition import Caution, Path
from tasks.model.install.login.logins import real
from tasks.model.install.login.sshd_config import DROP_INS, MAIN, Setting, in_force, matches, settings
from tasks.model.install.login.visitors import Visitor, files_with_keys, visitors
from tasks.model.install.merged import Merged, fetched
from tasks.model.install.switched_off import SSHD
from tasks.model.install.units import FOLDER, units

_WHO = "{who}"
_COMMAND_LINE = re.compile(r"^\s*(?:ExecStart|Environment\w*|OPTIONS)\s*=", re.MULTILINE)
_COMMAND_FILES = (f"{FOLDER}/{SSHD}", f"{FOLDER}/sshd@.service", "/etc/sysconfig/sshd")
_DEFAULT = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_KEY, _FILE, _ROOT = "pubkeyauthentication", "authorizedkeysfile", "permitrootlogin"
_READ = "`AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys.d/*`"
_ELSEWHERE = ("authorizedkeyscommand", "trustedusercakeys")  # by these, keys may come from anywhere
_BY_PASSWORD = ("passwordauthentication", "kbdinteractiveauthentication")
_LISTS = ("denyusers", "allowusers", "denygroups", "allowgroups")
_OTHERS = (_ROOT, _KEY, _FILE, *_ELSEWHERE, *_BY_PASSWORD)

Rules = Mapping[str, tuple[Setting, ...]]  # the lines of each keyword that count for somebody, the winning one first
Refusal = tuple[Path, str]  # the place of a setting, and why it keeps somebody out: _WHO stands for them


def locked_out(merged: Merged) -> Iterator[Caution]:
    """The settings that keep out everybody to whom a config gives a key; none if anybody gets in, or may."""
    known, files = settings(merged), files_with_keys(merged)
    if known is None or has_own_command(merged):
        return
    kept_out: dict[Refusal, list[str]] = defaultdict(list)
    for visitor in visitors(merged):
        refusals = _refusals(known, visitor, files)
        if not refusals:
            return
        if visitor.keys:
            kept_out[refusals[0]].append(visitor.name)
    unless = f", unless the config from {merged.remote[0]} changes that" if merged.remote else ""
    for (place, why), names in kept_out.items():
        yield place, f"sshd would let nobody in{unless}: {why.replace(_WHO, ' and '.join(names))}"


def has_own_command(merged: Merged) -> bool:
    """Whether a config changes sshd's command line, which wins over every file, or may do so."""
    known = units(merged)
    texts = [text.content for name in (SSHD, "sshd@.service") if name in known for text in known[name].texts]
    stored = [file for file in merged.items("storage", "files") if file["path"].startswith(_COMMAND_FILES)]
    texts += [merged.content(file["path"]) or "" for file in stored]
    return any(map(fetched, stored)) or any(map(_COMMAND_LINE.search, texts))


def _refusals(known: Sequence[Setting], visitor: Visitor, files: frozenset[str]) -> list[Refusal]:
    """Everything that keeps somebody out, in sshd's order; nothing if they get in, or may."""
    counting = {keyword: in_force(known, keyword, visitor) for keyword in (*_LISTS, *_OTHERS)}
    rules = {keyword: lines for keyword, lines in counting.items() if lines is not None}
    if len(rules) < len(counting):
        return []
    barred = [*_barred_by_name(rules, visitor), *_barred_by_group(rules, visitor)]
    if barred or _by_password(rules, visitor):
        return barred
    if _first(rules, _KEY) == "no":
        return [(rules[_KEY][0].place, "PubkeyAuthentication is off, so no key counts: leave it out")]
    return [] if _by_key(rules, visitor, files) else [_unread(known, rules)]


def _barred_by_name(rules: Rules, visitor: Visitor) -> Iterator[Refusal]:
    denied, allowed = rules["denyusers"], rules["allowusers"]
    for line in denied:
        if any(matches(visitor.name, user) and host in ("", "*") for user, host in _users(line)):
            yield line.place, f"DenyUsers names {_WHO}: take that out"
    if allowed and not any(matches(visitor.name, user) for line in allowed for user, _ in _users(line)):
        yield allowed[0].place, f"AllowUsers does not name {_WHO}: add whoever shall log in"
    if visitor.name == "root" and _first(rules, _ROOT) == "no":
        yield rules[_ROOT][0].place, "PermitRootLogin is no: give the key to core, in passwd.users"


def _barred_by_group(rules: Rules, visitor: Visitor) -> Iterator[Refusal]:
    for line in rules["denygroups"]:
        for group in sorted(_named(line, visitor.groups)):
            yield line.place, f"DenyGroups names {group}, a group of {_WHO}: take that out"
    allowed = rules["allowgroups"]
    if allowed and not any(_named(line, visitor.groups | visitor.beside) for line in allowed):
        group = "sudo" if "sudo" in visitor.groups else min(visitor.groups)
        yield allowed[0].place, f"AllowGroups names no group of {_WHO}: add one, such as {group}"


def _users(line: Setting) -> Iterator[tuple[str, str]]:
    """The users that a line names, each with the hosts for which it does; for all hosts these are empty."""
    for word in line.words:
        user, _, host = word.rpartition("@")
        yield (user, host) if user else (host, "")


def _named(line: Setting, groups: frozenset[str]) -> set[str]:
    return {group for group in groups if any(matches(group, word) for word in line.words)}


def _by_password(rules: Rules, visitor: Visitor) -> bool:
    """Whether sshd takes somebody's password."""
    may = visitor.name != "root" or _first(rules, _ROOT) == "yes"
    return may and visitor.password and any(_first(rules, keyword) == "yes" for keyword in _BY_PASSWORD)


def _by_key(rules: Rules, visitor: Visitor, files: frozenset[str]) -> bool:
    """Whether sshd reads a file with a key for somebody, or asks elsewhere for one."""
    read = rules[_FILE][0].words if rules[_FILE] else _DEFAULT
    tokens = {"%%": "%", "%h": visitor.home, "%u": visitor.name}
    named = [re.sub("%.", lambda token: tokens.get(token[0], "*"), word) for word in read]
    paths = [real(path if path.startswith("/") else f"{visitor.home}/{path}") for path in named]
    found = any(fnmatchcase(file, path) and file.count("/") == path.count("/") for file in files for path in paths)
    return found or any(_first(rules, keyword) not in ("", "none") for keyword in _ELSEWHERE)


def _first(rules: Rules, keyword: str) -> str:
    """The value of a setting that has one word; empty if nothing sets it."""
    return next((word.lower() for line in rules[keyword] for word in line.words), "")


def _unread(known: Sequence[Setting], rules: Rules) -> Refusal:
    """Why sshd does not read the files with somebody's keys."""
    place = rules[_FILE][0].place if rules[_FILE] else ("storage", f"files[{MAIN}]")
    if any(line.keyword == _FILE and not line.place for line in known):
        return place, f"AuthorizedKeysFile leaves out the keys of {_WHO}: make it {_READ}"
    return place, (
        f"without Fedora CoreOS's own files it does not read the keys of {_WHO}: begin this file with"
        f" `Include {DROP_INS}/*.conf`"
    )
