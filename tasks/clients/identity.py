"""The user's identity: the repository's address, and public SSH keys from this machine or from GitHub."""

from pathlib import Path

from tasks.clients import shell
from tasks.clients.workspace import GIT, read_text
from tasks.model.errors import TaskError
from tasks.model.install.adopt import keys, owner_of, signed


def origin() -> str:
    """The address of the git remote `origin`; empty if there is none."""
    try:
        done = shell.attempt([*GIT, "remote", "get-url", "origin"], what="git could not be run")
    except TaskError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def owner(image: str) -> str:
    """The owner of this clone; empty as long as it still has the original image and is not the original repository."""
    return owner_of(image, origin())


def ssh_keys(source: str) -> tuple[str, ...]:
    """The public keys in `source`: a file, an address like https://github.com/USER.keys, or ~/.ssh if it is empty."""
    if source.startswith("https://"):
        from tasks.clients import http  # with it comes requests

        text = http.get_text(source, what=f"{source} could not be read")
        if not (text or "").strip():
            raise TaskError(f"{source} has no keys", "the user does not exist, or has no key", "name a file instead")
        return signed(keys(text or "", source), source)
    if source:
        return keys(read_text(Path(source).expanduser()), source)
    files = [path for path in sorted(Path.home().glob(".ssh/*.pub")) if not path.stem.endswith("-cert")]
    return tuple(dict.fromkeys(key for path in files for key in keys(read_text(path), str(path))))
