"""Cautions about disks that only the machine's TPM opens."""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.model import json_text
from tasks.model.install.ignition import Path
from tasks.model.install.merged import Merged

_PCRS = 24  # of a TPM 2.0, numbered from 0
_DEFAULT = "7"  # what clevis and Butane's boot_device bind to
_LOCKED = (
    "the disk opens only while the TPM's PCR 7 is unchanged, and no other key opens it: a firmware update can change it"
    " and lock out the machine. Add a recovery key right after installing, as docs/recovery.md explains"
)


def bound(merged: Merged) -> Iterator[tuple[Path, str]]:
    """The place of every binding to a TPM that can lock out the machine, or that no TPM can make."""
    for disk in merged.items("storage", "luks"):
        clevis, place = disk.get("clevis") or {}, ("storage", f"luks[{disk['name']}]", "clevis")
        config = _json((clevis.get("custom") or {}).get("config"))
        where = (*place, "custom", "config") if config else (*place, "tpm2")
        numbers, others, needed = _custom(config) if config else _listed(clevis)
        has_key = bool((disk.get("keyFile") or {}).get("source"))
        if "7" in numbers and others < needed and not has_key:
            yield where, _LOCKED
        for number in numbers:
            if not number.isdigit() or int(number) >= _PCRS:
                why = "so the first boot fails: pcr_ids are 0 to 23, separated by commas"
                yield where, f"a TPM has no PCR {number}, {why}"


def _listed(clevis: Mapping[str, Any]) -> tuple[list[str], int, int]:
    """The PCRs that Ignition's own settings bind to, the number of other pins, and how many pins it takes."""
    numbers = [_DEFAULT] if clevis.get("tpm2") else []
    return numbers, len(clevis.get("tang") or []), int(clevis.get("threshold") or 1)


def _custom(config: Mapping[str, Any]) -> tuple[list[str], int, int]:
    """The same of a config for clevis: of the pin tpm2, or of the pin sss, which counts other pins."""
    pins = config.get("pins")
    if not isinstance(pins, dict):
        return _numbers(config), 0, 1
    each = {kind: pin if isinstance(pin, list) else [pin] for kind, pin in pins.items()}
    numbers = [number for pin in each.pop("tpm2", []) if isinstance(pin, dict) for number in _numbers(pin)]
    needed = config.get("t")
    return numbers, sum(map(len, each.values())), needed if isinstance(needed, int) else 1


def _numbers(pin: Mapping[str, Any]) -> list[str]:
    return [number.strip() for number in str(pin.get("pcr_ids", "")).split(",") if number.strip()]


def _json(text: object) -> Mapping[str, Any]:
    try:
        config = json_text.loads(str(text or "{}"))
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
