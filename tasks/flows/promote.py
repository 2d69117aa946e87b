"""Moving the public tag: what holds now, and the move itself with what is said of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING

from tasks.clients import login, oras, referrers, signer, skopeo, workspace
from tasks.clients.github import actions, attestations, gh
from tasks.clients.matrix import read_matrix
from tasks.console import answer, say
from tasks.flows import build, keys
from tasks.flows.history import lock_of, public_digest, records_of, run_name
from tasks.flows.matrix import support
from tasks.model import contract
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef
from tasks.model.lock import Lock, has_lock
from tasks.model.registry import attestation, record
from tasks.model.registry.preconditions import NOTHING, Standing, Waivers, preconditions
from tasks.model.registry.record import Kind

if TYPE_CHECKING:
    from tasks.model.registry.manifest import Descriptor
    from tasks.settings import Settings

_LATER = 2  # how many times as long as the own move another's, that began before it, may take to be seen still
_AGAIN = "see what is there: ./inv history; then run it again"


def promote(settings: "Settings", digest: str, expect: str, *, allow_downgrade: bool) -> None:
    """Point the public tag at a digest of the registry, and answer it; `expect` as the recipe has it."""
    image = ImageRef(settings.image, digest)
    keys.require(settings)
    login.require(settings.host)
    if expect == "nothing":
        expected = NOTHING
    else:
        expected = ImageRef(settings.image, expect).digest if expect else public_digest(settings)
    move(settings, image, expected, Waivers(allow_downgrade=allow_downgrade))
    answer(digest)


def move(settings: "Settings", image: ImageRef, expected: str, leave: Waivers) -> bool:
    """Point the public tag at an image that keeps every promise; False under `inv -R`."""
    tag = f"{settings.image}:{PUBLIC_TAG}"
    if public_digest(settings) == image.digest:
        say(f"{tag} is {image.digest} already")
        return finish(settings, image.digest)
    standing = _standing(settings, image, expected)
    found = preconditions(standing, leave)
    if found.lacks_only_the_contract:
        found = preconditions(_verified_now(settings, standing), leave)
    for check in found.checks:
        say(f"  {'FAILED' if check.fault else 'ok':<7}{check.name:<12}{check.fault or check.promise}")
    found.require(tag, image)
    began = monotonic()
    if not _move(settings, image, expected):
        return False
    longer = _LATER * (monotonic() - began)
    _note(image, standing.lock, expected)
    sleep(longer)
    _require_there(settings, image)
    return True


def finish(settings: "Settings", public: str) -> bool:
    """Write the `promoted` record that a run which was cut short did not write; False where nothing was written."""
    if public == NOTHING:
        return False
    image = ImageRef(settings.image, public)
    found = records_of(image)
    if not any(each.kind is Kind.VERIFIED for each in found) or any(each.kind is Kind.PROMOTED for each in found):
        return False
    return record_move(image, NOTHING)


def record_move(image: ImageRef, before: str) -> bool:
    """Write the record of a move that was made and not recorded; False under `inv -R`."""
    say(f"{image.name}:{PUBLIC_TAG} was moved to {image.digest} by a run that was cut short; its record is written now")
    return _note(image, lock_of(image), before)


def _move(settings: "Settings", image: ImageRef, expected: str) -> bool:
    """Move the tag; a registry has no conditional write, so another mover is seen before and after, not kept out."""
    tag = f"{settings.image}:{PUBLIC_TAG}"
    before = public_digest(settings)
    if before != expected:
        why = f"another run moved it meanwhile: it has {before or 'nothing'}, expected was {expected or 'nothing'}"
        raise TaskError(f"{tag} is not moved to {image}", why, _AGAIN)
    if not oras.tag(image, PUBLIC_TAG):
        return False
    _require_there(settings, image)
    say(f"{tag} is {image.digest} now")
    actions.summary(f"`{tag}` is `{image.digest}` now; before it was {f'`{before}`' if before else 'not there'}.")
    return True


def _require_there(settings: "Settings", image: ImageRef) -> None:
    """Stop when the tag is not where it was moved: somebody else's move came after."""
    after = public_digest(settings)
    if after != image.digest:
        tag = f"{settings.image}:{PUBLIC_TAG}"
        why = f"another run moved it at the same time: it has {after or 'nothing'} now"
        raise TaskError(f"{tag} does not point at {image}", why, _AGAIN)


def _note(image: ImageRef, lock: Lock, before: str) -> bool:
    found = record.promoted(datetime.now(UTC), lock, before, run_name())
    return oras.attach(image, found.kind, found.annotations())


def _standing(settings: "Settings", image: ImageRef, expected: str) -> Standing:
    """Everything that the preconditions are held against, asked side by side."""
    lock = lock_of(image)
    matrix = read_matrix()
    attached = referrers.of(image.name, image.digest)
    with ThreadPoolExecutor(4) as pool:
        refusal = pool.submit(signer.refusal, image, workspace.host_files())
        supported = pool.submit(support, lock.zfs_version, lock.kernel)
        public = pool.submit(_public, settings)
        fault = pool.submit(attestation_fault, settings, image, attached)
        there, there_lock = public.result()
        block = (
            matrix.block_of(lock.zfs_version, lock.kernel, lock.fcos_version)
            or matrix.block_of_content(lock.inputs)
            or matrix.block_of_content(image.digest)
        )
        return Standing(
            image=image, lock=lock, records=record.records(attached), support=supported.result(),
            block=str(block or ""), refusal=refusal.result(), attestation=fault.result(),
            public=there, public_lock=there_lock, expected=expected,
        )  # fmt: skip


def _public(settings: "Settings") -> tuple[str, Lock | None]:
    found = skopeo.find(settings.image, PUBLIC_TAG)
    if found is None:
        return NOTHING, None
    return found.digest, Lock.from_labels(found.labels, found.source) if has_lock(found.labels) else None


def attestation_fault(settings: "Settings", image: ImageRef, attached: "tuple[Descriptor, ...]") -> str | None:
    """What is wrong with an image's attestation, None where none is asked for; says what could not be checked."""
    if not actions.running():
        return None
    found = attestation.fault(attestations.statements(image, attached), image.digest)
    if found:
        return found
    unable = gh.why_unable()
    if not unable:
        return gh.attestation_fault(image, settings.repository)
    say(f"attestation: subject and kind are right; its signature is not checked: {unable}")
    return ""


def _verified_now(settings: "Settings", standing: Standing) -> Standing:
    """Run the contract on the image itself, since no record says that it was kept, and record it."""
    from dataclasses import replace

    say(f"no record says that {standing.image} keeps contract {contract.VERSION}: pulling it to look inside")
    _, report = build.inspect(settings, str(standing.image), standing.lock)
    report.require_kept(str(standing.image))
    found = record.verified(datetime.now(UTC), contract.VERSION, len(report.checks), run_name())
    if oras.attach(standing.image, found.kind, found.annotations()):
        return replace(standing, records=(*standing.records, found))
    return standing
