"""Judge one release: the OpenZFS that it would be built with, or the obstacle to building it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import KmodsTag, Release
from tasks.model.solver.candidates import Candidates
from tasks.model.solver.ranges import PairSupport, Support
from tasks.model.versions import Kernel, newest_zfs
from tasks.model.words import age

if TYPE_CHECKING:
    from collections.abc import Callable


class Lack(StrEnum):
    """Why a kmods image is missing."""

    UNSUPPORTED = "kernel outside the range of this OpenZFS release"
    NOT_BUILT_YET = "not built yet"
    REMOVED = "removed, or never built"


class Obstacle(Enum):
    """The obstacles to building a pair, in the order in which they are checked."""

    NO_KMODS = auto()
    BLOCKED = auto()
    DOWNGRADE = auto()
    MATRIX = auto()
    GONE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A release with the OpenZFS that it would be built with; `sentence` says what prevents that, if anything."""

    release: Release
    zfs: Version
    support: PairSupport
    obstacle: Obstacle | None
    sentence: str
    repository: str  # where its kmods are; empty if no repository has them

    @property
    def buildable(self) -> bool:
        """Whether the pair can be built."""
        return self.obstacle is None

    @property
    def has_kmods(self) -> bool:
        """Whether the kmods image exists."""
        return self.obstacle is not Obstacle.NO_KMODS

    @property
    def awaits_kmods(self) -> bool:
        """Whether only kmods are missing: this OpenZFS supports the kernel."""
        return not self.has_kmods and self.support.support is Support.SUPPORTED

    @property
    def kmods_tag(self) -> KmodsTag:
        """The kmods image's tag, whether it exists or not."""
        return KmodsTag(self.zfs, self.release.kernel)


def judge(candidates: Candidates, release: Release) -> Option:
    """The best pair for a release, or else the pair that comes closest, with its obstacle."""
    obstacles = {zfs: _obstacle(candidates, release, zfs) for zfs in candidates.preferred}
    if not obstacles:
        raise _without_line(candidates)
    series = release.kernel.series
    supported = {zfs: candidates.matrix.support(zfs, series) is Support.SUPPORTED for zfs in obstacles}
    buildable = [zfs for zfs, obstacle in obstacles.items() if obstacle is None]
    with_kmods = [zfs for zfs, obstacle in obstacles.items() if obstacle is not Obstacle.NO_KMODS]
    awaited = [zfs for zfs in obstacles if not _goes_back(candidates, zfs)] or list(obstacles)
    best = [zfs for zfs in buildable if supported[zfs]] or buildable or with_kmods
    zfs = (best or [zfs for zfs in awaited if supported[zfs]] or awaited)[0]
    return Option(
        release=release,
        zfs=zfs,
        support=candidates.matrix.judge(zfs, series),
        obstacle=obstacles[zfs],
        sentence=f"{release} {_description(candidates, release, zfs, obstacles[zfs])}",
        repository=candidates.kmods.get(KmodsTag(zfs, release.kernel), ""),
    )


def _without_line(candidates: Candidates) -> TaskError:
    """The error that no release of the preferred lines is a candidate."""
    line = candidates.policy.zfs_streams[0]
    if candidates.zfs_listed:
        why, hint = "the newest 100 releases on GitHub contain none", "check zfs_streams in invoke.yaml"
        return TaskError(
            f"no OpenZFS release of the {line} line was found", why, f"{hint}, or give another line with --zfs-stream"
        )
    why = "GitHub did not list OpenZFS's releases, so none is taken that is newer than the published one"
    return TaskError(f"no OpenZFS release of the {line} line is known now", why, "try again in a few minutes")


def kmods_due(candidates: Candidates, options: tuple[Option, ...]) -> KmodsTag | None:
    """The pair whose kmods this repository should build now; None if there is none, or others still have time.

    `options` are the releases down to the first that can be built, newest first. The newest release comes first, then
    what would be built if builds did not refuse its kmods. If nothing is published and nothing fits, there is no
    waiting time.
    """
    days = candidates.policy.build_kmods_after_days
    if days is None:
        return None
    waiting = [option.release for option in options if not option.buildable]
    at_once = candidates.published is None and len(waiting) == len(options)
    ripe = [each for each in waiting if at_once or candidates.now - each.created >= timedelta(days=days)]
    due = (_lacking(candidates, release, only_refused=release is not options[0].release) for release in ripe)
    return next((pair for pair in due if pair), None)


def _lacking(candidates: Candidates, release: Release, *, only_refused: bool) -> KmodsTag | None:
    """The best pair of a release that only lacks its kmods; with `only_refused`, one whose kmods builds refuse."""
    series = release.kernel.series
    supported = (zfs for zfs in candidates.preferred if candidates.matrix.support(zfs, series) is Support.SUPPORTED)
    lacking = (zfs for zfs in supported if not candidates.has_kmods(zfs, release.kernel))
    pairs = (KmodsTag(zfs, release.kernel) for zfs in lacking if not _obstacle_with_kmods(candidates, release, zfs))
    return next((pair for pair in pairs if pair in candidates.refused or not only_refused), None)


def _obstacle(candidates: Candidates, release: Release, zfs: Version) -> Obstacle | None:
    if not candidates.has_kmods(zfs, release.kernel):
        return Obstacle.NO_KMODS
    return _obstacle_with_kmods(candidates, release, zfs)


