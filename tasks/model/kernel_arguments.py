"""Kernel arguments that keep OpenZFS or a unit from starting, boot something else, or belong to one machine."""

import re

# Unsigned modules are refused, or these modules. The kernel reads `-` as `_`, and `on` or `yes` as 1.
# modprobe's own list only counts for the module that somebody asks for, and nobody asks for spl.
_REFUSING = re.compile(
    r"module\.sig_enforce(=(1|y.*|on.*|t.*))?|lockdown=(integrity|confidentiality)|ima_policy=(.*\|)?secure_boot(\|.*)?|"
    r"sysctl\.kernel[./]modules_disabled=[1-9].*|"
    r"module_blacklist=(.*,)?\s*(zfs|spl)\s*(,.*)?|modprobe\.blacklist=(.*,)?\s*zfs\s*(,.*)?",
    re.IGNORECASE,
)
_MASK = re.compile(r"systemd\.mask=(.+)")  # with `rd.` it concerns only the initramfs
_SUFFIX = re.compile(r".*\.(service|timer|target|socket|path|mount|automount|swap|slice|scope|device)")
# Targets that do not lead to multi-user.target, and other words for a boot that stops early: systemd(1), dracut(7).
_SHORT_TARGET = re.compile(
    r"(?:basic|emergency|exit|final|halt|kexec|poweroff|reboot|rescue|runlevel[016]|shutdown|sysinit|umount|initrd\S*)"
    r"\.target"
)
_SHORT_BOOT = re.compile(r"-b|1|s|S|single|emergency|rescue|rd\.break(?:=.*)?|systemd\.run=.*")
_UNIT = re.compile(r"systemd\.unit=(.+)")
_RD_UNIT = re.compile(r"rd\.systemd\.unit=(?:rescue|emergency)\.target")  # the initramfs has short targets of its own
_INIT = re.compile(r"(?:rd)?init=(?!(?:/usr)?/sbin/init$|(?:/usr)?/lib/systemd/systemd$|/init$).+")
_ONE_DISK = re.compile(r"(root|resume|rd\.luks\.(uuid|name|key)|rd\.md\.uuid)=.*[0-9a-f]{4}[-:]?[0-9a-f]{4}.*")


def words(line: str) -> list[str]:
    """The arguments of a line. Double quotes hold spaces together, and are no part of an argument."""
    return [word.replace('"', "") for word in re.findall(r'(?:[^\s"]|"[^"]*"?)+', line)]


def keeps_openzfs_out(argument: str) -> bool:
    """Whether the kernel loads no OpenZFS with this argument."""
    return _REFUSING.fullmatch(argument.replace("-", "_")) is not None


def masked_unit(argument: str) -> str:
    """The unit that systemd does not start with this argument; empty if there is none."""
    match = _MASK.fullmatch(argument)
    if not match:
        return ""
    return match[1] if _SUFFIX.fullmatch(match[1]) else f"{match[1]}.service"


def is_short(target: str) -> bool:
    """Whether a target does not start what multi-user.target starts, such as SSH."""
    return _SHORT_TARGET.fullmatch(target) is not None


def boots_elsewhere(argument: str) -> bool:
    """Whether the machine then stops before multi-user.target, or starts something else than systemd."""
    unit = _UNIT.fullmatch(argument)
    if unit:
        return is_short(unit[1])
    return any(pattern.fullmatch(argument) for pattern in (_SHORT_BOOT, _INIT, _RD_UNIT))


def of_one_machine(argument: str) -> bool:
    """Whether only one machine can boot with this argument, or machines would share what must differ."""
    return "spl_hostid=" in argument or _ONE_DISK.fullmatch(argument) is not None
