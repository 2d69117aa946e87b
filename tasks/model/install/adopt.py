"""Adopt the repository: write image, SSH keys and host name into its files, and change no other line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.model.errors import TaskError
from tasks.model.install.butane import yaml_style, yaml_text
from tasks.model.install.login import logins

BUTANE, INVOKE = "butane.yaml", "invoke.yaml"
USER = "core"
_KEYS, _HOSTNAME_FILE = "ssh_authorized_keys", "/etc/hostname"
_LIST = "a list, with `- ` before each item"
_BARE = 2  # words of a key without a comment
_TYPES = "ssh-", "ecdsa-", "sk-"  # what the line of a public key begins with; options belong to authorized_keys
_HOSTNAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ORIGIN = re.compile(  # the host after ssh may be an alias of ~/.ssh/config, as in git@github.com-work:owner/name
    r"(?:(?:https|git)://(?:[^@/]+@)?github\.com/|"
    r"(?:git\+)?ssh://(?:[^@/]+@)?(?:ssh\.)?github\.com(?:-[\w-]+)?(?::\d+)?/|"
    r"(?:[^@/:]+@)?(?:ssh\.)?github\.com(?:-[\w-]+)?:/?)"
    r"([^/]+)/([^/]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


def image_of(origin: str) -> str:
    """The image that a repository on GitHub publishes, from its address; empty for any other address."""
    matched = _ORIGIN.fullmatch(origin)
    return f"ghcr.io/{matched[1]}/{matched[2]}".lower() if matched else ""


def other_image(image: str, origin: str) -> str:
    """The image that the workflows of the repository at `origin` publish; empty if it is `image`, or not known."""
    theirs = image_of(origin)
    return theirs if theirs != image else ""


def owner_of(image: str, origin: str) -> str:
    """The owner of a clone, from its image; empty if that is the original image, and `origin` is not its repository.

    A new clone has the original image until somebody adopts it, so the image alone does not say whose it is.
    """
    owner = image.partition("/")[2].partition("/")[0]
    return owner if owner != logins.ORIGINAL_OWNER or image_of(origin) == image else ""


def keys(text: str, source: str) -> tuple[str, ...]:
    """The public SSH keys of a file as OpenSSH and GitHub write it, one per line; comments are left out."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    outdated = next((line for line in lines if line.startswith(_TYPES) and logins.is_outdated(line)), "")
    if outdated:
        why = f"{logins.title(outdated)} is DSA, or RSA of less than 2048 bits"
        raise TaskError(f"{source} holds a key that Fedora CoreOS refuses", why, "make one: ssh-keygen -t ed25519")
    wrong = next((line for line in lines if not _is_key(line)), "" if lines else "nothing")
    if wrong:
        private = "a private key" if "PRIVATE KEY" in text else f"{wrong[:30]!r}"
        raise TaskError(f"{source} holds no public SSH key", f"it holds {private}", "name the .pub file of a key")
    return tuple({_same(line): line for line in reversed(lines)}.values())[::-1]


def signed(lines: Sequence[str], address: str) -> tuple[str, ...]:
    """Keys with their owner as comment, where `address` names a GitHub user and they have none."""
    user = re.fullmatch(r"https://github\.com/([A-Za-z0-9-]+)\.keys", address)
    return tuple(f"{line} {user[1]}@github" if user and len(line.split()) == _BARE else line for line in lines)


def _is_key(line: str) -> bool:
    return line.startswith(_TYPES) and logins.is_usable(line)


def require_hostname(name: str) -> None:
    """Stop unless it is a host name (RFC 1123)."""
    if not _HOSTNAME.fullmatch(name):
        why = "it must have letters, digits and hyphens only, at most 63"
        raise TaskError(f"{name!r} is not a host name", why, "for example: --hostname nas")


def with_machine(butane: str, ssh_keys: Sequence[str], hostname: str) -> str:
    """The Butane file with these keys for the user who logs in, and this host name; an empty value changes nothing."""
    ignition = _mapping(yaml_text.load(butane, BUTANE).get("ignition"))
    if "version" in ignition:
        why = "it is an Ignition config, because ignition.version is Ignition's"
        raise TaskError(f"{BUTANE} is not Butane", why, f"restore it: git checkout {BUTANE}")
    changed = _with_keys(butane, ssh_keys) if ssh_keys else butane
    return _with_hostname(changed, hostname) if hostname else changed


def with_image(invoke: str, section: str, image: str) -> str:
    """invoke.yaml with this image."""
    if yaml_text.load(invoke, INVOKE)[section]["image"] == image:
        return invoke
    return yaml_text.put(invoke, (section, "image"), image, INVOKE)


def _with_keys(text: str, ssh_keys: Sequence[str]) -> str:
    """Replace the keys of the user who logs in, one by one, so that those which stay keep their lines."""
    users = _items(text, "passwd", "users")
    number = _who_logs_in(users, ssh_keys)
    if number is None:
        entry: yaml_style.Value = {"name": USER, _KEYS: list(ssh_keys)}
        return yaml_text.put(text, ("passwd", "users", len(users)), entry, BUTANE)
    place = ("passwd", "users", number, _KEYS)
    held = users[number].get(_KEYS)
    if not isinstance(held, list) and held is not None:
        raise _wrong(text, place, _LIST)
    if not held:
        return yaml_text.put(text, place, list(ssh_keys), BUTANE)
    same, wanted = [_same(key) for key in held], set(map(_same, ssh_keys))
    if yaml_text.is_shared(text, place, BUTANE):  # an alias: the other place keeps its keys
        return yaml_text.put(text, place, list(ssh_keys), BUTANE) if set(same) != wanted else text
    old = [position for position, key in enumerate(same) if key not in wanted or key in same[:position]]
    new = [key for key in ssh_keys if _same(key) not in same]
    positions = [*old, *range(len(held), len(held) + len(new) - len(old))]
    for position, key in zip(positions, new, strict=False):
        text = yaml_text.put(text, (*place, position), key, BUTANE)
    for position in reversed(old[len(new) :]):
        text = yaml_text.drop(text, (*place, position), BUTANE)
    return text


