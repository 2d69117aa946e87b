"""Move the public tag: check the preconditions, move it, and record the move."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import PurePosixPath
from time import monotonic, sleep
from typing import TYPE_CHECKING

from tasks.clients import login, oras, referrers, signer, skopeo, workspace
from tasks.clients.github import actions, attestations, gh
from tasks.clients.matrix import read_matrix
from tasks.console import answer, say
from tasks.flows import build, keys
from tasks.flows.history import lock_of, public_digest, records_of, run_name
from tasks.flows.matrix import support
from tasks.model.contract import inspection as contract
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef
from tasks.model.lock import KEYS_LABEL, Lock, has_lock
from tasks.model.registry import attestation, record
from tasks.model.registry.preconditions import NOTHING, Standing, Waivers, preconditions
from tasks.model.registry.record import Kind
from tasks.model.versions import given

if TYPE_CHECKING:
    from tasks.model.image import BaseImage
    from tasks.model.registry.manifest import Descriptor
    from tasks.settings.values import Settings

_LATER = 2  # check again after this many times our move's duration, to see a rival's slower move
_AGAIN = "look at ./inv history, then run it again"


def promote(settings: "Settings", digest: str, expect: str, leave: Waivers) -> None:
    """Point the public tag at a digest in the registry, and print it; `expect` is the recipe's option."""
    image = ImageRef(settings.image, digest)
    keys.require(settings)
    login.require(settings.host)
    if expect == "nothing":
        expected = NOTHING
    else:
        expected = ImageRef(settings.image, expect).digest if expect else public_digest(settings)
    move(settings, image, expected, leave)
    answer(digest)


def move(settings: "Settings", image: ImageRef, expected: str, leave: Waivers) -> bool:
    """Point the public tag at an image that meets every precondition; return False under `inv -R`."""
    tag = f"{settings.image}:{PUBLIC_TAG}"
    if public_digest(settings) == image.digest:
        say(f"{tag} already points at {image.digest}")
        return finish(settings, image.digest)
    standing = _standing(settings, image, expected)
    result = preconditions(standing, leave)
    if result.lacks_only_the_contract:
        result = preconditions(_verified_now(settings, standing), leave)
    for check in result.checks:
        say(f"  {'FAILED' if check.fault else 'ok':<7}{check.name:<12}{check.fault or check.promise}")
    result.require(tag, image, leave)
    began = monotonic()
    if not _move(settings, image, expected):
        return False
    longer = _LATER * (monotonic() - began)
    _record_promotion(image, standing.lock, expected)
    sleep(longer)
    _require_moved(settings, image)
    return True


def finish(settings: "Settings", public: str) -> bool:
    """Write the `promoted` record that an interrupted run left out; return False if nothing was written."""
    if public == NOTHING:
        return False
    image = ImageRef(settings.image, public)
    records = records_of(image)
    if not any(each.kind is Kind.VERIFIED for each in records) or any(each.kind is Kind.PROMOTED for each in records):
        return False
    return record_move(image, NOTHING)


def record_move(image: ImageRef, before: str) -> bool:
    """Write the record of a move that was not recorded; return False under `inv -R`."""
    say(f"an interrupted run moved {image.name}:{PUBLIC_TAG} to {image.digest}; writing its record now")
    return _record_promotion(image, lock_of(image), before)


def _move(settings: "Settings", image: ImageRef, expected: str) -> bool:
    """Move the tag; registries have no compare-and-swap, so a rival is detected before and after, not prevented."""
    tag = f"{settings.image}:{PUBLIC_TAG}"
    before = public_digest(settings)
    if before != expected:
        why = f"another run moved it meanwhile: it has {before or 'nothing'}, but {expected or 'nothing'} was expected"
        raise TaskError(f"{tag} is not moved to {image}", why, _AGAIN)
    if not oras.tag(image, PUBLIC_TAG):
        return False
    _require_moved(settings, image)
    say(f"{tag} now points at {image.digest}")
    actions.summary(f"`{tag}` is `{image.digest}` now; before, it was {f'`{before}`' if before else 'missing'}.")
    return True


