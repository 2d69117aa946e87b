"""Fedora CoreOS releases with their kernels: the newest by its tag, older ones from the builds host."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tasks.clients import coreos, podman, skopeo
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import BaseImage, ImageRef, Release, kernel_from_commitmeta, made_at, release_versions
from tasks.model.versions import Kernel, fcos_in, parse_fcos

if TYPE_CHECKING:
    from packaging.version import Version

    from tasks.settings.values import Settings

ARCH = "x86_64"
MOST_OLDER = 12


def newest(settings: "Settings", stream: str = "", tell: Callable[[str], None] = say) -> Release:
    """Return a stream's newest Fedora CoreOS release, by digest, with its kernel; report failed sources to `tell`."""
    stream = stream or settings.stream
    base = skopeo.inspect(settings.base, stream)
    base.require(stream)
    version = base.version or _version_from_image(base)
    base.require_release(version, stream)
    kernel = base.kernel or _kernel_from_builds_host(stream, version, tell) or _kernel_from_image(base)
    return _release(base, version, kernel)


def older(stream: str, below: "Version", above: "Version | None", tell: Callable[[str], None]) -> Iterator[Release]:
    """Yield a stream's releases between two versions, newest first, at most twelve; do not query their images yet."""
    try:
        document, source = coreos.releases(stream)
        versions, faults = release_versions(document, source)
    except TaskError as error:
        tell(f"{error.what}: {error.why}")
        return
    for fault in faults:
        tell(fault)
    between = [version for version in versions if version < below and (above is None or version > above)]
    for version in between[:MOST_OLDER]:
        kernel = _kernel_from_builds_host(stream, version, tell)
        if kernel:
            yield Release(base=None, version=version, kernel=kernel, created=made_at(version, None))


def with_image(settings: "Settings", release: Release, stream: str, tell: Callable[[str], None]) -> Release:
    """Return the release with its image from the registry, or unchanged if the image is gone or is another one."""
    base = skopeo.find(settings.base, str(release.version))
    if base is None:
        return release
    try:
        base.require(stream)
        base.require_release(release.version, stream)
        base.require_same(release)
    except TaskError as error:
        tell(f"{error.what}: {error.why}")
        return release
    return _release(base, release.version, release.kernel)


def _release(base: BaseImage, version: "Version", kernel: Kernel) -> Release:
    created = made_at(version, base.created)
    return Release(base=ImageRef(base.name, base.digest), version=version, kernel=kernel, created=created)


def _version_from_image(base: BaseImage) -> "Version":
    """Read the release from os-release in the image, because its label is missing."""
    say(f"{base.source} has no usable label with its version: pulling the image, about 2 GB")
    texts = podman.os_versions(ImageRef(base.name, base.digest)).splitlines()
    return parse_fcos(next(filter(None, map(fcos_in, texts)), None), f"os-release of {base.source}")


def _kernel_from_builds_host(stream: str, version: "Version", tell: Callable[[str], None]) -> Kernel | None:
    """Read the kernel from commitmeta.json; if the builds host is down or sends nonsense, report it and return None."""
    try:
        document, source = coreos.commitmeta(stream, str(version), ARCH)
        return None if document is None else kernel_from_commitmeta(document, source)
    except TaskError as error:
        tell(f"{error.what}: {error.why}")
        return None


def _kernel_from_image(base: BaseImage) -> Kernel:
    say(f"neither the labels of {base.source} nor the builds host name the kernel: pulling the image, about 2 GB")
    return Kernel.parse(podman.packaged_kernel(ImageRef(base.name, base.digest)).strip(), f"the image {base.source}")