def _same(key: object) -> str:
    """What two lines of the same key have in common, whatever their comments.

    Options make another key of it, and so do several keys in one item.
    """
    lines = logins.key_lines(str(key))
    return logins.blob_of(lines[0]) if len(lines) == 1 and lines[0].startswith(_TYPES) else str(key)


def _who_logs_in(users: Sequence[Any], ssh_keys: Sequence[str]) -> int | None:
    """The number of the user who logs in; None if that is `core`, who has no entry yet."""
    ranks = [(_signs(user, ssh_keys), user.get("name") == USER, -number) for number, user in _named(users)]
    best = max(ranks, default=((), False, 0))
    return -best[2] if any(best[0]) else None


def _signs(user: Mapping[str, Any], ssh_keys: Sequence[str]) -> tuple[bool, ...]:
    """The signs that a user is the one who logs in, the surest first; none for a user who cannot.

    A key that may only run one command is a program's, such as a backup's.
    """
    shell = str(user.get("shell") or "")
    if user.get("system") or user.get("should_exist") is False or shell.endswith(("nologin", "false")):
        return ()
    keys = [str(key) for key in _listed(user.get(_KEYS))]
    has_key = any("command=" not in key for key in keys) or bool(_listed(user.get(f"{_KEYS}_local")))
    has_password = bool(user.get("password_hash"))
    rules = bool({"sudo", "wheel"}.intersection(map(str, _listed(user.get("groups")))))
    return (
        any(logins.ORIGINAL_KEY in key for key in keys),
        bool(keys) and list(map(_same, keys)) == list(map(_same, ssh_keys)),
        not set(map(_same, ssh_keys)).isdisjoint(map(_same, keys)),
        rules and (has_key or has_password),
        has_key,
        has_password,
        _KEYS in user and not keys,
        rules or user.get("name") == USER,
    )


def staying(butane: str, ssh_keys: Sequence[str], owner: str) -> tuple[str, ...]:
    """A sentence for every key in a Butane file that is not one of these; it names the original owner's."""
    mine = set(map(_same, ssh_keys))
    keys = [(user, _whose(key, owner)) for user, key in authorized(butane) if _same(key) not in mine]
    files = [(user, f"the keys of the file {file}") for user, file in authorized(butane, f"{_KEYS}_local")]
    return tuple(f"passwd.users[{user}] keeps {what}" for user, what in (*keys, *files))


def _whose(key: str, owner: str) -> str:
    if logins.is_foreign(key, owner):
        return f"the key of {logins.ORIGINAL_OWNER}, who could log in to your machine"
    return f"the key {logins.title(key)}"


def authorized(butane: str, key: str = _KEYS) -> tuple[tuple[str, str], ...]:
    """Every user with each SSH key, or with each item of another list, such as `ssh_authorized_keys_local`."""
    users = [user for _, user in _named(_items(butane, "passwd", "users"))]
    items = [(str(user.get("name")), str(item)) for user in users for item in _listed(user.get(key)) if item]
    return tuple((name, line) for name, item in items for line in logins.key_lines(item))


def _with_hostname(text: str, hostname: str) -> str:
    files = _items(text, "storage", "files")
    for kind in ("links", "directories"):
        if any(item.get("path") == _HOSTNAME_FILE for _, item in _named(_items(text, "storage", kind))):
            why = f"storage.{kind} has {_HOSTNAME_FILE}, which would be there twice"
            raise TaskError(f"{BUTANE} cannot be changed", why, f"give {_HOSTNAME_FILE} only to storage.files")
    number = next((number for number, file in _named(files) if file.get("path") == _HOSTNAME_FILE), None)
    if number is None:
        entry: yaml_style.Value = {"path": _HOSTNAME_FILE, "contents": {"inline": hostname}}
        return yaml_text.put(text, ("storage", "files", len(files)), entry, BUTANE)
    place, contents = ("storage", "files", number, "contents"), files[number].get("contents") or {}
    if not isinstance(contents, dict):
        raise _wrong(text, place, "a mapping such as `inline: nas`")
    if files[number].get("append"):
        why = f"{_HOSTNAME_FILE} has `append` there, which would lengthen the new name"
        raise TaskError(f"{BUTANE} cannot be changed", why, f"give {_HOSTNAME_FILE} only `contents` in {BUTANE}")
    if "inline" not in contents or "verification" in contents:  # its hash is that of the old name
        return yaml_text.put(text, place, {"inline": hostname}, BUTANE)
    if str(contents["inline"]).strip() == hostname:
        return text
    return yaml_text.put(text, (*place, "inline"), hostname, BUTANE)


def _items(text: str, section: str, name: str) -> list[Any]:
    """The items of a list in a section of a Butane file; empty if either is missing or empty."""
    within = yaml_text.load(text, BUTANE).get(section) or {}
    found = (within.get(name) or []) if isinstance(within, dict) else None
    if not isinstance(found, list):
        raise _wrong(text, (section, name), _LIST)
    return found


def _wrong(text: str, path: tuple[str | int, ...], wanted: str) -> TaskError:
    why = f"{yaml_text.place(text, path, BUTANE)}: it must be {wanted}"
    return TaskError(f"{BUTANE} is wrong", why, f"correct it in {BUTANE}")


def _named(items: Sequence[Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """The mappings of a list, with their numbers."""
    return [(number, item) for number, item in enumerate(items) if isinstance(item, dict)]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
