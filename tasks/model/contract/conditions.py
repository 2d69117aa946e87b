"""Conditions of units that can never be true on a machine. What an owner or a machine may fulfil is their choice."""

import re
from collections.abc import Callable, Iterator

from tasks.model.systemd import Unit, is_true

Exists = Callable[[str], bool | None]  # whether the image has a path; None if nobody knows

_TOP = frozenset(
    "bin boot dev etc home lib lib64 media mnt opt ostree proc root run sbin srv sys sysroot tmp usr var".split()  # noqa: SIM905  (a list of words)
)  # a machine's root is read-only, and has no other folder unless the image ships it
_ALWAYS = re.compile(
    r"/|/run/(ostree-booted|systemd(/system)?|udev)|/(proc|sys|dev)(/(1|self|cmdline|null|class|kernel|fs))?|/var/(lib|log|tmp)|"
    r"/etc/(machine-id|os-release|passwd)|/(boot|etc|home|root|run|srv|sysroot|tmp|usr|var|ostree)"
)
_PATHS = (
    "PathExists", "PathIsDirectory", "PathIsReadWrite", "FileNotEmpty", "FileIsExecutable", "DirectoryNotEmpty",
    "PathIsSymbolicLink", "PathIsMountPoint",
)  # fmt: skip
_OF_MACHINE = ("/usr/local", "/usr/etc")  # a link into /var, and what ostree makes of the image's /etc
_KINDS = ("Condition", "Assert")
_OF_X86 = ("x86-64", "native")


def unknown(_: str) -> bool | None:
    """Nobody knows whether the image has a path."""
    return None


def surely_false(unit: Unit, exists: Exists) -> Iterator[str]:
    """The conditions with which a unit never starts; of those with `|`, one must hold."""
    for kind in _KINDS:
        rows = unit.pairs("Unit", (kind,))
        false = [row for row in rows if _is_false(row[0].removeprefix(kind), row[1].lstrip("|").strip(), exists)]
        choices = [row for row in rows if row[1].startswith("|")]
        needed = [row for row in false if not row[1].startswith("|")]
        if not needed and choices and all(row in false for row in choices):
            needed = choices
        yield from (f"{key}={value} is never true" for key, value in needed)


def _is_false(test: str, value: str, exists: Exists) -> bool:
    negated = value.startswith("!")
    value = value.lstrip("!").strip()
    known = _paths(test, value, exists) if test in _PATHS else _others(test, value)
    return known is not None and known == negated


def _paths(test: str, path: str, exists: Exists) -> bool | None:
    """Whether a test of a path holds; None if a machine may decide."""
    if "%" in path or not path.startswith("/"):
        return None
    system = path == "/usr" or (path.startswith("/usr/") and not path.startswith(_OF_MACHINE))
    if test == "PathIsReadWrite":
        return False if system else None
    top = path.split("/")[1]
    if top and top not in _TOP:
        return None if exists(f"/{top}") else False
    shipped = exists(path) and path.startswith(("/usr/", "/etc/"))
    if shipped or _ALWAYS.fullmatch(path):
        return True if test == "PathExists" else None
    return False if system and exists(path) is False else None


def _others(test: str, value: str) -> bool | None:
    """Whether another test holds; None if a machine may decide."""
    if test == "FirstBoot":
        return not is_true(value)  # Fedora CoreOS boots first, the image later
    if test == "Architecture":
        return value in _OF_X86
    if test == "Virtualization" and value in ("container", "docker", "podman", "systemd-nspawn", "lxc", "wsl"):
        return False
    if test == "KernelCommandLine" and value == "ostree":
        return True
    if test == "User":
        return value in ("root", "0", "@system")
    return None