def _obstacle_with_kmods(candidates: Candidates, release: Release, zfs: Version) -> Obstacle | None:
    """The obstacle to building a pair whose kmods exist, if any."""
    if candidates.matrix.block_of(zfs, release.kernel, release.version):
        return Obstacle.BLOCKED
    if _goes_back(candidates, zfs) or _is_older(candidates, release):
        return Obstacle.DOWNGRADE
    supported = candidates.matrix.support(zfs, release.kernel.series) is Support.SUPPORTED
    if not supported and not candidates.policy.force:
        return Obstacle.MATRIX
    return None if release.base else Obstacle.GONE


def _goes_back(candidates: Candidates, zfs: Version) -> bool:
    """Whether a pool that the published image upgraded could no longer be imported."""
    published = None if candidates.policy.allow_downgrade else candidates.published
    return published is not None and zfs < published.lock.zfs_version


def _is_older(candidates: Candidates, release: Release) -> bool:
    published = None if candidates.policy.allow_downgrade else candidates.published
    return published is not None and release.version < published.lock.fcos_version


def _description(candidates: Candidates, release: Release, zfs: Version, obstacle: Obstacle | None) -> str:
    """The sentence about a pair, without the release's name at its beginning."""
    support = candidates.matrix.judge(zfs, release.kernel.series)
    against = f", against the matrix ({support.reason})" if support.support is not Support.SUPPORTED else ""
    against = f" ({support.reason})" if support.live else against
    block = candidates.matrix.block_of(zfs, release.kernel, release.version)
    sentences: dict[Obstacle | None, Callable[[], str]] = {
        None: lambda: f"has kmods of OpenZFS {zfs}{against}",
        Obstacle.NO_KMODS: lambda: _without_kmods(candidates, release, zfs),
        Obstacle.BLOCKED: lambda: f"is not built with OpenZFS {zfs}: {block}",
        Obstacle.DOWNGRADE: lambda: _downgrade(candidates, release, zfs),
        Obstacle.MATRIX: lambda: f"has kmods of OpenZFS {zfs}, but the pair is {support.support}: {support.reason}",
        Obstacle.GONE: lambda: f"has kmods of OpenZFS {zfs}, but the registry no longer has its image",
    }
    return sentences[obstacle]()


def _without_kmods(candidates: Candidates, release: Release, zfs: Version) -> str:
    since = age(candidates.now, release.created)
    lack = kmods_lack(candidates, zfs, release.kernel)
    if lack is Lack.UNSUPPORTED:
        reason = candidates.matrix.judge(zfs, release.kernel.series).reason
        return f"has waited {since} for an OpenZFS release that supports its kernel: {reason}"
    if lack is Lack.REMOVED:
        return f"has waited {since} for kmods of OpenZFS {zfs}: {lack}"
    return f"has waited {since} for kmods of OpenZFS {zfs}"


def _downgrade(candidates: Candidates, release: Release, zfs: Version) -> str:
    if candidates.published is None:
        raise AssertionError("a downgrade needs a published image")
    stable = candidates.published.lock
    if release.version < stable.fcos_version:
        return f"is older than {stable.fcos_version}, which is published; --allow-downgrade allows it"
    return (
        f"only has kmods of OpenZFS {zfs}, but {stable.zfs_version} is published: a pool that it upgraded could no "
        f"longer be imported; --allow-downgrade allows it"
    )


def kmods_lack(candidates: Candidates, zfs: Version, kernel: Kernel) -> Lack | None:
    """The reason why the kmods image is missing; None if it exists."""
    if candidates.has_kmods(zfs, kernel):
        return None
    if candidates.matrix.judge(zfs, kernel.series).support is Support.UNSUPPORTED:
        return Lack.UNSUPPORTED
    return Lack.REMOVED if candidates.newest_kmods > kernel.order else Lack.NOT_BUILT_YET


def require_kmods(candidates: Candidates) -> tuple[str, KmodsTag]:
    """Repository and tag of the kmods of the newest release and the first line's newest OpenZFS; or stop."""
    kernel = candidates.newest.kernel
    zfs = newest_zfs(candidates.zfs_releases, candidates.policy.zfs_streams[0])
    lack = kmods_lack(candidates, zfs, kernel)
    if lack is None:
        return candidates.kmods[KmodsTag(zfs, kernel)], KmodsTag(zfs, kernel)
    newest = max((tag.kernel for tag in candidates.kmods if tag.zfs == zfs), key=lambda of: of.order, default="none")
    support = candidates.matrix.judge(zfs, kernel.series)
    reasons = {
        Lack.UNSUPPORTED: f"{support.reason}, so do not expect kmods before the next OpenZFS release",
        Lack.NOT_BUILT_YET: "the kernel is supported and newer than any with kmods: they are not built yet",
        Lack.REMOVED: "kmods of newer kernels exist: these were removed (they are kept for 90 days) or never built",
    }
    raise TaskError(
        f"no repository has {KmodsTag(zfs, kernel)}", reasons[lack],
        f"see ./inv versions; the newest kmods of OpenZFS {zfs} are for {newest}",
    )  # fmt: skip
