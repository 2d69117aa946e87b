"""Gather what exists: every source asked once, side by side."""

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
from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG, ImageRef, KmodsTag, Release, made_at
from tasks.model.lock import Lock, content_digest, created_of, has_lock
from tasks.model.matrix.ranges import KernelRange, Matrix
from tasks.model.request import NEWEST, Request
from tasks.model.solver.candidates import Candidates, Policy, Published
from tasks.model.solver.judge import Obstacle, judge
from tasks.model.solver.solve import Decision, solve
from tasks.model.versions import zfs_stream

if TYPE_CHECKING:
    from datetime import date

    from packaging.version import Version

    from tasks.model.kmods import LocalKmods
    from tasks.settings import Settings

_Answer = TypeVar("_Answer")
_SILENT_SECONDS = 3
_MOST_LIVE = 8
_GITHUB_SECONDS = 5  # so much longer than the registries GitHub may take where it can be done without


def policy(settings: "Settings", request: Request = NEWEST) -> Policy:
    """What the settings and a request ask for; without a key that ships nobody could use kmods built here."""
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
    """What would be built now: everything that exists, judged."""
    return solve(gather(settings, policy(settings, request), request.stream, own))


def content(settings: "Settings") -> str:
    """The digest of what this checkout puts into an image: Containerfile, overlay-root, the list of packages."""
    packages = "packages", "list", "\n".join(settings.packages).encode()
    return content_digest([packages, *workspace.build_inputs()])


def gather(settings: "Settings", wanted: Policy, stream: str = "", own: "LocalKmods | None" = None) -> Candidates:
    """Everything that a decision rests on; with `own` kmods, which were built here, no others count."""
    stream = stream or settings.stream
    sources = _Sources(settings, wanted, read_matrix())
    with side_by_side() as pool:
        tags = pool.submit(kmods.listed, settings, pool, own)
        published = pool.submit(sources.published, tags)
        found = sources.newest(pool, tags, (stream,))[stream]
        found = sources.with_older(replace(found, published=_patiently(published, settings.image)), stream)
    return replace(found, notes=tuple(sorted(sources.notes)))


def newest_releases(settings: "Settings", wanted: Policy, streams: Iterable[str]) -> dict[str, Candidates]:
    """By stream, the newest release alone with everything that it could be built with; nothing published."""
    sources = _Sources(settings, wanted, read_matrix())
    with side_by_side() as pool:
        found = sources.newest(pool, pool.submit(kmods.listed, settings, pool), tuple(streams))
    return {stream: replace(each, notes=tuple(sorted(sources.notes))) for stream, each in found.items()}


@contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """A pool that nobody waits for: one failure, or Ctrl-C, does not wait for a slow other."""
    pool = ThreadPoolExecutor(16)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _patiently(asked: "Future[_Answer]", source: str) -> _Answer:
    """An answer, and after a while a word about what is waited for."""
    if wait([asked], timeout=_SILENT_SECONDS).not_done:
        say(f"waiting for {source}; Ctrl-C ends it")
    return asked.result()


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of one decision; `notes` names those that could not be asked."""

    settings: "Settings"
    policy: Policy
    matrix: Matrix
    notes: list[str] = field(default_factory=list)

    def newest(
        self, pool: ThreadPoolExecutor, tags: "Future[Mapping[KmodsTag, str]]", streams: tuple[str, ...]
    ) -> dict[str, Candidates]:
        """Candidates of each stream with its newest release; what the streams share is asked for once."""
        newest = {stream: pool.submit(releases.newest, self.settings, stream, self.notes.append) for stream in streams}
        live = pool.submit(self.live_ranges, tags, pool)
        zfs = pool.submit(api.openzfs_releases)
        now, own = datetime.now(UTC), content(self.settings)
        found = {stream: _patiently(release, f"Fedora CoreOS {stream}") for stream, release in newest.items()}
        pairs = _patiently(tags, f"the tags of {' and '.join(self.settings.kmods)}")
        matrix = self.matrix.with_live(_patiently(live, "OpenZFS's META files"))
        known = self.known_zfs(zfs, pairs)
        return {
            stream: Candidates(
                releases=(release,), zfs_releases=known, kmods=pairs, matrix=matrix, policy=self.policy,
                published=None, content=own, now=now,
            )
            for stream, release in found.items()
        }  # fmt: skip

    def live_ranges(
        self, pairs: "Future[Mapping[KmodsTag, str]]", pool: ThreadPoolExecutor
    ) -> Mapping["Version", KernelRange]:
        """What META says of the releases that have kmods and that the matrix lacks."""
        built = {tag.zfs for tag in pairs.result() if zfs_stream(tag.zfs) in self.policy.zfs_streams}
        lacking = sorted(built - set(self.matrix.ranges), reverse=True)[:_MOST_LIVE]
        return {zfs: found for zfs, found in zip(lacking, pool.map(self._meta, lacking), strict=True) if found}

    def unbuilt_ranges(self, found: Candidates) -> Mapping["Version", KernelRange]:
        """What META says of each line's newest release where the matrix lacks it: kmods of it could be built here."""
        if self.policy.build_kmods_after_days is None:
            return {}
        newest = {zfs_stream(zfs): zfs for zfs in reversed(found.preferred)}.values()
        lacking = [zfs for zfs in newest if zfs not in found.matrix.ranges]
        return {zfs: live for zfs in lacking if (live := self._meta(zfs))}

    def _meta(self, zfs: "Version") -> KernelRange | None:
        try:
            return api.openzfs_meta(zfs)
        except TaskError as error:
            self._without(error, f"only the matrix says what OpenZFS {zfs} supports")
            return None

    def known_zfs(
        self, asked: "Future[dict[Version, date | None]]", pairs: Mapping[KmodsTag, str]
    ) -> tuple["Version", ...]:
        """OpenZFS's releases; without GitHub those that kmods and matrix know."""
        instead = "the OpenZFS releases that kmods and matrix know are taken"
        try:
            return tuple(asked.result(timeout=_GITHUB_SECONDS))
        except TimeoutError:
            self.notes.append(f"GitHub takes long to list OpenZFS's releases; {instead}")
        except TaskError as error:
            self._without(error, instead)
        return tuple(sorted({tag.zfs for tag in pairs} | set(self.matrix.ranges)))

    def published(self, pairs: "Future[Mapping[KmodsTag, str]]") -> Published | None:
        """What the public tag holds, and today's digest of its kmods; None where there is nothing to be seen."""
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
            self.notes.append(f"{name} was not built by these recipes: nothing guards against going back")
            return None
        try:
            lock, created = Lock.from_labels(image.labels, name), created_of(image.labels, name)
        except TaskError as error:
            if not self.policy.allow_downgrade:
                hint = "--allow-downgrade goes on without knowing what is published"
                raise TaskError(error.what, error.why, hint) from error
            self._without(error, "nothing guards against going back")
            return None
        pair = KmodsTag(lock.zfs_version, lock.kernel)
        repository = pairs.result().get(pair, "")
        kmods_digest = registry.digest(repository, str(pair)) if repository else ""  # two requests; skopeo makes four
        return Published(
            image=ImageRef(image.name, image.digest), lock=lock, created=created, kmods_digest=kmods_digest
        )

    def with_older(self, found: Candidates, stream: str) -> Candidates:
        """Add the published release, and older ones only if neither the newest nor the published one fits."""
        newest, published = found.newest, found.published
        if published and published.lock.fcos_version > newest.version:
            self.notes.append(f"Fedora CoreOS {stream} went back to {newest.version}")
        found = _beside(found, published)
        if judge(found, newest).buildable or found.newest != newest:
            return found
        found = replace(found, matrix=found.matrix.with_live(self.unbuilt_ranges(found)))
        floor = published.lock.fcos_version if published and not self.policy.allow_downgrade else None
        for each in releases.older(stream, newest.version, floor, self.notes.append):
            fits = judge(found, each).obstacle is Obstacle.GONE
            release = releases.with_image(self.settings, each) if fits else each
            found = replace(found, releases=(*found.releases, release))
            if release.base:
                break
        return found

    def _without(self, error: TaskError, instead: str) -> None:
        self.notes.append(f"{error.what}: {error.why}; {instead}")


def _beside(found: Candidates, published: Published | None) -> Candidates:
    """The published release as a candidate, from its own Lock; a newer one than the stream's only to stay with."""
    if published is None or published.lock.fcos_version == found.newest.version:
        return found
    lock = published.lock
    if lock.fcos_version > found.newest.version and found.policy.allow_downgrade:
        return found
    created = made_at(lock.fcos_version, None)
    release = Release(base=lock.base, version=lock.fcos_version, kernel=lock.kernel, created=created)
    return replace(found, releases=(*found.releases, release))
