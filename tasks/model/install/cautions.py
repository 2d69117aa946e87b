"""Ignition settings that pass validation but can lock out or lose a machine."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from tasks.model.install.ignition import Entry, Path

ORIGINAL_OWNER = "samhclark"
ORIGINAL_KEY = (
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCXLMgaiwxwbRJPfOAqiZ1xdvxp8yprodU8mi72BUnqX62x1OFWKxTJf44Se"
    "j/Hm8JyOquVTtRXKiveJOSsV2Ws="
)
_ROOT_DEVICE = re.compile(r"/dev/(mapper/root|disk/by-partlabel/root|disk/by-label/root|md/[^/]*root)")
_PCRS = 24  # of a TPM 2.0, numbered from 0

Caution = tuple[Path, str]  # the Ignition path of the danger; why it is one, and what to do


def cautions(whole: Sequence[Entry], owner: str) -> tuple[Caution, ...]:
    """Every warning to show before a machine is installed; `owner` is the repository's."""
    contents = {entry.path: entry.content for entry in whole}
    disks = [caution for path in contents for caution in (*_tpm(contents, path), *_root(contents, path))]
    downloads = [caution for path in contents for caution in _download(contents, path)]
    return (*disks, *_login(whole, owner), *downloads)


def _tpm(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    if path[-3:] != ("clevis", "custom", "config"):
        return
    numbers = _pcrs(contents[path])
    if "7" in numbers:
        why = (
            "the disk opens only while the TPM's PCR 7 is unchanged, and the TPM slot is the only key: a firmware"
            " update can change it and lock out the machine. Add a recovery key right after installing, as"
            " docs/recovery.md explains"
        )
        yield path, why
    for number in numbers:
        if not number.isdigit() or int(number) >= _PCRS:
            yield path, f"a TPM has no PCR {number}, so the first boot fails: pcr_ids are 0 to 23, separated by commas"


def _pcrs(config: str) -> list[str]:
    try:
        named = json.loads(config).get("pcr_ids", "")
    except (ValueError, AttributeError):
        return []
    return [number.strip() for number in str(named).split(",") if number.strip()]


def _root(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    """Fedora CoreOS only recreates the root file system when it is labelled and wiped."""
    parent = path[:-1]
    if path[-1] != "device" or not parent[-1].startswith("filesystems[") or not _ROOT_DEVICE.fullmatch(contents[path]):
        return
    if contents.get((*parent, "label")) != "root":
        yield parent, "the root file system has no `label: root`: Fedora CoreOS would not find it on the first boot"
    if contents.get((*parent, "wipeFilesystem")) != "true":
        yield parent, "the root file system has no `wipe_filesystem: true`: the old one would be reused as it is"
    yield parent, "the root file system is created again: the machine needs at least 4 GiB of RAM on its first boot"


def _login(whole: Sequence[Entry], owner: str) -> Iterator[Caution]:
    keys = [entry for entry in whole if entry.path[-1].startswith("sshAuthorizedKeys") and entry.content.strip()]
    hashes = [entry for entry in whole if entry.path[-1] == "passwordHash" and entry.content.strip("*!x")]
    if not keys and not hashes:
        yield ("passwd",), "nobody can log in: there is no SSH key and no password; add your key: ./inv adopt"
    for entry in keys:
        if ORIGINAL_KEY in entry.content and owner != ORIGINAL_OWNER:
            why = f"this key is {ORIGINAL_OWNER}'s, but the repository is {owner}'s; add your own: ./inv adopt"
            yield entry.path, why


def _download(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    """The cautions about an address from which the machine fetches something."""
    address, hashed = contents[path], (*path[:-1], "verification", "hash") in contents
    if path[-1] == "source" and re.match(r"(http|tftp)://", address) and not hashed:
        yield path, f"{address} is fetched without TLS and without a hash: anyone on the way can change it"
    if path[-1] == "source" and path[-2].startswith("merge[") and re.match(r"[a-z0-9]+://", address):
        yield path, f"{address} is fetched by the machine, so it was neither checked nor searched for secrets here"
