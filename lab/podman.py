"""Podman as it has to be set up on such a machine: its own storage, runc, cgroups of the first version."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from lab.tool import call

_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def configure(folder: Path, storage: Path) -> dict[str, str]:
    """Write podman's configuration into `folder`; returns the environment that makes podman use it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "containers.conf").write_text(_CONTAINERS_CONF)
    roots = f'[storage]\ndriver = "overlay"\ngraphroot = "{storage}/graph"\nrunroot = "{storage}/run"\n'
    (folder / "storage.conf").write_text(roots)
    (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }


def remove_cgroups() -> None:
    """Remove the empty control groups that podman leaves when it is ended; one in use cannot be removed."""
    top = Path("/sys/fs/cgroup")
    for parent in [*top.glob("libpod_parent"), *top.glob("*/libpod_parent")]:
        for group in sorted([*parent.glob("**/"), parent], reverse=True):
            with suppress(OSError):
                group.rmdir()


class Workshop:
    """A podman with a storage that lives as long as the work in it."""

    def __init__(self, top: Path) -> None:
        self.env = configure(top / "conf", top / "storage")
        self.policy = f"--signature-policy={top / 'conf' / 'policy.json'}"

    def podman(self, *arguments: str) -> str:
        """Run one podman command here."""
        return call(["podman", *arguments], env=self.env)

    def build(self, context: Path, tag: str, *options: str) -> None:
        """Build the context's Containerfile as one layer on its base."""
        file = f"--file={context / 'Containerfile'}"
        self.podman("build", "--quiet", "--layers=false", self.policy, *options, f"--tag={tag}", file, str(context))


@contextmanager
def workshop() -> Iterator[Workshop]:
    """Open a workshop in a temporary folder and clear it away."""
    top = Path(mkdtemp(prefix="custom-coreos-lab-"))
    try:
        yield Workshop(top)
    finally:
        subprocess.run(
            ["umount", "--quiet", str(top / "storage/graph/overlay")], check=False, stderr=subprocess.DEVNULL
        )
        shutil.rmtree(top, ignore_errors=True)
        if top.exists():
            os.sync()
            shutil.rmtree(top)
