"""Build: make the image, and check it against the contract."""

from invoke import Context, task

from tasks.model.request import Request
from tasks.settings.values import read_settings

_LOCK = {"lock": "build from this Lock file instead of what is newest"}
_BUILD = {
    "rebuild": "build even if nothing changed since the last build",
    "kmods": "use this image from ./inv build-kmods instead of a published one",
}
_FORCE = {
    "force": "ignore the compatibility matrix",
    "allow-downgrade": "also go below the published release or OpenZFS version",
    "stream": "Fedora CoreOS stream: stable, testing or next (default: invoke.yaml's)",
    "zfs-stream": "OpenZFS line, such as 2.3 (default: those of zfs_streams in invoke.yaml, in their order)",
}
_KMODS = {
    "zfs": "the OpenZFS release, such as 2.4.4",
    "kernel": "the kernel, such as 7.1.9-200.fc44.x86_64; see kernel-version",
    "save": "also write the image to this file, an OCI archive, for --load on another machine",
    "load": "use the image in this file instead of building one",
    "push": "sign it and push it to NAME-kmods, the repository that `own` in invoke.yaml names",
    "key": "sign with this file (default: SIGNING_KEY, else ~/.config/custom-coreos/signing*.key)",
}


@task(help=_LOCK | _BUILD | _FORCE)
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
    from tasks.flows import build

    request = Request(
        lock=lock, stream=stream, zfs_stream=zfs_stream, kmods=kmods,
        rebuild=rebuild, force=force, allow_downgrade=allow_downgrade,
    )  # fmt: skip
    build.stable(read_settings(c.config), request)


@task(help=_KMODS)
def build_kmods(
    c: Context, zfs: str, kernel: str, save: str = "", load: str = "", push: bool = False, key: str = ""
) -> None:
    """Build OpenZFS's modules and tools from source for one kernel, if none are published yet."""
    from tasks.flows import build_kmods

    settings, files = read_settings(c.config), build_kmods.Files(save=save, load=load)
    build_kmods.build_kmods(settings, zfs, kernel, files, key if push else None)


@task
def build_force(c: Context) -> None:
    """Build even if the compatibility matrix says no: the same as build --force."""
    build(c, force=True)


@task(help=_LOCK | _FORCE)
def test_build(
    c: Context,
    lock: str = "",
    force: bool = False,
    allow_downgrade: bool = False,
    stream: str = "",
    zfs_stream: str = "",
) -> None:
    """Build and verify NAME:test, then remove it, even if a step fails."""
    from tasks.flows import build

    request = Request(
        lock=lock, stream=stream, zfs_stream=zfs_stream, rebuild=True, force=force, allow_downgrade=allow_downgrade
    )
    build.trial(read_settings(c.config), request)


@task(help={"lock": "check against this Lock file too", "json": "print JSON"})
def verify(c: Context, image: str, lock: str = "", json: bool = False) -> None:
    """Check an image against the contract; report every fault, exit 1 on any."""
    from tasks.flows import build

    build.verify(read_settings(c.config), image, lock, json=json)
