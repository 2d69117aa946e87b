"""What a machine of the lab is made of: images and Ignition files as the recipes make them, trees, keys."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.real import trees, vm
from lab.real.checks import Expected
from lab.real.stages import Bench
from lab.tool import call
from tasks.model import ignition
from tasks.model.errors import TaskError

_BUILT = "custom-coreos:stable"
_FIRST, _NEXT = "localhost/boot:first", "localhost/boot:next"
_SWITCH = re.compile(r"^Environment=IMAGE=(\S+)$", re.MULTILINE)


def gather(given: dict[str, Any]) -> Bench:
    """Build, export and fetch everything, through the recipes as a user types them."""
    state, made = Path(given["state"]), Path(given["parts"])
    here, folder = state / "checkout", state / "machines"
    folder.mkdir()
    _recipe(here, "keygen")
    if given["image"]:
        image = call(["podman", "pull", "--quiet", f"oci:{given['image']}"]).strip()
        call(["podman", "tag", image, _FIRST])
    else:
        _recipe(here, "build")
        _recipe(here, "verify", _BUILT)
        call(["podman", "tag", _BUILT, _FIRST])
    _recipe(here, "build", "--stream", "testing")
    _recipe(here, "verify", _BUILT)
    call(["podman", "tag", _BUILT, _NEXT])
    first, following = trees.export(_FIRST, folder / "first"), trees.export(_NEXT, folder / "next")
    without = trees.without_module(_NEXT, following.kernel, folder)
    foreign = trees.with_foreign_modules(_NEXT, following.kernel, _FIRST, first.kernel, folder)
    key, other = (_key(folder / name) for name in ("key", "other-key"))
    config = Path(given["config"]).read_text() if given["config"] else _config(here, "7")
    accelerated, told = vm.acceleration(folder, first.vmlinuz, made / "initramfs")
    sys.stderr.write(f"=== {told}\n")
    return Bench(
        folder=folder, disk=made / "disk", initramfs=made / "initramfs", acceleration=accelerated,
        config=_with_key(config, key, folder / "config.ign"),
        broken_config=_with_key(_config(here, "77"), key, folder / "broken.ign"),
        key=key, other_key=other, first=first, next=following,
        without_module=without, foreign=foreign,
        expected=_expected(folder / "config.ign", first, here), verbose=given["verbose"],
    )  # fmt: skip


def _recipe(here: Path, *words: str) -> None:
    """Call a recipe in a checkout; its story goes to stderr."""
    argv = ["inv", *words]
    sys.stderr.write(f"=== {' '.join(argv)}\n")
    env = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}"}
    if subprocess.run(argv, cwd=here, env=env, stdout=sys.stderr, check=False).returncode:
        raise TaskError("nothing was booted", f"{' '.join(argv)} said the above", "mend that first")


def _config(here: Path, pcr: str) -> str:
    """The Ignition file of the recipe, for a butane.yaml that binds the root to a PCR."""
    source = here / "butane.yaml"
    text = source.read_text()
    source.write_text(text.replace('"pcr_ids":"7"', f'"pcr_ids":"{pcr}"'))
    _recipe(here, "ignition")
    source.write_text(text)
    return (here / "ignition.json").read_text()


def _with_key(config: str, key: Path, target: Path) -> Path:
    """The Ignition file with another key in the place of the user's, and nothing else changed."""
    document = json.loads(config)
    core = next((user for user in document.get("passwd", {}).get("users", []) if user.get("name") == "core"), None)
    if core is None:
        raise TaskError("the Ignition file lets nobody in", "it has no user core with a key", "see butane.yaml")
    core["sshAuthorizedKeys"] = [_public(key)]
    target.write_text(json.dumps(document))
    return target


def _key(target: Path) -> Path:
    call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", target.name, "-f", str(target)])
    return target


def _public(key: Path) -> str:
    return key.with_name(f"{key.name}.pub").read_text().strip()


def _expected(config: Path, first: trees.Tree, here: Path) -> Expected:
    """What image and Ignition file promise."""
    text = config.read_text()
    files = {file["path"]: file for file in json.loads(text)["storage"]["files"]}
    hostname = files["/etc/hostname"]
    switch = next((found[1] for each in ignition.everything(text) for found in _SWITCH.finditer(each.content)), "")
    policy = (here / "overlay-root/etc/containers/policy.json").read_bytes()
    return Expected(
        kernel=first.kernel, zfs=first.zfs, hostname=ignition.decode(hostname["contents"]["source"]),
        hostname_mode=f"{hostname['mode']:o}", key=_public(Path(config.parent, "key")), image=switch,
        policy=hashlib.sha256(policy).hexdigest(),
    )  # fmt: skip
