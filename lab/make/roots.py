"""Handles another root file system on this machine: unpacks it, adds a user, and enters it as if it were a machine."""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.make.podman import NAMESPACES
from lab.make.tool import call

_ENTER = str(Path(__file__).with_name("enter.sh"))
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OF_THE_MACHINE = re.compile(
    r"(PIP|UV|GO|SSL|GIT_SSL)[A-Z_]*|[A-Z_]+_CA_(BUNDLE|CERTS)[A-Z_]*|(https?|no)_proxy", re.IGNORECASE
)
_LOOP = 7  # the major number of loop devices
_FILES = ("/etc/ssl/certs", "/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Mount a separate disk on `folder`, as a machine has one: ext4 with its journal, 40 GiB, sparse."""
    folder.mkdir(parents=True)
    image = folder.with_name(f"{folder.name}.disk")
    call(["truncate", "--size=40G", str(image)])
    call(["mkfs.ext4", "-q", str(image)])
    device = call(["losetup", "--find"]).strip()
    if not Path(device).exists():  # a container only has the devices of the moment it started
        os.mknod(device, stat.S_IFBLK | 0o600, os.makedev(_LOOP, int(device.removeprefix("/dev/loop"))))
    call(["mount", "-o", "loop", str(image), str(folder)])
    try:
        yield
    finally:
        call(["umount", str(folder)])
        image.unlink()


def unpack(tar: Path, root: Path) -> None:
    """Unpack a root file system."""
    root.mkdir(parents=True, exist_ok=True)
    call(["tar", "--extract", f"--file={tar}", f"--directory={root}", "--numeric-owner"])


def add_user(root: Path, name: str, number: int, *, sudo: bool = True) -> None:
    """Add an ordinary user, who may use sudo without a password."""
    call(["chroot", str(root), "useradd", "--create-home", f"--uid={number}", "--shell=/bin/bash", name])
    if sudo:
        kept = f'Defaults env_keep += "{" ".join(machine_settings())}"\n'  # sudo drops all others, as usual
        (root / "etc/sudoers.d" / name).write_text(f"{kept}{name} ALL=(ALL) NOPASSWD: ALL\n")


def machine_files() -> list[str]:
    """List the files of this machine that fetching needs, as binds into a root."""
    return [f"{file}:{file}" for file in _FILES if Path(file).exists()]


def machine_settings() -> dict[str, str]:
    """Return this machine's own settings for fetching packages."""
    return {name: value for name, value in os.environ.items() if _OF_THE_MACHINE.fullmatch(name)}


def enter(
    root: Path, user: str, words: Sequence[str], variables: Mapping[str, str], command: Sequence[str]
) -> list[str]:
    """Return the command line that runs a command in a root, as one of its users, with only these variables.

    `words` are those of enter.sh: what to bind into the root, and how to set it up.
    """
    home = "/root" if user == "root" else f"/home/{user}"
    own = {"HOME": home, "USER": user, "LOGNAME": user, "PATH": _PATH, "LANG": "C.UTF-8", "TERM": "dumb"}
    clean = ["env", "-i", *(f"{name}={value}" for name, value in {**own, **variables}.items())]
    return [*NAMESPACES, _ENTER, str(root), user, *words, "--", *clean, *command]
