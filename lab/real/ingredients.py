"""What a machine of the lab is made of: images and Ignition files as the recipes make them, trees, keys."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.make.tool import call
from lab.real import trees, vm
from lab.real.checks import Expected
from tasks.model.errors import TaskError
from tasks.model.install import ignition

_BUILT = "custom-coreos:stable"
_FIRST, _NEXT = "localhost/boot:first", "localhost/boot:next"
_POLICY = "etc/containers/policy.json"
_PCRS = re.compile(r'("pcr_ids"\s*:\s*)"([^"]*)"')
_SWITCH = re.compile(r"^Environment=IMAGE=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What the machines of one run are made of."""

    folder: Path
    disk: Path  # as an installer leaves it
    initramfs: Path
    acceleration: str
    config: Path  # Ignition's
    broken_config: Path  # with a PCR that no TPM has
    key: Path
    other_key: Path
    first: trees.Tree
    next: trees.Tree
    without_module: trees.Tree
    foreign: trees.Tree
    expected: Expected
    verbose: bool


@dataclass(frozen=True, slots=True)
class _Checkout:
    """A copy of the checkout in which recipes are called as a user types them."""

    folder: Path
    verbose: bool

    def recipe(self, *words: str) -> None:
        """Call a recipe; what it told is shown where it failed or everything is to be shown."""
        begun, shown = time.monotonic(), sys.stderr if self.verbose else subprocess.PIPE
        env = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["inv", *words], cwd=self.folder, env=env, stdout=shown, stderr=subprocess.STDOUT, text=True, check=False
        )
        sys.stderr.write(done.stdout if done.returncode and done.stdout else "")
        told = "FAILED" if done.returncode else f"{time.monotonic() - begun:.1f} s"
        sys.stderr.write(f"=== inv {' '.join(words)}: {told}\n")
        if done.returncode:
            raise TaskError("nothing was booted", f"inv {' '.join(words)} said the above", "mend that first")

    def image(self, tag: str, *options: str) -> None:
        """Build an image, hold it against the contract and name it."""
        self.recipe("build", *options)
        self.recipe("verify", _BUILT)
        call(["podman", "tag", _BUILT, tag])

    def config(self) -> str:
        """The Ignition file for butane.yaml as it is."""
        self.recipe("ignition")
        return (self.folder / "ignition.json").read_text()

    def broken_config(self) -> str:
        """The Ignition file for a butane.yaml that binds the root to a PCR that no TPM has."""
        source = self.folder / "butane.yaml"
        source.write_text(_PCRS.sub(r'\g<1>"77"', source.read_text()))
        return self.config()


def gather(given: dict[str, Any]) -> Bench:
    """Build, export and fetch everything, through the recipes as a user types them."""
    state, made = Path(given["state"]), Path(given["parts"])
    here, folder = _Checkout(state / "checkout", given["verbose"]), state / "machines"
    folder.mkdir()
    here.recipe("keygen")
    key, other = (_key(folder / name) for name in ("key", "other-key"))
    wanted = given["config"] or here.config()
    require_bootable(wanted)
    config = _with_key(wanted, key, folder)
    if given["image"]:
        image = call(["podman", "pull", "--quiet", f"oci:{given['image']}"]).strip()
        call(["podman", "tag", image, _FIRST])
    else:
        here.image(_FIRST)
    here.image(_NEXT, "--stream", "testing")
    first, following = trees.export(_FIRST, folder / "first"), trees.export(_NEXT, folder / "next")
    accelerated, told = vm.acceleration(folder, first.vmlinuz, made / "initramfs")
    sys.stderr.write(f"=== {told}\n")
    return Bench(
        folder=folder, disk=made / "disk", initramfs=made / "initramfs", acceleration=accelerated,
        config=config, broken_config=_with_key(here.broken_config(), key, folder),
        key=key, other_key=other, first=first, next=following,
        without_module=trees.without_module(_NEXT, following.kernel, folder),
        foreign=trees.with_foreign_modules(_NEXT, following.kernel, _FIRST, first.kernel, folder),
        expected=_expected(config.read_text(), first, _public(key)), verbose=given["verbose"],
    )  # fmt: skip


def require_bootable(config: str) -> None:
    """Stop at an Ignition file that a boot does not prove: core must log in, the root open by the TPM's PCR 7."""
    _require_core(config)
    bound = _PCRS.search(_told(config, "luks[root]", "clevis", "custom", "config"))
    if not bound or "7" not in bound[2].split(","):
        why = "storage.luks has no `root` whose clevis.custom.config names 7 in pcr_ids"
        raise TaskError(
            "the Ignition file binds no root to a TPM", why, "butane.yaml as shipped does: boot proves that"
        )


def _require_core(config: str) -> None:
    keys = ("passwd", "users[core]", "sshAuthorizedKeys[0]")
    if not any(each.path == keys and each.content for each in ignition.flatten(config)):
        raise TaskError("the Ignition file lets nobody in", "it has no user core with a key", "see butane.yaml")


def _told(config: str, *path: str) -> str:
    """What an Ignition file says at the end of a path; nothing where it says nothing."""
    return next((each.content for each in ignition.flatten(config) if each.path[-len(path) :] == path), "")


def _with_key(config: str, key: Path, folder: Path) -> Path:
    """The Ignition file with another key in the place of the user's, and nothing else changed."""
    _require_core(config)
    document = ignition.parse(config)
    core = next(user for user in document["passwd"]["users"] if user.get("name") == "core")
    core["sshAuthorizedKeys"] = [_public(key)]
    text = json.dumps(document)
    target = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.ign"
    target.write_text(text)
    return target


def _key(target: Path) -> Path:
    call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", target.name, "-f", str(target)])
    return target


def _public(key: Path) -> str:
    return key.with_name(f"{key.name}.pub").read_text().strip()


def _expected(config: str, first: trees.Tree, key: str) -> Expected:
    """What image and Ignition file promise."""
    policy = _told(config, f"files[/{_POLICY}]", "contents", "source") or first.read(_POLICY)
    switches = (found[1] for each in ignition.flatten(config) for found in _SWITCH.finditer(each.content))
    return Expected(
        kernel=first.kernel, zfs=first.zfs, hostname=_told(config, "files[/etc/hostname]", "contents", "source"),
        hostname_mode=f"{int(_told(config, 'files[/etc/hostname]', 'mode') or 0o644):o}", key=key,
        image=next(switches, ""), policy=hashlib.sha256(policy.encode()).hexdigest(),
    )  # fmt: skip
