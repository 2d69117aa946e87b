"""Who may read and change the system's files."""

from collections.abc import Iterator

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.tree import Entry

_OPEN, _HOST_FILE = 0o005, "644"  # the bits of 0755 for others and for writing; the mode of keys and policy
_OURS = (
    "/etc/modprobe.d", "/etc/modules-load.d", "/etc/systemd", "/usr/lib/bootc", "/usr/lib/modprobe.d",
    "/usr/lib/modules-load.d", "/usr/lib/systemd/system-preset", "/etc/containers", "/etc/pki/cosign",
)  # fmt: skip
_UNITS = "/usr/lib/systemd/system/"
_BY_GROUP, _BY_OTHERS = 0o020, 0o002


def modes_fault(image: ImageFacts) -> str:
    """A checkout's umask must not decide them: services without root cannot start if /usr is closed to them.

    Host files must have the mode that Ignition gives them, or ostree takes them for edited and never updates them.
    """
    folders, files = image.modes("folder-mode"), image.modes("file-mode")
    closed = [f"{path} is {mode}" for path, mode in folders.items() if int(mode, 8) & 0o027 != _OPEN]
    other = [f"{path} is {mode}, not {_HOST_FILE}" for path, mode in files.items() if mode != _HOST_FILE]
    owned = [f"{path} is another user's" for path in image.all("foreign")]
    known = {*folders, *files}
    others = [fault for path, entry in image.tree.entries.items() if path not in known for fault in _entry(path, entry)]
    return ", ".join(dict.fromkeys(closed + other + owned + others)) if folders else "the probe reports none"


def _entry(path: str, entry: Entry) -> Iterator[str]:
    """What lets somebody else than root change a file; a group of root's alone may, where the file is not ours."""
    ours = path.startswith(tuple(f"{folder}/" for folder in _OURS)) or path in _OURS or "bootc-fetch-apply" in path
    writers = _BY_OTHERS | (_BY_GROUP if ours or entry.group else 0)
    if entry.kind == "link" or not (ours or path.startswith(_UNITS)):
        return
    if entry.owner:
        yield f"{path} is another user's"
    if entry.mode & writers:
        yield f"{path} is {entry.mode:o}"
