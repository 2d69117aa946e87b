"""What in an Ignition file costs a machine, or its owner the way in, though every validator passes it."""

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

Caution = tuple[Path, str]  # what is dangerous, by its Ignition path; why, and what to do


def cautions(whole: Sequence[Entry], owner: str) -> tuple[Caution, ...]:
    """Every warning before a machine is installed; `owner` is the repository's."""
    contents = {said.path: said.content for said in whole}
    found = [caution for path in contents for caution in (*_tpm(contents, path), *_root(contents, path))]
    downloads = [caution for path in contents for caution in _download(contents, path)]
    return (*found, *_login(whole, owner), *downloads)


def _tpm(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    if path[-3:] != ("clevis", "custom", "config"):
        return
    numbers = _pcrs(contents[path])
    if "7" in numbers:
        why = (
            "the disk opens only while the TPM's PCR 7 is as it was, which a firmware update can change, and the TPM"
            " slot is the only key: the machine would be locked out. Add a recovery key right after installing, as"
            " docs/recovery.md has it"
        )
        yield path, why
    for number in numbers:
        if not number.isdigit() or int(number) >= _PCRS:
            yield path, f"a TPM has no PCR {number}, so the first boot fails: pcr_ids are 0 to 23, between commas"


def _pcrs(config: str) -> list[str]:
    try:
        named = json.loads(config).get("pcr_ids", "")
    except (ValueError, AttributeError):
        return []
    return [number.strip() for number in str(named).split(",") if number.strip()]


def _root(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    """Fedora CoreOS only recreates the root file system when it is labelled and wiped."""
    here = path[:-1]
    if path[-1] != "device" or not here[-1].startswith("filesystems[") or not _ROOT_DEVICE.fullmatch(contents[path]):
        return
    if contents.get((*here, "label")) != "root":
        yield here, "the root file system has no `label: root`: Fedora CoreOS would not find it on the first boot"
    if contents.get((*here, "wipeFilesystem")) != "true":
        yield here, "the root file system has no `wipe_filesystem: true`: the old one would be taken up as it is"
    yield here, "the root file system is created again: the machine needs at least 4 GiB of RAM on its first boot"


def _login(whole: Sequence[Entry], owner: str) -> Iterator[Caution]:
    keys = [said for said in whole if said.path[-1].startswith("sshAuthorizedKeys") and said.content.strip()]
    hashes = [said for said in whole if said.path[-1] == "passwordHash" and said.content.strip("*!x")]
    if not keys and not hashes:
        yield ("passwd",), "nobody can log in: there is no SSH key and no password; put your key in: ./inv adopt"
    for said in keys:
        if ORIGINAL_KEY in said.content and owner != ORIGINAL_OWNER:
            why = f"this key is {ORIGINAL_OWNER}'s, and the repository is {owner}'s: put your own in: ./inv adopt"
            yield said.path, why


def _download(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    """An address from which the machine fetches something."""
    address, hashed = contents[path], (*path[:-1], "verification", "hash") in contents
    if path[-1] == "source" and re.match(r"(http|tftp)://", address) and not hashed:
        yield path, f"{address} comes without TLS and without a hash: whoever is in between decides what it is"
    if path[-1] == "source" and path[-2].startswith("merge[") and re.match(r"[a-z0-9]+://", address):
        yield path, f"{address} is fetched by the machine, so it was neither checked nor searched for secrets here"
