"""Build: the image, and the contract that it must keep."""

from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import answer, say

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.settings import Settings

_LOCK_HELP = {"lock": "build from this Lock file instead of what is newest"}
_BUILD_HELP = {
    "rebuild": "build although nothing changed since the last build",
    "kmods": "take this image of ./inv build-kmods instead of the published one",
}
_FORCE_HELP = {
    "force": "build also against the compatibility matrix",
    "allow-downgrade": "also go back from what is published, to an older release or OpenZFS",
    "stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)",
    "zfs-stream": "OpenZFS line, such as 2.3 (default: those of zfs_streams in invoke.yaml, in their order)",
}


@task(help=_LOCK_HELP | _BUILD_HELP | _FORCE_HELP)
def build(
    c: Context,
    lock: str = "",
    rebuild: bool = False,
    force: bool = False,
    allow_downgrade: bool = False,
    stream: str = "",
    zfs_stream: str = "",
    kmods: str = "",
) -> None:
    """Build the image as NAME:stable on this machine, from one Lock."""
    from tasks import keys
    from tasks.flows import build as assembly
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    image = f"{settings.local_name}:stable"
    flags = {"rebuild": rebuild, "force": force, "allow_downgrade": allow_downgrade}
    wanted = assembly.wanted(settings, lock, (stream, zfs_stream), flags, kmods)
    if wanted is None:
        return
    keys.tell(settings)
    if assembly.build(settings, wanted, image, anyway=rebuild or force):
        say(f"next: ./inv verify {image}")
    answer(image)


@task(
    help={
        "zfs": "the OpenZFS release, such as 2.4.4",
        "kernel": "the kernel, such as 7.1.9-200.fc44.x86_64; see kernel-version",
        "save": "also write the image to this file, an OCI archive, for --load on another machine",
        "load": "take the image of this file instead of building one",
        "push": "sign it and push it to NAME-kmods, the repository that `own` in invoke.yaml names",
        "key": "sign with this file (default: SIGNING_KEY, else ~/.config/custom-coreos/signing.key)",
    }
)
def build_kmods(
    c: Context, zfs: str, kernel: str, save: str = "", load: str = "", push: bool = False, key: str = ""
) -> None:
    """Build OpenZFS's modules and tools from source for one kernel, where none are published yet."""
    from tasks.flows import build_kmods as making
    from tasks.model.image import KmodsTag
    from tasks.model.versions import Kernel, parse_zfs
    from tasks.settings import read_settings

    pair = KmodsTag(parse_zfs(zfs), Kernel.parse(kernel))
    image = making.kmods(read_settings(c.config), pair, making.Files(save=save, load=load), key if push else None)
    if image:
        say("next: ./inv versions" if push else f"next: ./inv build --kmods {image}")
        answer(str(image))


@task
def build_force(c: Context) -> None:
    """Build also against the compatibility matrix: the same as build --force."""
    build(c, force=True)


@task(help=_LOCK_HELP | _FORCE_HELP)
def test_build(
    c: Context,
    lock: str = "",
    force: bool = False,
    allow_downgrade: bool = False,
    stream: str = "",
    zfs_stream: str = "",
) -> None:
    """Build and verify NAME:test, then remove it; nothing stays, also when it fails."""
    from tasks.clients import podman
    from tasks.flows import build as assembly
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    flags = {"rebuild": True, "force": force, "allow_downgrade": allow_downgrade}
    wanted = assembly.wanted(settings, lock, (stream, zfs_stream), flags)
    if wanted is None:
        return
    image = f"{settings.local_name}:test"
    before = podman.image_ids()
    try:
        if assembly.assemble(settings, wanted, image):
            _verify(settings, image, wanted)
    finally:
        podman.remove(podman.image_ids() - before)


@task(help={"lock": "check against this Lock file too", "json": "print JSON"})
def verify(c: Context, image: str, lock: str = "", json: bool = False) -> None:
    """Check an image against the contract; every fault is reported, exit 1 on any."""
    from tasks.flows import lock as plan
    from tasks.settings import read_settings

    _verify(read_settings(c.config), image, plan.read(lock) if lock else None, json=json)


def _verify(settings: "Settings", image: str, wanted: "Lock | None", *, json: bool = False) -> None:
    from tasks.flows import build as assembly

    _, report = assembly.inspect(settings, image, wanted)
    assembly.show_report(report, json=json)
    report.require_kept(image)
