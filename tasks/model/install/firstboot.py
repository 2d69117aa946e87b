"""What Ignition adds to the user's configuration: policy, keys, and the unit that switches the machine once."""

import re
import shlex
from typing import Any

from tasks.model.certificates import CERTIFICATES
from tasks.model.image import PUBLIC_TAG
from tasks.model.signing import HostFiles

FOLDER = "first-boot"
UNIT = "custom-coreos-switch.service"
_SCRIPT = "/etc/custom-coreos-switch/switch"
_OWN_NETWORK = re.compile(r"(?:(?:https?|no|all)_proxy|SSL_CERT_(?:FILE|DIR))=.*", re.IGNORECASE)


def snippet(shipped: HostFiles, image: str, *, switch: bool) -> dict[str, Any]:
    """Butane that takes its files from the repository, so that they equal the image's, byte for byte.

    It lists files, not a tree: only a file with `overwrite` replaces the policy.json of stock Fedora CoreOS. Local
    changes of /etc win over the image's files, so any other bytes would freeze an old key.
    """
    shared = [path for path in sorted(shipped.files) if not path.startswith(CERTIFICATES)]  # those may be secret
    files = [_file(f"/{path}", f"overlay-root/{path}", 0o644) for path in shared]
    whole: dict[str, Any] = {"variant": "fcos", "version": "1.6.0", "storage": {"files": files}}
    if switch:
        files.append(_file(_SCRIPT, f"{FOLDER}/switch", 0o755))
        whole["systemd"] = {"units": [_unit(image)]}
    return whole


def is_ours(item: str) -> bool:
    """Whether an item of a list (`files[/etc/…]`, `units[…]`) is what `snippet` adds."""
    return item in (f"files[{_SCRIPT}]", f"units[{UNIT}]")


def is_harmless(drop_in: str) -> bool:
    """Whether a drop-in leaves what our unit does as it is: it only sets a proxy, or the authorities of one's network.

    An empty `Environment=` takes back our own, and other variables can lead to another policy.
    """
    lines = [line.strip() for line in drop_in.splitlines()]
    return all(map(_only_sets_network, (line for line in lines if line and not line.startswith(("#", ";", "[")))))


def _only_sets_network(line: str) -> bool:
    key, _, value = line.partition("=")
    try:
        variables = shlex.split(value)
    except ValueError:
        return False
    return key.strip() == "Environment" and bool(variables) and all(map(_OWN_NETWORK.fullmatch, variables))


def _file(path: str, local: str, mode: int) -> dict[str, Any]:
    return {"path": path, "mode": mode, "overwrite": True, "contents": {"local": local}}


def _unit(image: str) -> dict[str, Any]:
    named = f"[Service]\nEnvironment=IMAGE={image}:{PUBLIC_TAG}\n"
    return {
        "name": UNIT,
        "enabled": True,
        "contents_local": f"{FOLDER}/{UNIT}",
        "dropins": [{"name": "image.conf", "contents": named}],
    }