def _require_moved(settings: "Settings", image: ImageRef) -> None:
    """Stop if the tag is not where we moved it, because another run moved it afterwards."""
    after = public_digest(settings)
    if after != image.digest:
        tag = f"{settings.image}:{PUBLIC_TAG}"
        why = f"another run moved it at the same time: it has {after or 'nothing'} now"
        raise TaskError(f"{tag} does not point at {image}", why, _AGAIN)


def _record_promotion(image: ImageRef, lock: Lock, before: str) -> bool:
    promotion = record.promoted(datetime.now(UTC), lock, before, run_name())
    return oras.attach(image, promotion.kind, promotion.annotations())


def _standing(settings: "Settings", image: ImageRef, expected: str) -> Standing:
    """Gather concurrently everything that the preconditions check."""
    lock = lock_of(image)
    public_lock = None
    matrix = read_matrix()
    attached = referrers.of(image.name, image.digest)
    with ThreadPoolExecutor(4) as pool:
        refusal = pool.submit(_refusal, image)
        supported = pool.submit(support, lock.zfs_version, lock.kernel)
        public = pool.submit(skopeo.find, settings.image, PUBLIC_TAG)
        fault = pool.submit(attestation_fault, settings, image, attached)
        published = public.result()
        if published and has_lock(published.labels):
            public_lock = Lock.from_labels(published.labels, published.source)
        strands = pool.submit(stranded, settings, image, published)
        block = (
            matrix.block_of(lock.zfs_version, lock.kernel, lock.fcos_version)
            or matrix.block_of_content(lock.inputs)
            or matrix.block_of_content(image.digest)
        )
        return Standing(
            image=image, lock=lock, records=record.records(attached), support=supported.result(),
            block=str(block or ""), refusal=refusal.result(), stranded=strands.result(), attestation=fault.result(),
            public=published.digest if published else NOTHING,
            public_lock=public_lock, expected=expected,
        )  # fmt: skip


def _refusal(image: ImageRef) -> str:
    """Return why a machine with this checkout's keys and policy would refuse an image; empty if it accepts it."""
    why = signer.refusal(image, workspace.host_files())
    return f"no key that ships signed it: {why}" if why else ""


def stranded(settings: "Settings", image: ImageRef, public: "BaseImage | None") -> str:
    """Return why machines that run the public image would refuse this one; empty if they accept it."""
    if public is None or public.digest == image.digest:
        return ""
    trusted, shipped = given(public.labels.get(KEYS_LABEL)), workspace.host_files()
    if not trusted:
        say(f"{public.source} has no label with the keys that it trusts: pulling it to look")
        inside = build.inspect(settings, str(ImageRef(settings.image, public.digest)))[0].host_files
        return signer.refusal(image, inside) if inside.has_key else ""
    signers = signer.signers(image, shipped)
    if any(shipped.fingerprints[key] in trusted.split() for key in signers):
        return ""
    if not signers:
        return f"no key that ships signed it, so whether machines that run {public.source} accept it is unknown"
    names = ", ".join(PurePosixPath(key).name for key in signers)
    return f"it is signed by {names}, and {public.source} trusts other keys"


def attestation_fault(settings: "Settings", image: ImageRef, attached: "tuple[Descriptor, ...]") -> str | None:
    """Return what is wrong with an image's attestation; None if none is required. Report what could not be checked."""
    if not actions.running():
        return None
    fault = attestation.fault(attestations.statements(image, attached), image.digest)
    if fault:
        return fault
    unable = gh.why_unable()
    if not unable:
        return gh.attestation_fault(image, settings.repository)
    say(f"attestation: its subject and kind are right; its signature is not checked: {unable}")
    return ""


def _verified_now(settings: "Settings", standing: Standing) -> Standing:
    """Check the contract on the image itself, because no record says that it was kept, and record the result."""
    from dataclasses import replace

    say(f"no record says that {standing.image} keeps contract {contract.VERSION}: pulling it to check")
    _, report = build.inspect(settings, str(standing.image), standing.lock)
    report.require_kept(str(standing.image))
    verification = record.verified(datetime.now(UTC), contract.VERSION, len(report.checks), run_name())
    if oras.attach(standing.image, verification.kind, verification.annotations()):
        return replace(standing, records=(*standing.records, verification))
    return standing
