"""What a user asks a build for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The options of a build; an empty text means the default of invoke.yaml."""

    lock: str = ""  # a Lock file, which answers all else
    stream: str = ""  # of Fedora CoreOS
    zfs_stream: str = ""  # an OpenZFS line, such as 2.3
    kmods: str = ""  # a kmods image on this machine, instead of a published one
    rebuild: bool = False  # also when nothing changed
    force: bool = False  # also against the compatibility matrix
    allow_downgrade: bool = False  # also an older release or OpenZFS than what is published


NEWEST = Request()  # what is newest, if anything changed
