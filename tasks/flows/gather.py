"""Gather what exists: query every source once, concurrently."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from tasks.clients import registry, skopeo, workspace
from tasks.clients.github import api
from tasks.clients.matrix import read_matrix
from tasks.console import say
from tasks.flows import kmods, releases
from tasks.flows.fallback import Fallback
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef, KmodsTag, Release
from tasks.model.lock import Lock, content_digest, created_of, has_lock
from tasks.model.request import NEWEST, Request
from tasks.model.solver.candidates import Candidates, Policy, Published
from tasks.model.solver.ranges import KernelRange, Matrix
from tasks.model.solver.solve import Decision, solve
from tasks.model.versions import zfs_stream

if TYPE_CHECKING:
    from datetime import date

    from packaging.version import Version

    from tasks.flows.kmods import Repositories
    from tasks.model.kmods import LocalKmods
    from tasks.settings.values import Settings

_Answer = TypeVar("_Answer")
_SILENT_SECONDS = 3
_MOST_LIVE = 8
_GITHUB_SECONDS = 5  # how much longer than the registries GitHub may take for an answer that is not essential


def policy(settings: "Settings", request: Request = NEWEST) -> Policy:
    """Combine the settings with a request; if no key ships, kmods built here could not be used, so none are built."""
    return Policy(
        zfs_streams=(request.zfs_stream,) if request.zfs_stream else settings.zfs_streams,
        hold_days=settings.hold_days,
        rebuild_after_days=settings.rebuild_after_days,
        build_kmods_after_days=settings.build_kmods_after_days if workspace.host_files().has_key else None,
        rebuild=request.rebuild,
        force=request.force,
        allow_downgrade=request.allow_downgrade,
    )


def decide(settings: "Settings", request: Request = NEWEST, own: "LocalKmods | None" = None) -> Decision:
    """Gather everything that exists and decide what to build now."""
    return solve(gather(settings, policy(settings, request), request.stream, own))


def content(settings: "Settings") -> str:
    """Return the digest of what this checkout puts into an image: Containerfile, overlay-root, list of packages."""
    packages = "packages", "list", "\n".join(settings.packages).encode()
    return content_digest([packages, *workspace.build_inputs()])


def gather(settings: "Settings", policy: Policy, stream: str = "", own: "LocalKmods | None" = None) -> Candidates:
    """Gather everything that a decision needs; if `own` kmods (built here) are given, only they count."""
    stream = stream or settings.stream
    sources = _Sources(settings, policy, read_matrix())
    with side_by_side() as pool:
        tags = pool.submit(kmods.listed, settings, pool, own)
        published = pool.submit(sources.published, tags)
        candidates = sources.newest(pool, tags, (stream,))[stream]
        candidates = replace(candidates, published=_patiently(published, settings.image)).with_published_zfs()
        if candidates.withdrawn:
            why = "is published, and GitHub does not list it as a release any more; it stays a candidate"
            sources.notes.append(f"OpenZFS {candidates.withdrawn} {why}")
        candidates = sources.fallback(stream, trusts_kmods=own is not None).complete(candidates)
    return replace(candidates, notes=sources.sorted_notes)


def newest_releases(settings: "Settings", policy: Policy, streams: Iterable[str]) -> dict[str, Candidates]:
    """For each stream, gather its newest release and what it could be built with, but not what is published.

    The first stream must answer; another one that does not is left out, with a note.
    """
    sources = _Sources(settings, policy, read_matrix())
    with side_by_side() as pool:
        candidates = sources.newest(pool, pool.submit(kmods.listed, settings, pool), tuple(streams))
    return {stream: replace(each, notes=sources.sorted_notes) for stream, each in candidates.items()}


@contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Yield a pool that is abandoned on exit, so a failure or Ctrl-C does not wait for a slow source."""
    pool = ThreadPoolExecutor(16)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _patiently(answer: "Future[_Answer]", source: str) -> _Answer:
    """Wait for an answer; after a few seconds, say which source is slow."""
    if wait([answer], timeout=_SILENT_SECONDS).not_done:
        say(f"waiting for {source}; press Ctrl-C to stop")
    return answer.result()


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of one decision; `notes` names those that did not answer."""

    settings: "Settings"
    policy: Policy
    matrix: Matrix
    notes: list[str] = field(default_factory=list)

    @property
    def sorted_notes(self) -> tuple[str, ...]:
        """The notes, each once: what is read again may fail again."""
        return tuple(sorted(set(self.notes)))

    def fallback(self, stream: str, *, trusts_kmods: bool) -> Fallback:
        """Return what completes the candidates of a stream from these sources."""
        return Fallback(
            settings=self.settings, stream=stream, note=self.notes.append, ranges=self.unbuilt_ranges,
            trusts_kmods=trusts_kmods,
        )  # fmt: skip

    def newest(
        self, pool: ThreadPoolExecutor, tags: "Future[Repositories]", streams: tuple[str, ...]
    ) -> dict[str, Candidates]:
        """Return the candidates of each stream with its newest release; query what the streams share once."""
        newest = {stream: pool.submit(releases.newest, self.settings, stream, self.notes.append) for stream in streams}
        live = pool.submit(self.live_ranges, tags, pool)
        zfs = pool.submit(api.openzfs_releases)
        now, own = datetime.now(UTC), content(self.settings)
        released = self.released(newest, streams[0])
        pairs = _patiently(tags, f"the tags of {' and '.join(self.settings.kmods)}")
        matrix = self.matrix.with_live(_patiently(live, "OpenZFS's META files"))
        known, answered = self.known_zfs(zfs)
        return {
            stream: Candidates(
                releases=(release,), zfs_releases=known, kmods={pair: names[0] for pair, names in pairs.items()},
                elsewhere={pair: names[1:] for pair, names in pairs.items()}, matrix=matrix, policy=self.policy,
                published=None, content=own, now=now, zfs_listed=answered,
            )
            for stream, release in released.items()
        }  # fmt: skip

    def released(self, newest: Mapping[str, "Future[Release]"], essential: str) -> dict[str, Release]:
        """Return the newest release of each stream that could be read."""
        found = {}
        for stream, release in newest.items():
            try:
                found[stream] = _patiently(release, f"Fedora CoreOS {stream}")
            except TaskError as error:
                if stream == essential:
                    raise
                self._without(error, f"nothing is known about {stream}")
        return found

    def live_ranges(self, pairs: "Future[Repositories]", pool: ThreadPoolExecutor) -> Mapping["Version", KernelRange]:
        """Read from META which kernels support the releases that have kmods but are missing in the matrix."""
        built = {tag.zfs for tag in pairs.result() if zfs_stream(tag.zfs) in self.policy.zfs_streams}
        lacking = sorted(built - set(self.matrix.ranges), reverse=True)[:_MOST_LIVE]
        return {zfs: live for zfs, live in zip(lacking, pool.map(self._meta, lacking), strict=True) if live}

    def unbuilt_ranges(self, candidates: Candidates) -> Mapping["Version", KernelRange]:
        """Read META for each line's newest release that the matrix lacks, since its kmods could be built here."""
        if self.policy.build_kmods_after_days is None:
            return {}
        newest = {zfs_stream(zfs): zfs for zfs in reversed(candidates.preferred)}.values()
        lacking = [zfs for zfs in newest if zfs not in candidates.matrix.ranges]
        return {zfs: live for zfs in lacking if (live := self._meta(zfs))}

    def _meta(self, zfs: "Version") -> KernelRange | None:
        try:
            return api.openzfs_meta(zfs, self.matrix.ranges.values())
        except TaskError as error:
            self._without(error, f"only the matrix decides which kernels OpenZFS {zfs} supports")
            return None

    def known_zfs(self, listing: "Future[dict[Version, date | None]]") -> tuple[tuple["Version", ...], bool]:
        """Return OpenZFS's releases, and whether GitHub lists them; else the matrix's: kmods may be of a prerelease."""
        instead = "using the OpenZFS releases of the matrix, but none newer than the published one"
        try:
            return tuple(listing.result(timeout=_GITHUB_SECONDS)), True
        except TimeoutError:
            self.notes.append(f"GitHub is slow to list OpenZFS's releases; {instead}")
        except TaskError as error:
            self._without(error, instead)
        return tuple(sorted(self.matrix.ranges)), False

    def published(self, pairs: "Future[Repositories]") -> Published | None:
        """Read the image at the public tag, and today's digest of its kmods; None if it has no readable Lock."""
        name = f"{self.settings.image}:{PUBLIC_TAG}"
        try:
            image = skopeo.find(self.settings.image, PUBLIC_TAG)
        except registry.HiddenError as error:
            self.notes.append(f"{error.what}: {error.why}")
            return None
        if image is None:
            self.notes.append(f"{name} does not exist yet")
            return None
        if not has_lock(image.labels):
            self.notes.append(f"{name} was not built by these recipes, so nothing prevents a downgrade")
            return None
        try:
            lock, created = Lock.from_labels(image.labels, name), created_of(image.labels, name)
        except TaskError as error:
            if not self.policy.allow_downgrade:
                hint = "continue without that knowledge: --allow-downgrade"
                raise TaskError(error.what, error.why, hint) from error
            self._without(error, "nothing prevents a downgrade")
            return None
        pair = KmodsTag(lock.zfs_version, lock.kernel)
        repository = next(iter(pairs.result().get(pair, ())), "")
        kmods_digest = registry.digest(repository, str(pair)) if repository else ""  # two requests; skopeo needs four
        return Published(
            image=ImageRef(image.name, image.digest), lock=lock, created=created, kmods_digest=kmods_digest
        )

    def _without(self, error: TaskError, instead: str) -> None:
        self.notes.append(f"{error.what}: {error.why}; {instead}")
