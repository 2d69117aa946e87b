"""Images as trees that a machine starts from; each is exported with the kernel that is in it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.make.tool import call

_WITHOUT = """FROM {image}
RUN rm /usr/lib/modules/{kernel}/extra/zfs/zfs.ko* && depmod {kernel}
"""
_FOREIGN = """FROM {other} AS other
FROM {image}
RUN rm -r /usr/lib/modules/{kernel}/extra
COPY --from=other /usr/lib/modules/{foreign}/extra /usr/lib/modules/{kernel}/extra
RUN depmod {kernel}
"""
_LABELS = '--format={{index .Labels "custom-coreos.kernel-version"}} {{index .Labels "custom-coreos.zfs-version"}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """An image's files as a tar file, its kernel beside it, and what its labels say about both."""

    tar: Path
    vmlinuz: Path
    kernel: str
    zfs: str

    def read(self, path: str) -> str:
        """Return the text of a file in it."""
        return call(["tar", "--to-stdout", "-xf", str(self.tar), path])


def export(image: str, folder: Path) -> Tree:
    """Export an image's tree into a folder."""
    kernel, zfs = call(["podman", "image", "inspect", _LABELS, image]).split()
    folder.mkdir(parents=True, exist_ok=True)
    tree = Tree(tar=folder / "tree.tar", vmlinuz=folder / "vmlinuz", kernel=kernel, zfs=zfs)
    container = call(["podman", "create", image, "none"]).strip()
    try:
        call(["podman", "export", f"--output={tree.tar}", container])
    finally:
        call(["podman", "rm", container])
    with tree.vmlinuz.open("wb") as file:
        path = f"usr/lib/modules/{kernel}/vmlinuz"
        subprocess.run(["tar", "--to-stdout", "-xf", str(tree.tar), path], stdout=file, check=True)
    return tree


def without_module(image: str, kernel: str, folder: Path) -> Tree:
    """Return the tree of the image without zfs.ko."""
    return _derived(_WITHOUT.format(image=image, kernel=kernel), "without-zfs", folder)


def with_foreign_modules(image: str, kernel: str, other: str, foreign: str, folder: Path) -> Tree:
    """Return the tree of the image with another image's modules, which were built for another kernel."""
    text = _FOREIGN.format(image=image, kernel=kernel, other=other, foreign=foreign)
    return _derived(text, "foreign-modules", folder)


def _derived(containerfile: str, name: str, folder: Path) -> Tree:
    target = folder / name
    target.mkdir()
    (target / "Containerfile").write_text(containerfile)
    call(["podman", "build", "--quiet", "--layers=false", f"--tag=boot:{name}", str(target)])
    return export(f"localhost/boot:{name}", target)
