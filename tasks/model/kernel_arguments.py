"""Kernel arguments that keep OpenZFS or a unit from starting, boot something else, or belong to one machine."""

import re

# Unsigned modules are refused, or these modules. The kernel reads `-` as `_`, and `on` or `yes` as 1.
_REFUSING = re.compile(
    r"module\.sig_enforce(=(1|y.*|on.*|t.*))?|lockdown=(integrity|confidentiality)|ima_policy=(.*\|)?secure_boot(\|.*)?|"
    r"sysctl\.kernel[./]modules_disabled=[1-9].*|"
    r"(modprobe\.blacklist|module_blacklist|rd\.driver\.blacklist)=(.*,)?\s*(zfs|spl)\s*(,.*)?",
    re.IGNORECASE,
)
_MASK = re.compile(r"systemd\.mask=(.+)")  # with `rd.` it concerns only the initramfs
_SUFFIX = re.compile(r".*\.(service|timer|target|socket|path|mount|automount|swap|slice|scope|device)")
_TARGETS = r"(rescue|emergency|poweroff|halt|reboot|kexec|exit|shutdown|sysinit|basic|initrd\S*|runlevel[016])\.target"
_INIT = r"(/usr)?/(sbin/init|lib/systemd/systemd)"
_ELSEWHERE = re.compile(
    rf"single|s|S|1|rescue|emergency|-b|rd\.break(=.*)?|rdinit=.*|systemd\.run=.*|init=(?!{_INIT}$).*|"
    rf"systemd\.unit={_TARGETS}|rd\.systemd\.unit=(rescue|emergency)\.target"
)
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


def boots_elsewhere(argument: str) -> bool:
    """Whether the machine starts a shell or a rescue system with this argument, and nothing else."""
    return _ELSEWHERE.fullmatch(argument) is not None


def of_one_machine(argument: str) -> bool:
    """Whether only one machine can boot with this argument, or machines would share what must differ."""
    return "spl_hostid=" in argument or _ONE_DISK.fullmatch(argument) is not None
