"""Prepares what a machine of the lab needs: images and Ignition files as the recipes make them, trees, keys."""

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
    config: Path  # for Ignition
    broken_config: Path  # names a PCR that no TPM has
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
    """A copy of the checkout; it calls recipes as a user types them."""

    folder: Path
    verbose: bool

    def recipe(self, *words: str) -> None:
        """Call a recipe; show its output if it fails or if everything is shown."""
        start, output = time.monotonic(), sys.stderr if self.verbose else subprocess.PIPE
        env = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["inv", *words], cwd=self.folder, env=env, stdout=output, stderr=subprocess.STDOUT, text=True, check=False
        )
        sys.stderr.write(done.stdout if done.returncode and done.stdout else "")
        result = "FAILED" if done.returncode else f"{time.monotonic() - start:.1f} s"
        sys.stderr.write(f"=== inv {' '.join(words)}: {result}\n")
        if done.returncode:
            raise TaskError(
                "nothing was booted", f"inv {' '.join(words)} failed with the output above", "fix that first"
            )

    def image(self, tag: str, *options: str) -> None:
        """Build an image, verify it against the contract, and tag it."""
        self.recipe("build", *options)
        self.recipe("verify", _BUILT)
        call(["podman", "tag", _BUILT, tag])

    def config(self) -> str:
        """Make the Ignition file for butane.yaml as it is."""
        self.recipe("ignition")
        return (self.folder / "ignition.json").read_text()

    def broken_config(self) -> str:
        """Make the Ignition file for a butane.yaml that binds the root to a PCR that no TPM has."""
        source = self.folder / "butane.yaml"
        source.write_text(_PCRS.sub(r'\g<1>"77"', source.read_text()))
        return self.config()


def gather(given: dict[str, Any]) -> Bench:
    """Build, export and fetch everything, with the recipes as a user types them."""
    state, parts = Path(given["state"]), Path(given["parts"])
    checkout, folder = _Checkout(state / "checkout", given["verbose"]), state / "machines"
    folder.mkdir()
    checkout.recipe("keygen")
    key, other = (_key(folder / name) for name in ("key", "other-key"))
    ignition_file = given["config"] or checkout.config()
    require_bootable(ignition_file)
    config = _with_key(ignition_file, key, folder)
    if given["image"]:
        image = call(["podman", "pull", "--quiet", f"oci:{given['image']}"]).strip()
        call(["podman", "tag", image, _FIRST])
    else:
        checkout.image(_FIRST)
    checkout.image(_NEXT, "--stream", "testing")
    first, following = trees.export(_FIRST, folder / "first"), trees.export(_NEXT, folder / "next")
    accelerator, reason = vm.acceleration(folder, first.vmlinuz, parts / "initramfs")
    sys.stderr.write(f"=== {reason}\n")
    return Bench(
        folder=folder, disk=parts / "disk", initramfs=parts / "initramfs", acceleration=accelerator,
        config=config, broken_config=_with_key(checkout.broken_config(), key, folder),
        key=key, other_key=other, first=first, next=following,
        without_module=trees.without_module(_NEXT, following.kernel, folder),
        foreign=trees.with_foreign_modules(_NEXT, following.kernel, _FIRST, first.kernel, folder),
        expected=_expected(config.read_text(), first, _public(key)), verbose=given["verbose"],
    )  # fmt: skip


def require_bootable(config: str) -> None:
    """Stop unless a boot can prove the Ignition file: core must log in, and the root must open by the TPM's PCR 7."""
    _require_core(config)
    binding = _PCRS.search(_value(config, "luks[root]", "clevis", "custom", "config"))
    if not binding or "7" not in binding[2].split(","):
        why = "storage.luks has no `root` whose clevis.custom.config names 7 in pcr_ids"
        raise TaskError(
            "the Ignition file binds no root to a TPM", why, "boot needs that; the shipped butane.yaml has it"
        )


def _require_core(config: str) -> None:
    keys = ("passwd", "users[core]", "sshAuthorizedKeys[0]")
    if not any(each.path == keys and each.content for each in ignition.flatten(config)):
        raise TaskError("the Ignition file lets nobody in", "it has no user core with a key", "add one to butane.yaml")


def _value(config: str, *path: str) -> str:
    """Return the value at the end of a path in an Ignition file; an empty string if there is none."""
    return next((each.content for each in ignition.flatten(config) if each.path[-len(path) :] == path), "")


def _with_key(config: str, key: Path, folder: Path) -> Path:
    """Write the Ignition file with another key for core, and nothing else changed."""
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
    """Return what image and Ignition file promise."""
    policy = _value(config, f"files[/{_POLICY}]", "contents", "source") or first.read(_POLICY)
    switches = (match[1] for each in ignition.flatten(config) for match in _SWITCH.finditer(each.content))
    return Expected(
        kernel=first.kernel, zfs=first.zfs, hostname=_value(config, "files[/etc/hostname]", "contents", "source"),
        hostname_mode=f"{int(_value(config, 'files[/etc/hostname]', 'mode') or 0o644):o}", key=key,
        image=next(switches, ""), policy=hashlib.sha256(policy.encode()).hexdigest(),
    )  # fmt: skip
