"""The keys of Butane for Fedora CoreOS, and what belongs at each; all versions up to 1.7 are one here.

Format: https://coreos.github.io/butane/config-fcos-v1_7/
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TypeAlias

Kind: TypeAlias = "str | list[Kind] | dict[str, Kind]"  # a text and the like, a list of one kind, or keys

TEXT, NUMBER, FLAG = "a text", "a number", "true or false"
_TEXTS: Kind = [TEXT]
_ID: Kind = {"id": NUMBER, "name": TEXT}
_RESOURCE: Kind = {
    "source": TEXT, "inline": TEXT, "local": TEXT, "compression": TEXT, "verification": {"hash": TEXT},
    "http_headers": [{"name": TEXT, "value": TEXT}],
}  # fmt: skip
_NODE: dict[str, Kind] = {"path": TEXT, "overwrite": FLAG, "user": _ID, "group": _ID}
_TANG: Kind = [{"url": TEXT, "thumbprint": TEXT, "advertisement": TEXT}]
_PARTITION: Kind = {
    "number": NUMBER, "label": TEXT, "size_mib": NUMBER, "start_mib": NUMBER, "type_guid": TEXT, "guid": TEXT,
    "wipe_partition_entry": FLAG, "should_exist": FLAG, "resize": FLAG,
}  # fmt: skip
_LUKS: Kind = {
    "name": TEXT, "device": TEXT, "key_file": _RESOURCE, "label": TEXT, "uuid": TEXT, "options": _TEXTS,
    "open_options": _TEXTS, "discard": FLAG, "wipe_volume": FLAG, "cex": {"enabled": FLAG},
    "clevis": {
        "tang": _TANG, "tpm2": FLAG, "threshold": NUMBER,
        "custom": {"pin": TEXT, "config": TEXT, "needs_network": FLAG},
    },
}  # fmt: skip
_STORAGE: Kind = {
    "disks": [{"device": TEXT, "wipe_table": FLAG, "partitions": [_PARTITION]}],
    "raid": [{"name": TEXT, "level": TEXT, "devices": _TEXTS, "spares": NUMBER, "options": _TEXTS}],
    "filesystems": [{
        "device": TEXT, "format": TEXT, "path": TEXT, "wipe_filesystem": FLAG, "label": TEXT, "uuid": TEXT,
        "options": _TEXTS, "mount_options": _TEXTS, "with_mount_unit": FLAG,
    }],
    "files": [{**_NODE, "mode": NUMBER, "contents": _RESOURCE, "append": [_RESOURCE]}],
    "directories": [{**_NODE, "mode": NUMBER}],
    "links": [{**_NODE, "target": TEXT, "hard": FLAG}],
    "luks": [_LUKS],
    "trees": [{"local": TEXT, "path": TEXT, "user": _ID, "group": _ID, "file_mode": NUMBER, "dir_mode": NUMBER}],
}  # fmt: skip
_PASSWD: Kind = {
    "users": [{
        "name": TEXT, "password_hash": TEXT, "ssh_authorized_keys": _TEXTS, "ssh_authorized_keys_local": _TEXTS,
        "uid": NUMBER, "gecos": TEXT, "home_dir": TEXT, "no_create_home": FLAG, "primary_group": TEXT,
        "groups": _TEXTS, "no_user_group": FLAG, "no_log_init": FLAG, "shell": TEXT, "should_exist": FLAG,
        "system": FLAG,
    }],
    "groups": [{"name": TEXT, "gid": NUMBER, "password_hash": TEXT, "should_exist": FLAG, "system": FLAG}],
}  # fmt: skip
KEYS: Kind = {
    "variant": TEXT,
    "version": TEXT,
    "ignition": {
        "config": {"merge": [_RESOURCE], "replace": _RESOURCE},
        "timeouts": {"http_response_headers": NUMBER, "http_total": NUMBER},
        "security": {"tls": {"certificate_authorities": [_RESOURCE]}},
        "proxy": {"http_proxy": TEXT, "https_proxy": TEXT, "no_proxy": _TEXTS},
    },
    "storage": _STORAGE,
    "systemd": {
        "units": [{
            "name": TEXT, "enabled": FLAG, "mask": FLAG, "contents": TEXT, "contents_local": TEXT,
            "dropins": [{"name": TEXT, "contents": TEXT, "contents_local": TEXT}],
        }],
    },
    "passwd": _PASSWD,
    "kernel_arguments": {"should_exist": _TEXTS, "should_not_exist": _TEXTS},
    "boot_device": {
        "layout": TEXT, "mirror": {"devices": _TEXTS},
        "luks": {
            "tang": _TANG, "tpm2": FLAG, "threshold": NUMBER, "discard": FLAG, "device": TEXT, "cex": {"enabled": FLAG},
        },
    },
    "grub": {"users": [{"name": TEXT, "password_hash": TEXT}]},
}  # fmt: skip


def kind_at(path: Sequence[str]) -> "Kind | None":
    """What belongs at a path such as `storage`, `files`, `0`, `mode`; None if Butane knows no such path."""
    kind: Kind | None = KEYS
    for step in path:
        if isinstance(kind, list):
            kind = kind[0] if step.isdigit() else None
        else:
            kind = kind.get(step) if isinstance(kind, dict) else None
    return kind


def unknown(path: Sequence[str]) -> str:
    """Say that the last key of a path is unknown, and which key or place may be meant."""
    *above, key = path
    if key == "<<":
        return "butane does not know YAML's merge key: write out what it would add"
    if "\u00a0" in key:
        return f"unknown key {key}; it holds a no-break space (U+00A0): write a blank"
    here = kind_at(above)
    if not isinstance(here, dict) or key in here:
        return f"unknown key {key}"
    if near := get_close_matches(snake(key).replace("-", "_"), here, 1):
        return f"unknown key {key}; did you mean {near[0]}?"
    places = [".".join(place) for place in (*_places(here, key), *(_places(KEYS, key) if here != KEYS else ()))]
    if places:
        return f"the key {key} does not belong here, but in {' or '.join(places[:2])}: is it indented wrongly?"
    return f"unknown key {key}; the keys here are {', '.join(here)}"


def snake(key: str) -> str:
    """Turn Ignition's wipeVolume into Butane's wipe_volume, and sizeMiB into size_mib."""
    return re.sub(r"(?<=[a-z])([A-Z])(?!$)", r"_\1", key).lower()


def _places(kind: Kind, key: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The mappings that have a key."""
    if isinstance(kind, list):
        yield from _places(kind[0], key, (*path[:-1], f"{path[-1]}[]") if path else path)
    elif isinstance(kind, dict):
        if key in kind and path:
            yield path
        for name, below in kind.items():
            yield from _places(below, key, (*path, name))
