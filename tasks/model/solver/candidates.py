"""Everything that a decision depends on, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from packaging.version import Version

from tasks.model.image import ImageRef, KmodsTag, Release
from tasks.model.lock import Lock
from tasks.model.solver.ranges import Matrix
from tasks.model.versions import Kernel, zfs_stream


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """The image that the public tag points at, and the digest of its kmods' tag today (empty if it has none)."""

    image: ImageRef
    lock: Lock
    created: datetime
    kmods_digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The user's settings and options; a day has 24 hours."""

    zfs_streams: tuple[str, ...]
    hold_days: int
    rebuild_after_days: int
    build_kmods_after_days: int | None = None  # None: this repository never builds kmods on its own
    allow_downgrade: bool = False
    rebuild: bool = False
    force: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Releases with their kernels, OpenZFS releases, kmods, and the published image; in any order."""

    releases: tuple[Release, ...]
    zfs_releases: tuple[Version, ...]
    kmods: Mapping[KmodsTag, str]  # by pair, the repository that has its kmods
    matrix: Matrix
    policy: Policy
    published: Published | None
    content: str  # `content_digest` of this checkout's inputs
    now: datetime
    notes: tuple[str, ...] = ()  # sentences about sources that could not be read
    zfs_listed: bool = True  # whether `zfs_releases` is GitHub's answer
    withdrawn: Version | None = None  # the published OpenZFS, if it is no release any more
    went_back: bool = False  # the stream's newest release is older than the published one
    elsewhere: Mapping[KmodsTag, tuple[str, ...]] = field(default_factory=dict)  # further repositories that have a pair
    refused: frozenset[KmodsTag] = frozenset()  # pairs whose kmods in our repository builds refuse
    preferred: tuple[Version, ...] = field(init=False)  # releases of the preferred lines, best first
    newest_kmods: tuple[tuple[int, ...], tuple[int, ...]] = field(init=False)  # `order` of the newest kernel with kmods

    def __post_init__(self) -> None:
        """Sort once the values that every pair needs."""
        lines = {line: rank for rank, line in enumerate(self.policy.zfs_streams)}
        known = sorted({zfs for zfs in self.zfs_releases if zfs_stream(zfs) in lines}, reverse=True)
        object.__setattr__(self, "preferred", tuple(sorted(known, key=lambda zfs: lines[zfs_stream(zfs)])))
        kernels = {tag.kernel for tag in self.kmods}
        object.__setattr__(self, "newest_kmods", max((kernel.order for kernel in kernels), default=((), ())))

    def with_published_zfs(self) -> Self:
        """Keep the published OpenZFS as a candidate; it is withdrawn if GitHub answered and does not list it.

        If GitHub did not answer, a newer one may be withdrawn, so none is a candidate.
        """
        if self.published is None:
            return self
        zfs = self.published.lock.zfs_version
        known = tuple(each for each in self.zfs_releases if self.zfs_listed or each <= zfs)
        if zfs in known:
            return replace(self, zfs_releases=known)
        return replace(self, zfs_releases=(*known, zfs), withdrawn=zfs if self.zfs_listed else None)

    def refusing(self, pair: KmodsTag) -> Self:
        """Leave out a pair's kmods, because builds refuse them; those of the next repository count, if it has any."""
        further = self.elsewhere.get(pair, ())
        kmods = {tag: name for tag, name in self.kmods.items() if tag != pair}
        return replace(
            self,
            kmods={**kmods, pair: further[0]} if further else kmods,
            elsewhere={**self.elsewhere, pair: further[1:]},
            refused=self.refused | {pair},
        )

    @property
    def newest(self) -> Release:
        """The newest release of the stream."""
        return max(self.releases, key=lambda release: release.version)

    @property
    def idle_blocks(self) -> tuple[str, ...]:
        """A sentence for each block that matches no kmods and no release of today, because it is misspelt or old."""
        pairs: list[tuple[Version | None, Kernel, Version]] = [(None, tag.kernel, tag.zfs) for tag in self.kmods]
        pairs += [(each.version, each.kernel, zfs) for each in self.releases for zfs in self.zfs_releases]
        blocks = (block for block in self.matrix.blocks if block.is_pair)
        idle = (block for block in blocks if not any(block.hits_pair(*pair) for pair in pairs))
        advice = "matches nothing that is known today: correct it, or remove it with ./inv block --unblock"
        return tuple(f"the block of {block.subject} {advice}" for block in idle)

    def has_kmods(self, zfs: Version, kernel: Kernel) -> bool:
        """Whether prebuilt modules exist for a pair."""
        return KmodsTag(zfs, kernel) in self.kmods
