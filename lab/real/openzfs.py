"""OpenZFS with its code: built by `inv build-kmods` in a lab of its own, once for each kernel."""

import shlex
from collections.abc import Callable
from pathlib import Path

from lab.make import cache
from lab.make.podman import workshop
from lab.real import kernels
from lab.world import Kmods, World, load
from tasks.model.errors import TaskError

Opener = Callable[[World, str, Path], int]  # runs a command in a world's lab, whose state is in the folder

_ROOT = Path(__file__).parents[2]
_RECIPE = [_ROOT / name for name in ("kmods/Containerfile", "tasks/flows/kmods.py", "tasks/model/kmods.py")]
_BEFORE = "source"  # the world in which nobody has built OpenZFS for these kernels yet


def kmods(world: World, pair: Kmods, opener: Opener) -> Path:
    """An OCI layout of the kmods image of a pair, as the recipe builds it in a lab of its own."""

    def make(target: Path) -> None:
        recipe = f"inv build-kmods --zfs {shlex.quote(pair.zfs)} --kernel {shlex.quote(pair.kernel)}"
        push = (
            f'set -euo pipefail; image=$({recipe}); podman push --quiet "$image" oci:{shlex.quote(str(target))}:kmods'
        )
        with workshop(target) as here:
            if opener(load(_BEFORE), f"{{ {push}; }} >&2", here.context):
                hint = f"see for yourself: ./inv lab -w {_BEFORE} -- '{recipe}'"
                raise TaskError("the lab could not be made", f"OpenZFS {pair.zfs} was not built, as said above", hint)

    tarballs = (entry.tarball for entry in world.openzfs)
    return cache.entry(f"kmods-{pair.zfs}-{pair.kernel}", [kernels.fedora(world).name, pair, *tarballs, *_RECIPE], make)
