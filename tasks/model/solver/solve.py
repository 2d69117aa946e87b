"""Decide what to build: Candidates → Decision. Pure; the order of the input does not matter."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from packaging.version import Version

from tasks.model.errors import TaskError
from tasks.model.image import KmodsTag, Release, made_at
from tasks.model.lock import fingerprint
from tasks.model.solver.candidates import Candidates, Published
from tasks.model.solver.judge import Obstacle, Option, judge, kmods_due
from tasks.model.solver.ranges import PairSupport
from tasks.model.words import age


class Verdict(StrEnum):
    """The result of a decision; the README explains the verdicts."""

    BUILD = "BUILD"
    SKIP = "SKIP"
    HOLD = "HOLD"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The verdict and its sentences, newest release first; `chosen` is the pair to build, or the published one.

    `kmods_due` is the pair whose kmods this repository should build now; the verdict is the one without them. `overdue`
    is the sentence that the newest release has waited too long, also while the published pair is built again.
    """

    verdict: Verdict
    options: tuple[Option, ...]
    chosen: Option | None
    published: Published | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    kmods_due: KmodsTag | None
    overdue: str = ""
    withdrawn: Version | None = None  # the published OpenZFS, if it is no release any more

    def require_answer(self) -> None:
        """Stop with the reasons if nothing fits."""
        if self.verdict is Verdict.BLOCKED:
            raise TaskError(
                f"nothing can be built from Fedora CoreOS {self.options[0].release.version}", "; ".join(self.reasons),
                self.hint,
            )  # fmt: skip

    def require_buildable(self) -> None:
        """Stop with the reasons unless there is something to build."""
        self.require_answer()
        if self.verdict is Verdict.HOLD and self.published is None:
            raise TaskError("nothing to build: the modules do not exist yet", "; ".join(self.reasons), self.hint)
        if self.verdict is Verdict.HOLD:
            hint = "nothing to do; try again tomorrow, or build the published image again with --rebuild"
            raise TaskError(
                "nothing to build: the published image is the newest that can be built today",
                "; ".join(self.reasons),
                hint,
            )

    @property
    def support(self) -> PairSupport:
        """The matrix's verdict on the chosen pair."""
        if self.chosen is None:
            raise ValueError("nothing was chosen")
        return self.chosen.support

    def is_published(self, option: Option) -> bool:
        """Whether the published image is built from this pair."""
        return _is_published(self.published, option)

    @property
    def hint(self) -> str:
        """The next step if nothing can be built."""
        if any(option.obstacle is Obstacle.BLOCKED for option in self.options):
            return (
                "if the block no longer applies: ./inv block --unblock …; or build an older release: --allow-downgrade"
            )
        if any(option.obstacle is Obstacle.MATRIX for option in self.options):
            return "./inv sync-matrix refreshes the matrix; --force ignores it, but the build may fail"
        later = "try again tomorrow; ./inv forecast shows what is coming"
        awaited = next((option for option in self.options if option.awaits_kmods), None)
        if awaited is None:
            return later
        return f"{later}; or build the modules: ./inv build-kmods --zfs {awaited.zfs} --kernel {awaited.release.kernel}"


def solve(candidates: Candidates) -> Decision:
    """Choose the newest release with a buildable pair; never one older than what is published."""
    ordered = sorted(candidates.releases, key=lambda release: release.version, reverse=True)
    options = _down_to_the_first_buildable(candidates, ordered)
    chosen = next((option for option in options if option.buildable), None)
    due = kmods_due(candidates, options)
    verdict, sentence = _verdict(candidates, options, chosen, due)
    sentences = [_sentence(candidates, option) for option in options if option is not chosen]
    return Decision(
        verdict=verdict,
        options=options,
        chosen=chosen,
        published=candidates.published,
        reasons=(*sentences, *_due_reasons(due), sentence),
        notes=(*candidates.notes, *candidates.idle_blocks),
        kmods_due=due,
        overdue=_overdue(candidates, chosen, due),
        withdrawn=candidates.withdrawn,
    )


def _down_to_the_first_buildable(candidates: Candidates, ordered: list[Release]) -> tuple[Option, ...]:
    options: list[Option] = []
    for release in ordered:
        options.append(judge(candidates, release))
        if options[-1].buildable:
            break
    return tuple(options)


def _due_reasons(due: KmodsTag | None) -> tuple[str, ...]:
    return (f"modules of OpenZFS {due.zfs} for {due.kernel} are due: this repository builds them",) if due else ()


