"""The options that a user gives to a build."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The options of a build; an empty text means the default from invoke.yaml."""

    lock: str = ""  # a Lock file, which decides everything else
    stream: str = ""  # of Fedora CoreOS
    zfs_stream: str = ""  # an OpenZFS line, such as 2.3
    kmods: str = ""  # a kmods image on this machine, instead of a published one
    rebuild: bool = False  # even if nothing changed
    force: bool = False  # even against the compatibility matrix
    allow_downgrade: bool = False  # even an older release or OpenZFS than the published one


NEWEST = Request()  # the newest pair, if anything changed
