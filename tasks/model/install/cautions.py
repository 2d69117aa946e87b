"""Ignition settings that pass validation but can lock out or lose a machine."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from tasks.model.contract.updates import SERVICE
from tasks.model.install import devices, firstboot, mounts, network, tpm
from tasks.model.install.ignition import Caution, Entry, Path, flatten, is_remote
from tasks.model.install.impossible import doubtful
from tasks.model.install.login import logins, owners, users
from tasks.model.install.login.key_files import untaken
from tasks.model.install.login.sshd import locked_out
from tasks.model.install.login.sshd_port import refused_ports
from tasks.model.install.login.sshd_refused import refused
from tasks.model.install.merged import Merged
from tasks.model.install.programs import started
from tasks.model.install.switched_off import switched_off
from tasks.model.install.unchecked import unchecked
from tasks.model.kernel_arguments import keeps_openzfs_out, words

_ROOT_DEVICE = re.compile(r"/dev/(mapper/root|disk/by-partlabel/root|disk/by-label/root|md/[^/]*root)")
_REFUSED = "with {} the kernel loads no OpenZFS, unless you sign its modules yourself: leave it out"
_TWICE = "this switches or updates the machine too: two units would do it, and ours then gives way; leave it out"
_NO_HASH = "no password fits this, because it is no hash of one: leave it out, or type: mkpasswd --method=yescrypt"
_UNREADABLE = "no SSH server can read this key: {}; copy the whole line of a .pub file"
_RPM_OSTREE = r"\brpm-ostree\s+(?:-\S+\s+)*"
_SWITCHES = re.compile(
    rf"{_RPM_OSTREE}(?:rebase|deploy)\b|\bbootc\s+(?:-\S+\s+)*switch\b|\bostree\s+container\s+image\s+deploy\b"
)
_UPDATES = re.compile(rf"(?:{_RPM_OSTREE}|\bbootc\s+(?:-\S+\s+)*)(?:upgrade|update)\b(?!.*\s--(?:check|preview)\b)")
_APPENDED = re.compile(r"\brpm-ostree\s+kargs\b[^\n]*?--append(?:-if-missing)?[= ][\"']?([^\s\"']+)")
_HINDERS = {
    re.compile(rf"{_RPM_OSTREE}(?:install|override\s+(?:remove|replace)|uninstall\s.*--install)\b"): (
        "packages that are layered on the machine stop its updates: name them in packages: of invoke.yaml"
    ),
    re.compile(rf"{_RPM_OSTREE}(?:initramfs\s.*--enable|initramfs-etc\s.*--track)\b"): (
        "a changed initramfs is lost with the switch to the image, or stops the machine's updates: leave it out"
    ),
}


def cautions(merged: Merged, whole: Sequence[Entry], owner: str) -> tuple[Caution, ...]:
    """Every warning to show before a machine is installed.

    `merged` is what the machine gets, `whole` every value as it is written; `owner` is the repository's, empty if it
    is unknown.
    """
    contents = {entry.path: entry.content for entry in flatten(json.dumps(merged.config))}
    disks = [*tpm.bound(merged), *(caution for path in contents for caution in _root(contents, path))]
    written = {entry.path: entry.content for entry in whole}
    downloads = [*unchecked(merged), *(caution for path in written for caution in _download(written, path))]
    system = (*_kernel_arguments(merged), *switched_off(merged), *_programs(merged), *_zincati(merged))
    people = (
        *_login(merged, whole, owner),
        *untaken(merged),
        *locked_out(merged),
        *refused(merged),
        *refused_ports(merged),
    )
    users_and_groups = (*users.cautions(merged), *owners.unknown(merged))
    places = (*devices.cautions(merged), *mounts.cautions(merged), *network.ignored(merged), *doubtful(merged))
    return (*disks, *people, *users_and_groups, *places, *system, *downloads)


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


def _login(merged: Merged, whole: Sequence[Entry], owner: str) -> Iterator[Caution]:
    for user in merged.items("passwd", "users"):
        place = ("passwd", f"users[{user['name']}]", "sshAuthorizedKeys")
        lists = [entry for entry in whole if entry.path[-2:-1] == place[1:2]]
        written = {line: entry.path for entry in lists for line in logins.key_lines(entry.content)}
        for number, key in enumerate(logins.keys(user)):
            where = written.get(key) or (*place[:-1], f"{place[-1]}[{number}]")
            if logins.is_foreign(key, owner):
                whose = f"the repository is {owner}'s" if owner else "this clone is not"
                why = f"this key is {logins.ORIGINAL_OWNER}'s, but {whose}; add your own: ./inv adopt"
                yield where, why
            if why := _useless(key):
                yield where, why
        if logins.keys(user) and not logins.can_enter(user):
            yield place, "these keys let nobody in, because this user is removed or has no shell"
        if logins.is_no_hash(user):
            yield (*place[:-1], "passwordHash"), _NO_HASH
    if not logins.installed(merged):
        unless = f", unless the config from {merged.remote[0]} adds a key" if merged.remote else ""
        yield (
            ("passwd",),
            f"nobody can log in{unless}: no working SSH key and no password; add your key: ./inv adopt",
        )


def _useless(key: str) -> str:
    """Why a key lets nobody in; empty if it works."""
    if logins.is_outdated(key):
        return f"Fedora CoreOS refuses this kind of key: {logins.title(key)}; make one: ssh-keygen -t ed25519"
    return "" if logins.is_usable(key) else _UNREADABLE.format(repr(key[:60]))


def _kernel_arguments(merged: Merged) -> Iterator[Caution]:
    """The cautions about arguments with which the kernel does not load OpenZFS's modules."""
    for number, item in enumerate(merged.items("kernelArguments", "shouldExist")):
        for argument in words(str(item)):
            if keeps_openzfs_out(argument):
                yield ("kernelArguments", f"shouldExist[{number}]"), _REFUSED.format(argument)


def _programs(merged: Merged) -> Iterator[Caution]:
    """The cautions about units and scripts that do what the image does, or what stops its updates."""
    others = started(merged, but=SERVICE)
    for place, run in started(merged).items():
        if firstboot.is_ours(place[-1]):
            continue
        if any(map(_SWITCHES.search, run)) or any(map(_UPDATES.search, others.get(place, ()))):
            yield place, _TWICE
        for argument in filter(keeps_openzfs_out, _APPENDED.findall("\n".join(run))):
            yield place, _REFUSED.format(argument)
        yield from ((place, why) for program, why in _HINDERS.items() if any(map(program.search, run)))


def _zincati(merged: Merged) -> Iterator[Caution]:
    for file in merged.items("storage", "files"):
        if file["path"].startswith("/etc/zincati/"):
            why = "zincati is off in the image, so this does nothing: the hours of updates are in docs/machine.md"
            yield ("storage", f"files[{file['path']}]"), why


def _download(contents: Mapping[Path, str], path: Path) -> Iterator[Caution]:
    """The cautions about an address from which the machine fetches something."""
    address, hashed = contents[path], (*path[:-1], "verification", "hash") in contents
    if path[-1] == "source" and re.match(r"(http|tftp)://", address) and not hashed:
        yield path, f"{address} is fetched without TLS and without a hash: anyone on the way can change it"
    if path[-1] == "source" and path[-2].startswith(("merge[", "replace")) and is_remote(address):
        yield path, f"{address} is fetched by the machine, so it was neither checked nor searched for secrets here"
