"""Images on this machine, through podman."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import geteuid, getpid
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.clients import isolation, key_pairs, login, shell, signer, workspace
from tasks.clients.github import actions, packages
from tasks.console import say
from tasks.model import hints
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.signing import HostFiles

CONFINED = ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
_PROBE = Path(__file__).with_name("probe.sh")
_NOT_FOR_STRANGERS = re.compile(r"unauthorized|\b403 \(?Forbidden|access to the resource is denied")
_MAY_NOT_WRITE = "permission_denied: write_package"
_TRIES = 3
_PACKAGES = Path(__file__).with_name("contents.sh")


def build_argv(
    context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str], isolated: str = ""
) -> list[str]:
    """The build's command line. It uses no layers: no stale one is reused, and an interrupted build leaves none."""
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    options += [f"--label={name}={value}" for name, value in labels.items()]
    options += [f"--isolation={isolated}"] if isolated else []
    return [
        "podman", "build", "--layers=false", "--force-rm", "--platform=linux/amd64", *options,
        f"--tag={tag}", f"--file={context / 'Containerfile'}", str(context),
    ]  # fmt: skip


def build(context: Path, tag: str, arguments: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Build the folder's Containerfile as `tag`; False under `inv -R`. An interrupted build leaves nothing behind."""
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
    """The ids of the containers in which builds run, which podman lists as external."""
    listing = ["podman", "ps", "--all", "--quiet", "--no-trunc"]
    every, own = (
        shell.query([*listing, *more], what="containers could not be listed") for more in (["--external"], [])
    )
    return set(every.split()) - set(own.split())


def has(image: str) -> bool:
    """Whether an image is on this machine."""
    argv, what = ["podman", "image", "exists", image], f"podman could not look for {image}"
    done = shell.attempt(argv, what=what)
    if done.returncode > 1:
        raise shell.failed(argv, what, done.returncode, done.stderr)
    return done.returncode == 0


def labels(image: str) -> dict[str, str] | None:
    """The labels of an image on this machine; None if there is no such image."""
    if not has(image):
        return None
    what = f"the labels of {image} could not be read"
    document = json.loads(shell.query(["podman", "image", "inspect", "--format={{json .Labels}}", image], what=what))
    return document if isinstance(document, dict) else {}


def image_id(image: str) -> str:
    """The id of an image: the hexadecimal digest of its configuration, which no other build can change."""
    answer = shell.query(["podman", "image", "inspect", "--format={{.Id}}", image], what=f"{image} could not be read")
    return answer.strip().removeprefix("sha256:")


def by_digest(image: str) -> ImageRef:
    """An image on this machine by digest, so that no other build can take over its name; `image` may be short."""
    argv = ["podman", "image", "inspect", '--format={{.Digest}} {{join .RepoDigests " "}}', image]
    digest, *names = shell.query(argv, what=f"the digest of {image} could not be read").split()
    repository = re.sub(r"(@sha256:.*|:[^:/]*)$", "", image)
    references = [ImageRef.parse(name) for name in names if name.endswith(f"@{digest}")]
    if not references:
        raise TaskError(
            f"{image} has no name", "podman lists no name for it", f"name it: podman tag {image} localhost/…"
        )
    return next((each for each in references if each.name in {repository, f"localhost/{repository}"}), references[0])


def require(image: str) -> dict[str, str]:
    """The labels of an image; pulls it if it is missing here and its name includes a registry."""
    image_labels = labels(image)
    if image_labels is None and "." in image.partition("/")[0]:
        shell.run(["podman", "pull", image], what=f"{image} could not be pulled", tries=_TRIES)
        image_labels = labels(image)
    if image_labels is None:
        raise TaskError(f"there is no image {image}", "podman does not have it", "build it: ./inv build")
    return image_labels


def probe(image: str) -> str:
    """The facts that probe.sh reports inside an image."""
    return _inside(image, _PROBE)


def contents(image: str) -> str:
    """The packages and configuration files that contents.sh lists inside an image."""
    return _inside(image, _PACKAGES)


def _inside(image: str, script: Path) -> str:
    """Run a script inside an image, offline, read-only and without capabilities, and return its output."""
    options = ["--rm", "--interactive", "--pull=never", *CONFINED, "--entrypoint=/bin/sh"]
    argv = ["podman", "run", *options, image, "-s"]
    return shell.query(argv, what=f"{image} could not be inspected", stdin=script.read_text())


def packaged_kernel(image: ImageRef) -> str:
    """The kernel package's version inside an image; pulls the whole image, about 2 GB for Fedora CoreOS."""
    return _pulled(image, "rpm", "-q", "kernel-core", "--qf=%{VERSION}-%{RELEASE}.%{ARCH}")


def os_versions(image: ImageRef) -> str:
    """The lines of an image's os-release that may name its release, in order of precedence; pulls the whole image."""
    script = '. /etc/os-release; printf "%s\\n" "${OSTREE_VERSION:-}" "${IMAGE_VERSION:-}" "${VERSION:-}"'
    return _pulled(image, "sh", "-c", script)


def _pulled(image: ImageRef, *argv: str) -> str:
    """Run a program inside an image that may have to be pulled first, and return its output."""
    program, *words = argv
    whole = ["podman", "run", "--rm", *CONFINED, f"--entrypoint={program}", str(image), *words]
    return shell.query(whole, what=f"{image} could not be looked into", seconds=shell.RUN_SECONDS)


def image_ids() -> set[str]:
    """The ids of every image on this machine."""
    return set(
        shell.query(["podman", "images", "--all", "--quiet", "--no-trunc"], what="images could not be listed").split()
    )


def remove(images: set[str]) -> None:
    """Remove images by id."""
    if images:
        shell.run(["podman", "rmi", "--force", *sorted(images)], what="images could not be removed")


def push_signed(image: str, target: str, key: key_pairs.Key, shipped: HostFiles) -> str:
    """Push and sign an image in one step; returns the digest that podman reports, empty under `inv -R`.

    The key and its passphrase are open descriptors in memory; they appear in no argument and no file.
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
        hint = f"check the passphrase and the login: podman login --authfile ~/.docker/config.json {host}"
        try:
            environment = signer.pusher_environment(home)
            if not shell.run(argv, what=what, env=environment, descriptors=opened, hint=hint, tries=_TRIES):
                return ""
        except TaskError as error:
            raise _not_written(error, lambda: packages.page(target.rpartition(":")[0])) from error
        pushed = digest.read_text().strip() if digest.exists() else ""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", pushed):
        raise TaskError(what, f"podman reports {pushed!r}, which is not a digest", "run it again")
    return pushed


def accept(image: ImageRef, shipped: HostFiles) -> None:
    """Pull an image as a host would: with the shipped policy, into an empty store, without a login."""
    with signer.host_home(shipped) as home, _empty_store() as podman:
        argv = [*podman, "pull", "--quiet", str(image)]
        try:
            what = f"{image} could not be pulled as a host pulls it"
            shell.run(argv, what=what, env=signer.host_environment(home), tries=_TRIES)
        except TaskError as error:
            raise _refused(error, lambda: packages.page(image.name)) from error


@contextmanager
def _empty_store() -> Iterator[list[str]]:
    """Podman's command line with a new store in the cache; also removes the stores that killed runs left behind."""
    top = workspace.cache()
    for left in top.glob("store-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    store = top / f"store-{getpid()}"
    own_mounts = ["unshare", "--mount"] if geteuid() == 0 else []  # otherwise podman's mount of the store outlives it
    podman = [*own_mounts, "podman", f"--root={store / 'graph'}", f"--runroot={store / 'run'}"]
    try:
        yield podman
    finally:
        if geteuid() != 0:  # only podman can remove files of other ids
            shell.attempt([*podman, "rmi", "--all", "--force"], what="the empty store could not be cleared")
        shutil.rmtree(store, ignore_errors=True)


def _refused(error: TaskError, page: Callable[[], str]) -> TaskError:
    """Explain a failed pull, if it was refused; `page` returns the address of the package's settings."""
    if _NOT_FOR_STRANGERS.search(error.why):
        why = f"it cannot be pulled without a login: the package is private ({error.why})"
        return TaskError(error.what, why, f"set its visibility to public, then run this again: {page()}")
    if hints.is_about_signature(error.why):
        return TaskError(error.what, error.why, "check that a shipped key signed it; ./inv lint checks key and policy")
    return error


def _not_written(error: TaskError, page: Callable[[], str]) -> TaskError:
    """Explain why GitHub refuses a workflow's push: its repository did not create the package."""
    if not actions.running() or _MAY_NOT_WRITE not in error.why:
        return error
    why = f"this repository may not write the package, for example because it was first pushed by hand ({error.why})"
    hint = "make it public, and add this repository with the role Admin under Manage Actions access"
    return TaskError(error.what, why, f"{hint}: {page()}")
