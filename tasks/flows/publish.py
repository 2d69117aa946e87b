"""Publish: build, verify, sign and push an image as the candidate, then promote it."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.clients import key_pairs, login, oras, podman, referrers, registry, workspace
from tasks.clients.github import actions
from tasks.console import answer, say
from tasks.flows import build, keys, promote, sbom
from tasks.flows.history import public_digest, run_name
from tasks.model.contract import inspection as contract
from tasks.model.errors import TaskError
from tasks.model.image import CANDIDATE_TAG, ImageRef
from tasks.model.registry import record
from tasks.model.registry.manifest import SBOM
from tasks.model.registry.preconditions import Waivers

if TYPE_CHECKING:
    from tasks.model.lock import Lock
    from tasks.model.request import Request
    from tasks.model.signing import HostFiles
    from tasks.settings.values import Settings


def ready(settings: "Settings", key: str) -> key_pairs.Key:
    """Check policy, key and login, and return the key to sign with."""
    keys.require(settings)
    signing_key = key_pairs.read_key(key, workspace.host_files())
    login.require(settings.host)
    return signing_key


def publish(settings: "Settings", request: "Request", key: str, *, and_promote: bool, strand_hosts: bool) -> None:
    """Publish an image, point the public tag at it if `and_promote`, and print the digest.

    `strand_hosts` allows that machines which run the public image refuse it.
    """
    secret = ready(settings, key)
    before = public_digest(settings)
    promote.finish(settings, before)
    lock = build.lock_for(settings, request)
    if lock is None:
        answer(before)
        return
    pushed = _candidate(settings, lock, secret, force_build=request.rebuild)
    if pushed is None:
        return
    if and_promote:
        leave = Waivers(allow_downgrade=request.allow_downgrade, strand_hosts=strand_hosts)
        promote.move(settings, pushed, before, leave)
    else:
        say(f"next: ./inv promote {pushed.digest} --expect {before or 'nothing'}")
    for name, value in (("image", pushed.name), ("digest", pushed.digest), ("expect", before or "nothing")):
        actions.output(name, value)
    answer(pushed.digest)


def _candidate(settings: "Settings", lock: "Lock", key: key_pairs.Key, *, force_build: bool) -> ImageRef | None:
    """Build a Lock's image unless it is up to date, and push it as a verified candidate; None under `inv -R`."""
    tag = f"{settings.local_name}:stable"
    built = build.build(settings, lock, tag, force_build=force_build)
    if built is None:
        return None
    image = podman.image_id(tag)  # another build on this machine can move the tag, but not this id
    facts, report = build.inspect(settings, image, built)
    report.require_kept(image)
    say(f"{image} keeps all {len(report.checks)} promises of contract {contract.VERSION}")
    _require_shipped(facts.host_files, image)
    listed = sbom.document(settings, image)
    pushed = push(settings.image, image, key, facts.host_files)
    if pushed is None:
        return None
    say(f"pulling {pushed} as a host would: with the policy it ships, an empty store and no login")
    podman.accept(pushed, facts.host_files)
    _attach_sbom(pushed, listed)
    kept = record.verified(datetime.now(UTC), contract.VERSION, len(report.checks), run_name())
    oras.attach(pushed, kept.kind, kept.annotations())
    return pushed


def _attach_sbom(image: ImageRef, document: str) -> None:
    """Attach an image's SBOM, unless it has one."""
    if any(entry.artifact_type == SBOM for entry in referrers.of(image.name, image.digest)):
        return
    with TemporaryDirectory() as folder:
        file = Path(folder, "sbom.spdx.json")
        file.write_text(document)
        oras.attach(image, SBOM, {}, file)


def _require_shipped(inside: "HostFiles", image: str) -> None:
    """Stop unless the image ships this checkout's keys and policy, which are used to check it."""
    if any(inside.files.get(path) != content for path, content in workspace.host_files().files.items()):
        why = "its keys or its policy differ from those in overlay-root"
        raise TaskError(f"{image} was not built from this checkout", why, "build it again: ./inv publish --rebuild")


def push(repository: str, image: str, key: key_pairs.Key, shipped: "HostFiles") -> ImageRef | None:
    """Sign and push an image as the candidate, and read its digest back from the registry."""
    target = f"{repository}:{CANDIDATE_TAG}"
    digest = podman.push_signed(image, target, key, shipped)
    if not digest:
        return None
    held = registry.digest(repository, CANDIDATE_TAG)
    if held != digest and registry.manifest(repository, digest) is None:
        why = f"{digest} was pushed, but the registry has {held or 'nothing'}; nothing was promoted"
        raise TaskError(f"{target} is not what was pushed", why, "run it again")
    if held != digest:
        say(f"another run moved {target} to {held} meanwhile; continuing with {digest}")
    return ImageRef(repository, digest)
