"""What is built if the newest release cannot be: another repository's kmods, the published release, or an older one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.clients import registry
from tasks.flows import own_kmods, releases
from tasks.model.image import KmodsTag, Release, made_at
from tasks.model.solver.judge import Obstacle, judge
from tasks.model.solver.solve import Verdict, solve

if TYPE_CHECKING:
    from packaging.version import Version

    from tasks.model.solver.candidates import Candidates
    from tasks.model.solver.ranges import KernelRange
    from tasks.settings.values import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """Completes the candidates of a stream; `ranges` reads which kernels the releases without kmods support.

    If `trusts_kmods`, kmods of our own repository count without a check, because the user named them.
    """

    settings: "Settings"
    stream: str
    note: Callable[[str], None]
    ranges: "Callable[[Candidates], Mapping[Version, KernelRange]]"
    trusts_kmods: bool

    def complete(self, newest: "Candidates") -> "Candidates":
        """Add the published release and, if needed, older ones; leave out own kmods that no shipped key signed.

        A signature costs requests, so only the pair that would be built is checked.
        """
        known = self._with_published(newest)
        while True:
            candidates = self._with_older(known)
            refused = None if self.trusts_kmods else self._refused(candidates)
            if refused is None:
                return candidates
            known = _refusing(known, refused)

    def _with_published(self, candidates: "Candidates") -> "Candidates":
        """Add the published release as a candidate, from its own Lock; note what went back.

        If it is newer than the stream's newest release, it counts only as the one to keep.
        """
        newest, published = candidates.newest, candidates.published
        if published is None:
            return candidates
        lock, back = published.lock, published.lock.fcos_version > newest.version
        if back:
            self.note(f"Fedora CoreOS {self.stream} went back to {newest.version}")
        elif lock.kernel.order > newest.kernel.order:
            kernels = f"{newest.kernel.version}, and {lock.kernel.version} is published"
            self.note(f"Fedora CoreOS {newest.version} went back to kernel {kernels}")
        candidates = replace(candidates, went_back=back)
        if lock.fcos_version == newest.version or (back and candidates.policy.allow_downgrade):
            return candidates
        created = made_at(lock.fcos_version, None)
        release = Release(base=lock.base, version=lock.fcos_version, kernel=lock.kernel, created=created)
        return replace(candidates, releases=(*candidates.releases, release))

    def _with_older(self, candidates: "Candidates") -> "Candidates":
        """Add older releases only if neither the newest nor the published one fits."""
        newest, published = candidates.newest, candidates.published
        keeps = candidates.went_back and not candidates.policy.allow_downgrade
        if keeps or judge(candidates, newest).buildable:
            return candidates
        candidates = replace(candidates, matrix=candidates.matrix.with_live(self.ranges(candidates)))
        floor = published.lock.fcos_version if published and not candidates.policy.allow_downgrade else None
        for each in releases.older(self.stream, newest.version, floor, self.note):
            fits = judge(candidates, each).obstacle is Obstacle.GONE
            release = releases.with_image(self.settings, each, self.stream, self.note) if fits else each
            candidates = replace(candidates, releases=(*candidates.releases, release))
            if release.base:
                break
        return candidates

    def _refused(self, candidates: "Candidates") -> KmodsTag | None:
        """Return the pair that would be built now, if its kmods are our own and builds would refuse them; note why."""
        decision = solve(candidates)
        if decision.verdict is not Verdict.BUILD or decision.chosen is None:
            return None
        pair = decision.chosen.kmods_tag
        why = own_kmods.unsigned(self.settings, candidates, pair)
        if not why:
            return None
        self.note(why)
        return pair


def _refusing(candidates: "Candidates", pair: KmodsTag) -> "Candidates":
    """Leave out a pair's kmods; if it is the published pair, read the digest of those that count now."""
    left = candidates.refusing(pair)
    published = left.published
    if published is None or KmodsTag(published.lock.zfs_version, published.lock.kernel) != pair:
        return left
    name = left.kmods.get(pair, "")
    return replace(left, published=replace(published, kmods_digest=registry.digest(name, str(pair)) if name else ""))
