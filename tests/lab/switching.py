"""A machine with fakes of bootc and systemctl, on which the script of our first-boot unit runs."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.conftest import ROOT

IMAGE = "ghcr.io/owner/custom-coreos:stable"
REJECTED = "error: Switching: Pulling: Source image rejected: signature"
STOCK = "quay.io/fedora/fedora-coreos:stable"
LATE = "error: Switching: Pulling: dial tcp: lookup ghcr.io: no such host"
BOOTC = """#!/usr/bin/bash
cd {here}
if [ "$1" = status ] && [ -e switched ] && [ -s staged.json ]; then cat staged.json; exit; fi
if [ "$1" = status ]; then cat status.json; exit; fi
echo "$*" >> switched
tries=$(wc -l < switched)
if said=$(sed -n "${{tries}}p" failures) && [ -n "$said" ]; then echo "$said" >&2; exit 1; fi
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with fakes: what it runs, how its network is, and what was called."""

    here: Path

    def boot(self, image: str | None, failures: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the unit's script as on a boot into `image`; None is an installation from a disk image."""
        named = {"image": {"image": image, "transport": "registry"}} if image else None
        booted = {"image": named, "incompatible": False}
        (self.here / "status.json").write_text(json.dumps({"status": {"booted": booted}}))
        (self.here / "failures").write_text("".join(f"{line}\n" for line in failures))
        env = {"PATH": f"{self.here}/bin:/usr/bin:/bin", "IMAGE": IMAGE, "STATE_DIRECTORY": str(self.here / "state")}
        mounted = f"mount --bind {self.here}/etc /etc && exec /usr/bin/bash {ROOT}/first-boot/switch"
        argv = ["/usr/bin/unshare", "--mount", "/usr/bin/sh", "-c", mounted]
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=20, check=False)

    def called(self, program: str) -> list[str]:
        """Return the arguments of a fake's calls."""
        path = self.here / program
        return path.read_text().splitlines() if path.exists() else []


def fresh_machine(folder: Path) -> Machine:
    """Return a fresh machine with its tools."""
    (folder / "bin").mkdir()
    (folder / "state").mkdir()
    (folder / "etc").mkdir()
    scripts = {"bootc": BOOTC.format(here=folder)}
    scripts |= {name: f'#!/bin/sh\necho "$@" >> {folder}/{name}\n' for name in ("systemctl", "sleep", "sync")}
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(script)
        (folder / "bin" / name).chmod(0o755)
    return Machine(folder)


def program(machine: Machine, name: str, text: str) -> None:
    """Put a fake program on the machine."""
    (machine.here / "bin" / name).write_text(text)
    (machine.here / "bin" / name).chmod(0o755)
