"""Files that keep OpenZFS out of the kernel, as modprobe and systemd-modules-load read them.

modprobe.d(5), modules-load.d(5); what the real modprobe does with each rule is what counts here.
"""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged, plain

_RULES = re.compile(r"/(?:etc|usr/local/lib)/modprobe\.d/[^/]+\.conf")
_LISTS = re.compile(r"/etc/modules-load\.d/[^/]+\.conf")
_LIST = "/etc/modules-load.d/zfs.conf"  # the image's own
_MODULE, _ALL = "zfs", ("zfs", "spl")
_MAY_LOAD = re.compile(r"modprobe|insmod|/(?:etc|opt|usr/local|var)/")  # or a program that nobody knows here


def kept_out(merged: Merged) -> Iterator[Path]:
    """The place of every file with which the machine does not load OpenZFS at boot."""
    stored = {path: (text, place) for path, text, place in _read(merged)}
    for path, (text, place) in stored.items():
        if _RULES.fullmatch(path) and any(map(_keeps_out, _words(text))):
            yield place
    listed = [text for path, (text, _) in stored.items() if _LISTS.fullmatch(path)]
    if _LIST in stored and not any(_MODULE in map(str.strip, text.splitlines()) for text in listed):
        yield stored[_LIST][1]


def _read(merged: Merged) -> Iterator[tuple[str, str, Path]]:
    """Every such file or link whose content is known: its path, its content, and its place in the config."""
    for kind in ("files", "links"):
        for item in merged.items("storage", kind):
            path = plain(item["path"])
            text = merged.read(path) if _RULES.fullmatch(path) or _LISTS.fullmatch(path) else None
            if text is not None:
                yield path, text, ("storage", f"{kind}[{item['path']}]")


def _words(text: str) -> Iterator[list[str]]:
    """The words of each rule; a backslash at a line's end joins the next line, also to a comment."""
    for line in text.replace("\\\n", "").splitlines():
        if not line.startswith("#"):
            yield line.split()


def _keeps_out(words: Sequence[str]) -> bool:
    """Whether a rule keeps OpenZFS out. A blacklist of spl does not: zfs, which needs it, loads it all the same."""
    match words:
        case ["blacklist", module, *_]:
            return module == _MODULE
        case ["install", pattern, first, *more]:
            command = " ".join([first, *more])
            return any(fnmatchcase(module, pattern) for module in _ALL) and not _MAY_LOAD.search(command)
        case ["alias", pattern, target, *_]:
            return fnmatchcase(_MODULE, pattern) and target != _MODULE
    return False
