"""From what exists to what is built: Candidates → Decision."""

from dataclasses import dataclass
from enum import StrEnum

from packaging.version import Version

from tasks.model.compat import Matrix, PairSupport, Support
from tasks.model.errors import TaskError
from tasks.model.image import KmodsTag, Release
from tasks.model.versions import Kernel, newest_zfs, zfs_stream


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Everything a decision rests on, gathered once."""

    release: Release
    zfs_releases: tuple[Version, ...]
    zfs_streams: tuple[str, ...]
    kmods: tuple[KmodsTag, ...]
    matrix: Matrix


class Verdict(StrEnum):
    """What follows for the newest release."""

    BUILD = "BUILD"
    BLOCKED = "BLOCKED"


class Lack(StrEnum):
    """Why a kmods image is missing."""

    UNSUPPORTED = "kernel outside the range of this OpenZFS release"
    NOT_BUILT_YET = "not built yet"
    REMOVED = "removed, or never built"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict, the OpenZFS release it is about, and the sentences that explain it."""

    verdict: Verdict
    release: Release
    zfs: Version
    support: PairSupport
    has_kmods: bool
    reasons: tuple[str, ...]

    @property
    def kmods_tag(self) -> KmodsTag:
        """The kmods image's tag, whether it exists or is waited for."""
        return KmodsTag(self.zfs, self.release.kernel)

    def require_buildable(self, *, force: bool) -> None:
        """Stop with the reasons unless something can be built; `force` overrides the matrix, never a lack of kmods."""
        if self.verdict is Verdict.BUILD or (force and self.has_kmods):
            return
        hint = "build it against the matrix with --force; it may not work" if self.has_kmods else "try again tomorrow"
        raise TaskError(
            f"nothing can be built from Fedora CoreOS {self.release.version}", "; ".join(self.reasons), hint
        )


def solve(candidates: Candidates) -> Decision:
    """Pick the newest OpenZFS of the first stream that the matrix supports and that has kmods for the release."""
    judged = [_judge(candidates, zfs) for stream in candidates.zfs_streams for zfs in _of_stream(candidates, stream)]
    buildable = next((decision for decision in judged if decision.verdict is Verdict.BUILD), None)
    forceable = next((decision for decision in judged if decision.has_kmods), None)
    return buildable or forceable or _newest_of_first_stream(candidates)


def _newest_of_first_stream(candidates: Candidates) -> Decision:
    return _judge(candidates, newest_zfs(candidates.zfs_releases, candidates.zfs_streams[0]))


def _of_stream(candidates: Candidates, stream: str) -> list[Version]:
    return sorted((zfs for zfs in candidates.zfs_releases if zfs_stream(zfs) == stream), reverse=True)


def _judge(candidates: Candidates, zfs: Version) -> Decision:
    release = candidates.release
    support = candidates.matrix.judge(zfs, release.kernel.series)
    lack = kmods_lack(candidates, zfs, release.kernel)
    buildable = support.support is Support.SUPPORTED and lack is None
    return Decision(
        verdict=Verdict.BUILD if buildable else Verdict.BLOCKED,
        release=release,
        zfs=zfs,
        support=support,
        has_kmods=lack is None,
        reasons=(_release_sentence(release, zfs, lack), support.reason),
    )


def _release_sentence(release: Release, zfs: Version, lack: Lack | None) -> str:
    subject = f"{release.version} (kernel {release.kernel})"
    return (
        f"{subject} has kmods of OpenZFS {zfs}" if lack is None else f"{subject} has no kmods of OpenZFS {zfs}: {lack}"
    )


def require_kmods(candidates: Candidates, repository: str) -> KmodsTag:
    """The kmods tag for the newest OpenZFS of the first stream; without it an error with the reason that applies."""
    decision = _newest_of_first_stream(candidates)
    lack = kmods_lack(candidates, decision.zfs, decision.release.kernel)
    if lack is None:
        return decision.kmods_tag
    newest = max(
        (tag for tag in candidates.kmods if tag.zfs == decision.zfs),
        key=lambda tag: tag.kernel.order,
        default=None,
    )
    reasons = {
        Lack.UNSUPPORTED: f"{decision.support.reason}, so no kmods are to be expected before the next OpenZFS release",
        Lack.NOT_BUILT_YET: "the kernel is supported and newer than any with kmods: they are not built yet",
        Lack.REMOVED: "kmods of newer kernels exist: these were removed (they are kept for 90 days) or never built",
    }
    hint = (
        f"see ./inv versions; the newest kmods of OpenZFS {decision.zfs} are for {newest.kernel if newest else 'none'}"
    )
    raise TaskError(f"{repository}:{decision.kmods_tag} does not exist", reasons[lack], hint)


def kmods_lack(candidates: Candidates, zfs: Version, kernel: Kernel) -> Lack | None:
    """Which of the three reasons keeps the kmods image from existing; None when it exists."""
    if KmodsTag(zfs, kernel) in candidates.kmods:
        return None
    if candidates.matrix.judge(zfs, kernel.series).support is Support.UNSUPPORTED:
        return Lack.UNSUPPORTED
    newer = any(tag.kernel.order > kernel.order for tag in candidates.kmods)
    return Lack.REMOVED if newer else Lack.NOT_BUILT_YET