def _verdict(
    candidates: Candidates, options: tuple[Option, ...], chosen: Option | None, due: KmodsTag | None
) -> tuple[Verdict, str]:
    published = candidates.published
    if chosen is None:
        return _without_choice(candidates, options, due)
    if published is None or not _is_published(published, chosen):
        return Verdict.BUILD, f"{chosen.sentence} and will be built; {_instead_of(published)}"
    block = candidates.matrix.block_of_content(_inputs(chosen, published, candidates))
    if block:
        blocked = f"{chosen.release} with OpenZFS {chosen.zfs} would be built from blocked content: {block}"
        return _hold(candidates, published, due) if due else (Verdict.BLOCKED, blocked)
    why = _why_again(candidates, published, chosen)
    if why:
        return Verdict.BUILD, f"{chosen.release} with OpenZFS {chosen.zfs} is published, and will be built again: {why}"
    if chosen.release == options[0].release:
        since = age(candidates.now, published.created)
        sentence = f"{chosen.release} with OpenZFS {chosen.zfs} was published {since} ago, and nothing has changed"
        return Verdict.SKIP, sentence
    return _hold(candidates, published, due)


def _without_choice(candidates: Candidates, options: tuple[Option, ...], due: KmodsTag | None) -> tuple[Verdict, str]:
    """The verdict if nothing can be built: the published image stays, unless there is none or it is blocked."""
    published = candidates.published
    if published is None and due:
        return Verdict.HOLD, "nothing is published yet"
    if published is None:
        return Verdict.BLOCKED, "no image is published either"
    if not due and any(option.obstacle is Obstacle.BLOCKED and _is_published(published, option) for option in options):
        return Verdict.BLOCKED, "the published image is blocked, and nothing newer can be built"
    return _hold(candidates, published, due)


def _hold(candidates: Candidates, published: Published, due: KmodsTag | None) -> tuple[Verdict, str]:
    """HOLD while the newest release waits; BLOCKED if it waits too long, unless its kmods are built now."""
    lock = published.lock
    stays = f"{lock.fcos_version} (kernel {lock.kernel.version}) with OpenZFS {lock.zfs_version} is published"
    waited = _waited(candidates, published, due)
    return (Verdict.BLOCKED, f"{stays}; {waited}") if waited else (Verdict.HOLD, stays)


def _waited(candidates: Candidates, published: Published, due: KmodsTag | None) -> str:
    """Say that a newer release has waited longer than `hold_days`, or that the stream went back behind so old a one.

    No source says when a stream went back.
    """
    newest, policy, version = candidates.newest, candidates.policy, published.lock.fcos_version
    limit = timedelta(days=policy.hold_days)
    if candidates.went_back:
        lasts = not policy.allow_downgrade and candidates.now - made_at(version, None) > limit
        return f"the stream is behind it, and it is older than hold_days, {policy.hold_days}" if lasts else ""
    if due or newest.version <= version or candidates.now - newest.created <= limit:
        return ""
    return f"the newest release has waited longer than hold_days, {policy.hold_days}"


def _overdue(candidates: Candidates, chosen: Option | None, due: KmodsTag | None) -> str:
    """Say that the newest release has waited too long, if this decision does not change that."""
    published = candidates.published
    moves = chosen is not None and chosen.release == candidates.newest and not _is_published(published, chosen)
    return "" if published is None or moves else _waited(candidates, published, due)


def _why_again(candidates: Candidates, published: Published, chosen: Option) -> str:
    """Why the published pair is built again; empty if it is not."""
    policy, block = candidates.policy, candidates.matrix.block_of_content(published.image.digest)
    if policy.rebuild or policy.force:
        return "a rebuild was requested"
    if block:
        return str(block)
    if _inputs(chosen, published, candidates) != published.lock.inputs:
        return _change(published, chosen)
    if candidates.now - published.created >= timedelta(days=policy.rebuild_after_days):
        return f"it is {age(candidates.now, published.created)} old, and package fixes are due"
    return ""


def _change(published: Published, chosen: Option) -> str:
    if published.lock.base != chosen.release.base:
        return "the base image was rebuilt"
    if published.lock.kmods.digest != published.kmods_digest:
        return "the kmods image was rebuilt"
    return "the Containerfile, overlay-root or the packages changed"


def _inputs(chosen: Option, published: Published, candidates: Candidates) -> str:
    """The fingerprint that the published pair would have if it were built now."""
    base = chosen.release.base.digest if chosen.release.base else ""
    return fingerprint(base, published.kmods_digest, candidates.content)


def _is_published(published: Published | None, option: Option) -> bool:
    if published is None:
        return False
    lock, release = published.lock, option.release
    return (lock.fcos_version, lock.kernel, lock.zfs_version) == (release.version, release.kernel, option.zfs)


def _instead_of(published: Published | None) -> str:
    if published is None:
        return "nothing is published yet"
    return f"{published.lock.fcos_version} with OpenZFS {published.lock.zfs_version} is published"


def _sentence(candidates: Candidates, option: Option) -> str:
    """The sentence about a release that is not chosen."""
    if _is_published(candidates.published, option):
        return f"{option.release} with OpenZFS {option.zfs} is published; it cannot be built again: {option.sentence}"
    return option.sentence
