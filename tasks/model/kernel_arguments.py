"""Kernel arguments that keep OpenZFS or a unit from starting."""

import re

# Unsigned modules are refused, or these modules. The kernel reads `-` as `_`, and `on` or `yes` as 1.
_REFUSING = re.compile(
    r"module\.sig_enforce(=(1|y.*|on.*|t.*))?|lockdown=(integrity|confidentiality)|ima_policy=(.*\|)?secure_boot(\|.*)?|"
    r"(modprobe\.blacklist|module_blacklist|rd\.driver\.blacklist)=(.*,)?(zfs|spl)(,.*)?",
    re.IGNORECASE,
)
_MASK = re.compile(r"(?:rd\.)?systemd\.mask=(.+)")


def keeps_openzfs_out(argument: str) -> bool:
    """Whether the kernel loads no OpenZFS with this argument."""
    return _REFUSING.fullmatch(argument.replace("-", "_")) is not None


def masked_unit(argument: str) -> str:
    """The unit that systemd does not start with this argument; empty if there is none."""
    match = _MASK.fullmatch(argument)
    return match[1] if match else ""
