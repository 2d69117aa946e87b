"""Adopt the repository: write image, SSH keys and host name into its files, and keep the comments."""

import base64
import binascii
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarint import OctalInt

from tasks.model.errors import TaskError

USER = "core"
_KEY = re.compile(r"((?:sk-)?(?:ssh-|ecdsa-)[a-z0-9-]+(?:@openssh\.com)?) ([A-Za-z0-9+/]+={0,2})(?: .*)?")
_HOSTNAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ORIGIN = re.compile(r"(?:https://|ssh://git@|git@)(?:[^@/]+@)?github\.com[/:]([^/]+)/([^/]+?)(?:\.git)?/?")


def image_of(origin: str) -> str:
    """The image that a repository on GitHub publishes, from its address; empty for any other address."""
    matched = _ORIGIN.fullmatch(origin)
    return f"ghcr.io/{matched[1]}/{matched[2]}".lower() if matched else ""


def other_image(image: str, origin: str) -> str:
    """The image that the workflows of the repository at `origin` publish; empty if it is `image`, or not known."""
    theirs = image_of(origin)
    return theirs if theirs != image else ""


def keys(text: str, source: str) -> tuple[str, ...]:
    """The public SSH keys of a file as OpenSSH and GitHub write it, one per line; comments are left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    wrong = next((line for line in lines if not _is_key(line)), "" if lines else "nothing")
    if wrong:
        private = "a private key" if "PRIVATE KEY" in text else f"{wrong[:30]!r}"
        raise TaskError(f"{source} holds no public SSH key", f"it holds {private}", "name the .pub file of a key")
    return tuple(dict.fromkeys(lines))


def _is_key(line: str) -> bool:
    matched = _KEY.fullmatch(line)
    if not matched:
        return False
    try:
        return matched[1].encode() in base64.b64decode(matched[2], validate=True)[:64]  # the key repeats the kind
    except binascii.Error:
        return False


def require_hostname(name: str) -> None:
    """Stop unless it is a host name (RFC 1123)."""
    if not _HOSTNAME.fullmatch(name):
        why = "it must have letters, digits and hyphens only, at most 63"
        raise TaskError(f"{name!r} is not a host name", why, "for example: --hostname nas")


def with_machine(butane: str, ssh_keys: Sequence[str], hostname: str) -> str:
    """The Butane file with these keys for `core` and this host name; an empty value changes nothing."""
    yaml, document = _load(butane, "butane.yaml")
    if ssh_keys:
        users = document.setdefault("passwd", {}).setdefault("users", [])
        user = _named(users, "name", USER)
        kept = user.setdefault("ssh_authorized_keys", [])
        if list(kept) != list(ssh_keys):
            user["ssh_authorized_keys"] = _replaced(kept, ssh_keys)
    if hostname:
        files = document.setdefault("storage", {}).setdefault("files", [])
        file = _named(files, "path", "/etc/hostname")
        file.setdefault("mode", OctalInt(0o644))
        file["contents"] = file.get("contents", {}) if "inline" in file.get("contents", {}) else {}
        file["contents"]["inline"] = hostname
    return _dump(yaml, document)


def with_image(invoke: str, section: str, image: str) -> str:
    """invoke.yaml with this image."""
    yaml, document = _load(invoke, "invoke.yaml")
    document[section]["image"] = image
    return _dump(yaml, document)


def _replaced(kept: Any, items: Sequence[str]) -> Any:  # noqa: ANN401  (YAML's own list, or a plain one)
    """Replace a list's items, and keep the comments around them."""
    after = kept.ca.items.pop(len(kept) - 1, None) if isinstance(kept, CommentedSeq) else None
    kept[:] = []
    kept.extend(items)
    if after:
        kept.ca.items[len(kept) - 1] = after
    return kept


def _named(items: list[Any], key: str, name: str) -> Any:  # noqa: ANN401  (YAML's own mapping)
    """The item with that name; adds a new one at the end if there is none."""
    entry = next((item for item in items if item.get(key) == name), None)
    if entry is None:
        items.append({key: name})
        entry = items[-1]
    return entry


def _load(text: str, name: str) -> tuple[YAML, Any]:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(text)
    except YAMLError as error:
        raise TaskError(f"{name} is not YAML", " ".join(str(error).split()), f"correct {name} at that place") from error
    if not isinstance(document, dict):
        raise TaskError(f"{name} is empty", "there is nothing to adopt", f"restore it: git checkout {name}")
    return yaml, document


def _dump(yaml: YAML, document: object) -> str:
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()
