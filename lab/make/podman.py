"""Sets podman up for the lab: its own storage, limits that every machine allows, no systemd."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.make.tool import call
from tasks.model.errors import TaskError

# A process in its own namespaces dies with the process that started it, however that one ends.
NAMESPACES = (
    "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
)  # fmt: skip
_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
{no_limit}[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def configure(folder: Path, graph: Path, run: Path) -> dict[str, str]:
    """Write podman's configuration into `folder`; return the environment that makes podman use it."""
    folder.mkdir(parents=True, exist_ok=True)
    no_limit = "" if _counts_processes() else "pids_limit = 0\n"
    (folder / "containers.conf").write_text(_CONTAINERS_CONF.format(no_limit=no_limit))
    roots = f'[storage]\ndriver = "overlay"\ngraphroot = "{graph}"\nrunroot = "{run}"\n'
    (folder / "storage.conf").write_text(roots)
    (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }


def _counts_processes() -> bool:
    """Whether this machine's control groups can count processes; podman needs that to limit a container's."""
    top = Path("/sys/fs/cgroup")
    controllers = top / "cgroup.controllers"
    return (top / "pids").is_dir() or (controllers.exists() and "pids" in controllers.read_text().split())


def require_storage(folder: Path, hint: str) -> None:
    """Stop if the file system takes no overlay, which podman's storage needs; an overlay itself takes none."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as top:
        for name in ("lower", "upper", "work", "merged"):
            Path(top, name).mkdir()
        options = "lowerdir=lower,upperdir=upper,workdir=work"
        argv = ["unshare", "--mount", "mount", "-t", "overlay", "-o", options, "overlay", "merged"]
        mount = subprocess.run(argv, cwd=top, capture_output=True, text=True, check=False)
    if mount.returncode:
        stat = ["stat", "--file-system", "--format=%T", str(folder)]
        kind = subprocess.run(stat, capture_output=True, text=True, check=False).stdout.strip() or "its file system"
        why = f"{kind} takes no overlay, which podman's storage needs"
        raise TaskError(f"no lab can be made in {folder}", why, hint)


def remove_cgroups(top: Path = Path("/sys/fs/cgroup")) -> None:
    """Remove empty control groups that a killed podman leaves; one in use cannot be removed."""
    for parent in [*top.glob("libpod_parent"), *top.glob("*/libpod_parent")]:
        for group, _, _ in os.walk(parent, topdown=False):  # which skips what another lab removes meanwhile
            with suppress(OSError):
                Path(group).rmdir()


class Workshop:
    """A podman whose storage lives as long as the work in it, and a folder to build from."""

    def __init__(self, top: Path) -> None:
        self.context = top / "context"
        for folder in (self.context, top / "tmp"):
            folder.mkdir(parents=True)
        self.env = configure(top / "conf", top / "storage/graph", top / "storage/run") | {"TMPDIR": str(top / "tmp")}
        self.policy = f"--signature-policy={top / 'conf' / 'policy.json'}"

    def podman(self, *arguments: str) -> str:
        """Run one podman command here; its processes and mounts end when this process ends."""
        return call([*NAMESPACES, "podman", *arguments], env=self.env)

    def take(self, layout: Path, name: str) -> None:
        """Load an image from an OCI layout into the storage, as localhost/NAME."""
        image = self.podman("pull", "--quiet", self.policy, f"oci:{layout}:{name}").strip()
        self.podman("tag", image, f"localhost/{name}")

    def build(self, tag: str, *options: str, containerfile: str = "Containerfile") -> None:
        """Build a Containerfile of the context as one layer on its base."""
        file = f"--file={self.context / containerfile}"
        self.podman(
            "build", "--quiet", "--layers=false", self.policy, *options, f"--tag={tag}", file, str(self.context)
        )


@contextmanager
def workshop(target: Path) -> Iterator[Workshop]:
    """Open a workshop beside the cache entry that it makes, and remove it at the end; first remove a killed one."""
    top = target.with_name(f"{target.name}.workshop")
    shutil.rmtree(top, ignore_errors=True)
    try:
        yield Workshop(top)
    finally:
        shutil.rmtree(top)
