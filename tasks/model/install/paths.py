"""Paths of Fedora CoreOS at which nothing can be made, or that lead through its links."""

from pathlib import PurePosixPath

from tasks.model.install import stock

_READ_ONLY = ("/usr/", *(f"{path}/" for path in stock.LINKS_TO_USR))
_WRITABLE = "/usr/local/"  # a link to /var/usrlocal


def unwritable(path: str) -> str:
    """Why nothing can be made at a path; empty if it can."""
    if f"{path}/".startswith(_READ_ONLY) and not f"{path}/".startswith(_WRITABLE):
        return "/usr is read-only, so the first boot fails: use /etc, or /usr/local for programs"
    if not has_top(path):
        return "nothing can be made in / on Fedora CoreOS, so the first boot fails: use /var"
    return ""


def has_top(path: str) -> bool:
    """Whether Fedora CoreOS has the folder of / that holds a path."""
    return path.split("/")[1] in stock.TOP | stock.LOST


def lost(path: str) -> str:
    """Why what is made at a path is gone after the first boot; empty if it stays."""
    top = path.split("/")[1]
    why = f"/{top} holds nothing that stays, so this is lost or stops the first boot: use /var"
    return why if top in stock.LOST else ""


def above(path: str) -> frozenset[str]:
    """The folders that hold a path, without `/`."""
    names = path.split("/")[1:-1]
    return frozenset(f"/{'/'.join(names[:depth])}" for depth in range(1, len(names) + 1))


def link_above(path: str) -> str:
    """The link of Fedora CoreOS that a path is or leads through, such as /mnt; empty if there is none."""
    return next((link for link in stock.LINKS if PurePosixPath(path).is_relative_to(link)), "")


def behind_links(path: str) -> str:
    """The same path without a link: /var/mnt/a for /mnt/a."""
    link = link_above(path)
    return f"{stock.LINKS[link]}{path.removeprefix(link)}" if link else path
