"""Who the user is: the repository's address, and the public SSH keys of this machine or of GitHub."""

from pathlib import Path

from tasks.clients import http, shell
from tasks.clients.workspace import GIT, read_text
from tasks.model.errors import TaskError
from tasks.model.install.adopt import keys


def origin() -> str:
    """The address of the remote `origin`; empty outside git and without one."""
    try:
        done = shell.attempt([*GIT, "remote", "get-url", "origin"], what="git could not be asked")
    except TaskError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def ssh_keys(source: str) -> tuple[str, ...]:
    """The public keys of a file, of an address such as https://github.com/USER.keys, or of ~/.ssh when it is empty."""
    if source.startswith("https://"):
        text = http.get_text(source, what=f"{source} could not be read")
        if not (text or "").strip():
            raise TaskError(
                f"{source} has no keys", "there is no such user, or no key of theirs", "name a file instead"
            )
        return keys(text or "", source)
    if source:
        return keys(read_text(Path(source).expanduser()), source)
    found = [path for path in sorted(Path.home().glob(".ssh/*.pub")) if not path.stem.endswith("-cert")]
    return tuple(dict.fromkeys(key for path in found for key in keys(read_text(path), str(path))))
