"""From an image on this machine to a verified candidate in the registry."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks import keys
from tasks.clients import login, oras, podman, registry, signer, workspace
from tasks.console import say
from tasks.flows import build as assembly
from tasks.flows import own_kmods as ownkmods
from tasks.flows.promote import run_name
from tasks.model import contract
from tasks.model.errors import TaskError
from tasks.model.image import CANDIDATE_TAG, ImageRef
from tasks.model.lock import created_of
from tasks.model.registry import record
from tasks.model.registry.manifest import SBOM
from tasks.model.registry.sbom import Contents, spdx

if TYPE_CHECKING:
    from tasks.model.image import KmodsTag
    from tasks.model.lock import Lock
    from tasks.model.signing import HostFiles
    from tasks.settings import Settings


def ready(settings: "Settings", key: str) -> signer.Key:
    """The key to sign with, once policy, key and login are known to serve."""
    keys.require(settings)
    found = signer.read_key(key)
    login.require(settings.host)
    return found


def publish(settings: "Settings", wanted: "Lock", key: signer.Key, *, anyway: bool) -> ImageRef | None:
    """Build a Lock's image where it is not there yet, and have it as a verified candidate; None under `inv -R`."""
    tag = f"{settings.local_name}:stable"
    built = assembly.build(settings, wanted, tag, anyway=anyway)
    if built is None:
        return None
    image = podman.image_id(tag)  # which no other build on this machine can move, as it can the tag
    facts, report = assembly.inspect(settings, image, built)
    report.require_kept(image)
    say(f"{image} keeps all {len(report.checks)} promises of contract {contract.VERSION}")
    _require_shipped(facts.host_files, image)
    sbom = document(settings, image)
    pushed = push(settings.image, image, key, facts.host_files)
    if pushed is None:
        return None
    say(f"accepting {pushed} as a host would: the policy that it ships, an empty store, no login")
    podman.accept(pushed, facts.host_files)
    _attach_sbom(pushed, sbom)
    kept = record.verified(datetime.now(UTC), contract.VERSION, len(report.checks), run_name())
    oras.attach(pushed, kept.kind, kept.annotations())
    return pushed


def _attach_sbom(image: ImageRef, document: str) -> None:
    """Attach the list of what is in an image, once."""
    if any(entry.artifact_type == SBOM for entry in registry.referrers(image.name, image.digest)):
        return
    with TemporaryDirectory() as folder:
        file = Path(folder, "sbom.spdx.json")
        file.write_text(document)
        oras.attach(image, SBOM, {}, file)


def _require_shipped(inside: "HostFiles", image: str) -> None:
    """Stop unless the image ships the keys and the policy of this checkout, by which it is judged."""
    if any(inside.files.get(path) != content for path, content in workspace.host_files().files.items()):
        why = "its keys or its policy are others than overlay-root's"
        raise TaskError(f"{image} was not built from this checkout", why, "build it anew: ./inv publish --rebuild")


def push(repository: str, image: str, key: signer.Key, shipped: "HostFiles") -> ImageRef | None:
    """Push as the candidate, signed, and read it back; what the registry holds is what counts."""
    target = f"{repository}:{CANDIDATE_TAG}"
    digest = podman.push_signed(image, target, key, shipped)
    if not digest:
        return None
    held = registry.digest(repository, CANDIDATE_TAG)
    if held != digest and registry.manifest(repository, digest) is None:
        why = f"{digest} was pushed, and the registry holds {held or 'nothing'}"
        raise TaskError(f"{target} is not what was pushed", why, "nothing was promoted; run it again")
    if held != digest:
        say(f"another run moved {target} to {held} meanwhile; going on with {digest}")
    return ImageRef(repository, digest)


def push_kmods(settings: "Settings", image: str, pair: "KmodsTag", key: signer.Key) -> ImageRef | None:
    """Have a kmods image in our own repository under its pair's tag, signed before; None under `inv -R`.

    The tag moves last, so that it never names an image that no build would take.
    """
    repository = settings.own_kmods
    ownkmods.require_pair(image, pair)
    shipped = workspace.host_files().of(repository)
    pushed = push(repository, image, key, shipped)
    if pushed is None:
        return None
    podman.accept(pushed, shipped)
    if not oras.tag(pushed, str(pair)):
        return None
    held = registry.digest(repository, str(pair))
    if held != pushed.digest:
        say(f"another run moved {repository}:{pair} to {held or 'nothing'} meanwhile; going on with {pushed.digest}")
    return pushed


def document(settings: "Settings", image: str) -> str:
    """The SPDX document of an image on this machine (which is pulled when it is named with its registry)."""
    labels = podman.require(image)
    contents = Contents.parse(podman.contents(image), image)
    created = created_of(labels, image)
    return spdx(contents, settings.local_name, settings.source, f"sha256:{podman.image_id(image)}", created)
