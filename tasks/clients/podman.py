"""Images on this machine, through podman."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import geteuid, getpid
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import isolation, login, shell, signer, workspace
from tasks.clients.github import actions, packages
from tasks.console import say
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import HostFiles

CONFINED = ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
_PROBE = Path(__file__).with_name("probe.sh")
_NOT_FOR_STRANGERS = re.compile(r"unauthorized|\b403 \(?Forbidden|access to the resource is denied")
_MAY_NOT_WRITE = "permission_denied: write_package"
_PACKAGES = Path(__file__).with_name("contents.sh")


def build_argv(
    context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str], isolated: str = ""
) -> list[str]:
    """The build's command line. Without layers nothing stale is reused, and a build that ends early leaves none."""
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    options += [f"--label={name}={value}" for name, value in labels.items()]
    options += [f"--isolation={isolated}"] if isolated else []
    return [
        "podman", "build", "--layers=false", "--force-rm", "--platform=linux/amd64", *options,
        f"--tag={tag}", f"--file={context / 'Containerfile'}", str(context),
    ]  # fmt: skip


def build(context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Build the folder's Containerfile as `tag`, False under `inv -R`; a build that ends early leaves nothing."""
    chosen, why = ("", "") if shell.Mode.dry else isolation.choose()
    if chosen:
        say(f"the steps of this build run in a chroot, with this machine's network: {why}")
    before = _working_containers()
    try:
        return shell.run(build_argv(context, tag, arguments, labels, chosen), what=f"{tag} could not be built")
    except BaseException:
        left = sorted(_working_containers() - before)
        if left:
            shell.run(["podman", "rm", "--force", *left], what="working containers could not be removed")
        raise


def _working_containers() -> set[str]:
    """The ids of containers that a build works in: podman lists them as external."""
    listing = ["podman", "ps", "--all", "--quiet", "--no-trunc"]
    every, own = (
        shell.query([*listing, *more], what="containers could not be listed") for more in (["--external"], [])
    )
    return set(every.split()) - set(own.split())


def has(image: str) -> bool:
    """Whether an image is on this machine."""
    argv, what = ["podman", "image", "exists", image], f"{image} could not be looked for"
    done = shell.attempt(argv, what=what)
    if done.returncode > 1:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return done.returncode == 0


def labels(image: str) -> dict[str, str] | None:
    """The labels of an image on this machine; None when there is no such image."""
    if not has(image):
        return None
    what = f"the labels of {image} could not be read"
    document = json.loads(shell.query(["podman", "image", "inspect", "--format={{json .Labels}}", image], what=what))
    return document if isinstance(document, dict) else {}


def image_id(image: str) -> str:
    """The id of an image, which no other build can move: the hexadecimal digest of its configuration."""
    found = shell.query(["podman", "image", "inspect", "--format={{.Id}}", image], what=f"{image} could not be read")
    return found.strip().removeprefix("sha256:")


def by_digest(image: str) -> ImageRef:
    """An image on this machine by its digest, so that no other build can take its name; `image` may be short."""
    argv = ["podman", "image", "inspect", '--format={{.Digest}} {{join .RepoDigests " "}}', image]
    digest, *names = shell.query(argv, what=f"the digest of {image} could not be read").split()
    asked = re.sub(r"(@sha256:.*|:[^:/]*)$", "", image)
    found = [ImageRef.parse(name) for name in names if name.endswith(f"@{digest}")]
    if not found:
        raise TaskError(f"{image} has no name", "podman lists none for it", f"name it: podman tag {image} localhost/…")
    return next((each for each in found if each.name in {asked, f"localhost/{asked}"}), found[0])


def require(image: str) -> dict[str, str]:
    """The labels of an image, which is pulled when it is named with its registry and is not here."""
    found = labels(image)
    if found is None and "." in image.partition("/")[0]:
        shell.run(["podman", "pull", image], what=f"{image} could not be pulled")
        found = labels(image)
    if found is None:
        raise TaskError(f"there is no image {image}", "podman does not have it", "build it: ./inv build")
    return found


def probe(image: str) -> str:
    """The facts that probe.sh finds inside an image."""
    return _inside(image, _PROBE)


def contents(image: str) -> str:
    """The packages and the files of configuration that contents.sh lists inside an image."""
    return _inside(image, _PACKAGES)


def _inside(image: str, script: Path) -> str:
    """What a script prints inside an image: offline, read-only, without capabilities."""
    options = ["--rm", "--interactive", "--pull=never", *CONFINED, "--entrypoint=/bin/sh"]
    argv = ["podman", "run", *options, image, "-s"]
    return shell.query(argv, what=f"{image} could not be looked into", stdin=script.read_text())


def packaged_kernel(image: ImageRef) -> str:
    """The kernel package's version inside an image: pulls all of it, about 2 GB for Fedora CoreOS."""
    form = "%{VERSION}-%{RELEASE}.%{ARCH}"
    argv = [
        "podman",
        "run",
        "--rm",
        *CONFINED,
        "--entrypoint=rpm",
        str(image),
        "-q",
        "kernel-core",
        f"--qf={form}",
    ]
    return shell.query(argv, what=f"the kernel of {image} could not be read", seconds=shell.RUN_SECONDS)


def image_ids() -> set[str]:
    """The ids of every image on this machine."""
    return set(
        shell.query(["podman", "images", "--all", "--quiet", "--no-trunc"], what="images could not be listed").split()
    )


def remove(images: set[str]) -> None:
    """Remove images by id."""
    if images:
        shell.run(["podman", "rmi", "--force", *sorted(images)], what="images could not be removed")


def push_signed(image: str, target: str, key: signer.Key, shipped: HostFiles) -> str:
    """Push an image and sign it in the same go; returns the digest that podman says it pushed, nothing under `inv -R`.

    The key and its passphrase are open descriptors in memory; they stand in no argument and no file.
    """
    host = target.partition("/")[0]
    what = f"{image} could not be pushed to {target}"
    with (
        TemporaryDirectory() as folder,
        signer.host_home(shipped) as home,
        signer.descriptors(key.pem, key.passphrase) as opened,
    ):
        digest = Path(folder, "digest")
        argv = [
            "podman", "push", f"--authfile={login.file_for(host)}", f"--digestfile={digest}",
            f"--sign-by-sigstore-private-key=/dev/fd/{opened[0]}", f"--sign-passphrase-file=/dev/fd/{opened[1]}",
            image, f"docker://{target}",
        ]  # fmt: skip
        hint = (
            f"is the login still good, and the passphrase right? podman login --authfile ~/.docker/config.json {host}"
        )
        try:
            if not shell.run(argv, what=what, env=signer.pusher_environment(home), descriptors=opened, hint=hint):
                return ""
        except TaskError as error:
            raise _not_written(error, lambda: packages.page(target.rpartition(":")[0])) from error
        found = digest.read_text().strip() if digest.exists() else ""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", found):
        raise TaskError(what, f"podman says it pushed {found!r}, which is no digest", "run it again")
    return found


def accept(image: ImageRef, shipped: HostFiles) -> None:
    """Pull an image as a host would: by the shipped policy, into an empty store, without any login."""
    with signer.host_home(shipped) as home, _empty_store() as podman:
        argv = [*podman, "pull", "--quiet", str(image)]
        try:
            shell.run(argv, what=f"a host would refuse {image}", env=signer.host_environment(home))
        except TaskError as error:
            raise _refused(error, lambda: packages.page(image.name)) from error


@contextmanager
def _empty_store() -> Iterator[list[str]]:
    """A podman with a store of its own, in the cache; what a killed run left of one is removed too."""
    top = workspace.cache()
    for left in top.glob("store-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    store = top / f"store-{getpid()}"
    own_mounts = ["unshare", "--mount"] if geteuid() == 0 else []  # else podman's mount of the store outlives it
    podman = [*own_mounts, "podman", f"--root={store / 'graph'}", f"--runroot={store / 'run'}"]
    try:
        yield podman
    finally:
        if geteuid() != 0:  # only podman can remove files of other ids
            shell.attempt([*podman, "rmi", "--all", "--force"], what="the empty store could not be cleared")
        shutil.rmtree(store, ignore_errors=True)


def _refused(error: TaskError, page: Callable[[], str]) -> TaskError:
    """What a refused pull means; `page` finds the page of the package's settings."""
    if _NOT_FOR_STRANGERS.search(error.why):
        why = f"it cannot be pulled without a login: the package is private ({error.why})"
        return TaskError(error.what, why, f"set its visibility to public, then run this again: {page()}")
    return TaskError(error.what, error.why, "is it signed with a key that ships? ./inv lint checks key and policy")


def _not_written(error: TaskError, page: Callable[[], str]) -> TaskError:
    """What GitHub refuses a workflow whose repository did not make the package."""
    if not actions.running() or _MAY_NOT_WRITE not in error.why:
        return error
    why = f"this repository may not write the package, as when it was first pushed by hand ({error.why})"
    hint = "make it public, and add this repository with the role Admin under Manage Actions access"
    return TaskError(error.what, why, f"{hint}: {page()}")
