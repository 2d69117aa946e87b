"""What Ignition gives to every machine beside the user's own: policy, keys, and the unit that switches it once."""

from typing import Any

from tasks.model.image import PUBLIC_TAG
from tasks.model.signing import HostFiles

FOLDER = "first-boot"
UNIT = "custom-coreos-switch.service"
_SCRIPT = "/etc/custom-coreos-switch/switch"


def snippet(shipped: HostFiles, image: str, *, switch: bool) -> dict[str, Any]:
    """Butane whose files lie in the repository, so that they are the image's, byte for byte.

    Files, not a tree: stock Fedora CoreOS has a policy.json, which only a file with `overwrite` replaces. Local
    edits of /etc win over an image's, so any other bytes would freeze an old key.
    """
    files = [_file(f"/{path}", f"overlay-root/{path}", 0o644) for path in sorted(shipped.files)]
    whole: dict[str, Any] = {"variant": "fcos", "version": "1.6.0", "storage": {"files": files}}
    if switch:
        files.append(_file(_SCRIPT, f"{FOLDER}/switch", 0o755))
        whole["systemd"] = {"units": [_unit(image)]}
    return whole


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
