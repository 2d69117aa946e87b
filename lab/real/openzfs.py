"""Builds OpenZFS with its code: `inv build-kmods` in its own lab, once for each kernel."""

import shlex
from collections.abc import Callable
from pathlib import Path

from lab.make import cache
from lab.make.podman import workshop
from lab.real import kernels
from lab.world import Kmods, World, load
from tasks.model.errors import TaskError

Opener = Callable[[World, str, Path], int]  # runs a command in a world's lab; the folder holds its state

_ROOT = Path(__file__).parents[2]
_RECIPE = [_ROOT / name for name in ("kmods/Containerfile", "tasks/flows/kmods.py", "tasks/model/kmods.py")]
_BEFORE = "source"  # the world in which OpenZFS is not yet built for these kernels


def kmods(world: World, pair: Kmods, opener: Opener) -> Path:
    """Make an OCI layout of a pair's kmods image, as the recipe builds it in its own lab."""

    def make(target: Path) -> None:
        recipe = f"inv build-kmods --zfs {shlex.quote(pair.zfs)} --kernel {shlex.quote(pair.kernel)}"
        push = (
            f'set -euo pipefail; image=$({recipe}); podman push --quiet "$image" oci:{shlex.quote(str(target))}:kmods'
        )
        with workshop(target) as shop:
            if opener(load(_BEFORE), f"{{ {push}; }} >&2", shop.context):
                hint = f"repeat it: ./inv lab -w {_BEFORE} -- '{recipe}'"
                raise TaskError(
                    "the lab could not be made", f"building OpenZFS {pair.zfs} failed with the output above", hint
                )

    tarballs = (entry.tarball for entry in world.openzfs)
    return cache.entry(f"kmods-{pair.zfs}-{pair.kernel}", [kernels.fedora(world).name, pair, *tarballs, *_RECIPE], make)
