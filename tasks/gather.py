"""Gather what exists: every source asked once, side by side."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tasks.clients import coreos, github, podman, skopeo, workspace
from tasks.model.compat import Matrix
from tasks.model.errors import TaskError
from tasks.model.image import BaseImage, ImageRef, Release, kernel_from_commitmeta, kmods_tags
from tasks.model.lock import Lock, fingerprint
from tasks.model.solve import Candidates, Decision
from tasks.story import say

if TYPE_CHECKING:
    from tasks.model.versions import Kernel
    from tasks.settings import Settings

ARCH = "x86_64"
MATRIX = "compat_matrix.toml"


def read_matrix() -> Matrix:
    """The compatibility matrix of the repository."""
    text = workspace.read_text(workspace.ROOT / MATRIX)
    try:
        return Matrix.parse(tomllib.loads(text), MATRIX)
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"{MATRIX} is not TOML", str(error), f"correct {MATRIX} at that place") from error


def release(settings: "Settings", stream: str = "") -> Release:
    """The newest Fedora CoreOS release of a stream, by digest, with its kernel."""
    stream = stream or settings.stream
    base = skopeo.inspect(settings.base, stream)
    version = base.version
    kernel = base.kernel or _kernel_from_builds_host(stream, base) or _kernel_from_image(base)
    return Release(base=ImageRef(base.name, base.digest), version=version, kernel=kernel)


def _kernel_from_builds_host(stream: str, base: BaseImage) -> "Kernel | None":
    """The kernel in commitmeta.json; a builds host that is down or talks nonsense is told, and the image is left."""
    try:
        document, source = coreos.commitmeta(stream, str(base.version), ARCH)
        return None if document is None else kernel_from_commitmeta(document, source)
    except TaskError as error:
        say(f"{error.what}: {error.why}")
        return None


def _kernel_from_image(base: BaseImage) -> "Kernel":
    from tasks.model.versions import Kernel

    say(f"neither the label of {base.source} nor the builds host names the kernel: pulling the image, about 2 GB")
    return Kernel.parse(podman.packaged_kernel(ImageRef(base.name, base.digest)).strip(), f"the image {base.source}")


def candidates(settings: "Settings", *, stream: str = "", zfs_stream: str = "") -> Candidates:
    """Everything that a decision rests on."""
    matrix = read_matrix()
    pool = ThreadPoolExecutor()
    try:
        newest = pool.submit(release, settings, stream)
        tags = pool.submit(skopeo.tags, settings.kmods)
        releases = pool.submit(github.openzfs_releases)
        return Candidates(
            release=newest.result(),
            zfs_releases=releases.result(),
            zfs_streams=(zfs_stream,) if zfs_stream else settings.zfs_streams,
            kmods=kmods_tags(tags.result()),
            matrix=matrix,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # one failure, or Ctrl-C, does not wait for a slow other


def lock(settings: "Settings", decision: Decision) -> Lock:
    """The Lock for a decision: the kmods tag resolved to its digest, the inputs fingerprinted."""
    kmods = skopeo.inspect(settings.kmods, str(decision.kmods_tag))
    found, revision = decision.release, workspace.revision()
    if revision == workspace.UNVERSIONED:
        say("this folder is no git checkout: the image cannot say which revision it was built from")
    packages = "packages", "list", "\n".join(settings.packages).encode()
    return Lock(
        base=found.base,
        fcos_version=found.version,
        kernel=found.kernel,
        zfs_version=decision.zfs,
        kmods=ImageRef(kmods.name, kmods.digest),
        packages=settings.packages,
        revision=revision,
        inputs=fingerprint(found.base.digest, kmods.digest, [packages, *workspace.build_inputs()]),
    )
