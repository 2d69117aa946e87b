"""From an image on this machine to a verified candidate in the registry."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks import assembly
from tasks.clients import oras, podman, registry, workspace
from tasks.model import contract, record
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import created_of
from tasks.model.manifest import SBOM
from tasks.model.sbom import Contents, spdx
from tasks.promotion import run_name
from tasks.story import say

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.model.signing import HostFiles
    from tasks.settings import Settings

CANDIDATE = "candidate"


def publish(settings: "Settings", image: str, wanted: "Lock", key: str) -> ImageRef | None:
    """Verify an image here, push it signed, accept it as a host would, and record that; None under `inv -R`."""
    facts, report = assembly.inspect(settings, image, wanted)
    report.require_kept(image)
    say(f"{image} keeps all {len(report.checks)} promises of contract {contract.VERSION}")
    _require_shipped(facts.host_files, image)
    sbom = document(settings, image)
    pushed = push(settings, image, key, facts.host_files)
    if pushed is None:
        return None
    say(f"accepting {pushed} as a host would: the policy that it ships, an empty store, no login")
    podman.accept(pushed, facts.host_files)
    if not any(entry.artifact_type == SBOM for entry in registry.referrers(pushed.name, pushed.digest)):
        with TemporaryDirectory() as folder:
            file = Path(folder, "sbom.spdx.json")
            file.write_text(sbom)
            oras.attach(pushed, SBOM, {}, file)
    kept = record.verified(datetime.now(UTC), contract.VERSION, len(report.checks), run_name())
    oras.attach(pushed, kept.kind, kept.annotations())
    return pushed


def _require_shipped(inside: "HostFiles", image: str) -> None:
    """Stop unless the image ships the keys and the policy of this checkout, by which it is judged."""
    if dict(inside.files) | dict(workspace.host_files().files) != dict(inside.files):
        why = "its keys or its policy are others than overlay-root's"
        raise TaskError(f"{image} was not built from this checkout", why, "build it anew: ./inv publish --rebuild")


def push(settings: "Settings", image: str, key: str, shipped: "HostFiles") -> ImageRef | None:
    """Push as the candidate, signed, and read it back; what the registry holds is what counts."""
    target = f"{settings.image}:{CANDIDATE}"
    digest = podman.push_signed(image, target, key, shipped)
    if not digest:
        return None
    held = registry.digest(settings.image, CANDIDATE)
    if held != digest and registry.manifest(settings.image, digest) is None:
        why = f"{digest} was pushed, and the registry holds {held or 'nothing'}"
        raise TaskError(f"{target} is not what was pushed", why, "nothing was promoted; run it again")
    if held != digest:
        say(f"another run moved {target} to {held} meanwhile; going on with {digest}")
    return ImageRef(settings.image, digest)


def document(settings: "Settings", image: str) -> str:
    """The SPDX document of an image on this machine (which is pulled when it is named with its registry)."""
    labels = podman.require(image)
    contents = Contents.parse(podman.contents(image), image)
    created = created_of(labels, image)
    return spdx(contents, settings.local_name, settings.source, f"sha256:{podman.image_id(image)}", created)
