"""Kernel arguments that keep OpenZFS or a unit from starting, or that boot something else."""

import re

# Unsigned modules are refused, or these modules. The kernel reads `-` as `_`, and `on` or `yes` as 1.
# modprobe's own list only counts for the module that somebody asks for, and nobody asks for spl.
_REFUSING = re.compile(
    r"module\.sig_enforce(=(1|y.*|on.*|t.*))?|lockdown=(integrity|confidentiality)|ima_policy=(.*\|)?secure_boot(\|.*)?|"
    r"module_blacklist=(.*,)?(zfs|spl)(,.*)?|modprobe\.blacklist=(.*,)?zfs(,.*)?",
    re.IGNORECASE,
)
_MASK = re.compile(r"systemd\.mask=(.+)")
# Targets that do not lead to multi-user.target, and other words for a boot that stops early: systemd(1), dracut(7).
_SHORT_TARGET = re.compile(
    r"(?:basic|emergency|exit|final|halt|kexec|poweroff|reboot|rescue|runlevel[016]|shutdown|sysinit|umount)\.target"
)
_SHORT_BOOT = re.compile(r"-b|1|s|S|single|emergency|rescue|rd\.break(?:=.*)?|systemd\.run=.*")
_UNIT = re.compile(r"(?:rd\.)?systemd\.unit=(.+)")
_INIT = re.compile(r"(?:rd)?init=(?!(?:/usr)?/sbin/init$|(?:/usr)?/lib/systemd/systemd$|/init$).+")


def keeps_openzfs_out(argument: str) -> bool:
    """Whether the kernel loads no OpenZFS with this argument."""
    return _REFUSING.fullmatch(argument.replace("-", "_")) is not None


def masked_unit(argument: str) -> str:
    """The unit that systemd does not start with this argument; empty if there is none."""
    match = _MASK.fullmatch(argument)
    return match[1] if match else ""


def is_short(target: str) -> bool:
    """Whether a target does not start what multi-user.target starts, such as SSH."""
    return _SHORT_TARGET.fullmatch(target) is not None


def boots_elsewhere(argument: str) -> bool:
    """Whether the machine then stops before multi-user.target, or starts something else than systemd."""
    unit = _UNIT.fullmatch(argument)
    return is_short(unit[1]) if unit else bool(_SHORT_BOOT.fullmatch(argument) or _INIT.fullmatch(argument))
