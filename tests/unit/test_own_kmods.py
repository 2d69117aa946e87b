"""Kmods of our own repository: which of them a decision counts, and what it asks to find out."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tasks.clients import registry, signer, workspace
from tasks.flows import gather, releases, versions
from tasks.flows.fallback import Fallback
from tasks.flows.own_kmods import require_accepted
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef, KmodsTag
from tasks.model.request import Request
from tasks.model.signing import HostFiles
from tasks.model.solver.candidates import Candidates
from tasks.model.solver.solve import Verdict, solve
from tasks.model.versions import Kernel
from tests.builders.values import (
    DIGEST,
    KMODS_DIGEST,
    NEW,
    NEWER,
    REPOSITORY,
    ZFS,
    candidates,
    lock,
    published,
    release,
)

if TYPE_CHECKING:
    from tasks.settings.values import Settings

OWN = "ghcr.io/o/n-kmods"
SETTINGS = cast("Settings", SimpleNamespace(own_kmods=OWN))
PAIR = KmodsTag(ZFS, Kernel.parse(NEWER))
KEYED = HostFiles({"etc/pki/cosign/cosign-2.pub": b"", "etc/containers/policy.json": b"{}"})


@dataclass
class Registry:
    """What the registry and containers/image answer, and what they were asked."""

    refusal: str | TaskError = ""
    digests: dict[str, str] = field(default_factory=lambda: {OWN: DIGEST, REPOSITORY: KMODS_DIGEST})
    asked: list[str] = field(default_factory=list)

    def digest(self, name: str, tag: str) -> str:
        """Return what a tag points at."""
        self.asked.append(f"{name}:{tag}")
        return self.digests[name]

    def judged(self, image: ImageRef, _: HostFiles) -> str:
        """Return why a host would refuse an image."""
        self.asked.append(str(image))
        if isinstance(self.refusal, TaskError):
            raise self.refusal
        return self.refusal


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return a registry whose images a shipped key has signed, until a test says otherwise."""
    made = Registry()
    monkeypatch.setattr(registry, "digest", made.digest)
    monkeypatch.setattr(signer, "refusal", made.judged)
    monkeypatch.setattr(workspace, "host_files", lambda: KEYED)
    monkeypatch.setattr(releases, "older", lambda *_: iter(()))
    return made


def own(*pairs: KmodsTag, known: Candidates) -> Candidates:
    """Return the candidates with our own repository as the first that has these pairs."""
    further = {pair: (REPOSITORY,) for pair in pairs if pair in known.kmods}
    return replace(known, kmods={**known.kmods, **dict.fromkeys(pairs, OWN)}, elsewhere=further)


def completed(known: Candidates, *, trusts_kmods: bool = False) -> tuple[Candidates, list[str]]:
    """Return what a decision starts from, and the notes."""
    notes: list[str] = []
    made = Fallback(
        settings=SETTINGS, stream="stable", note=notes.append, ranges=lambda _: {}, trusts_kmods=trusts_kmods
    )
    return made.complete(known), notes


WAITING = own(PAIR, known=candidates("2.4.4", releases=(release(NEWER, NEW),), build_kmods_after_days=1))
SECOND = KmodsTag(ZFS, release().kernel)


def test_only_the_pair_that_would_be_built_is_checked(there: Registry) -> None:
    """Our repository has many tags, and each check is several requests."""
    found, notes = completed(own(PAIR, SECOND, known=WAITING))
    assert (solve(found).verdict, notes) == (Verdict.BUILD, [])
    assert there.asked == [f"{OWN}:{PAIR}", f"{OWN}@{DIGEST}"]


def test_what_will_not_be_built_is_not_checked(there: Registry) -> None:
    """The published pair was checked when it was built; and kmods of others have no signature of ours."""
    stable = published()
    nothing = own(SECOND, known=candidates("2.4.4", stable=stable))
    assert solve(completed(nothing)[0]).verdict is Verdict.SKIP
    assert solve(completed(candidates("2.4.4"))[0]).verdict is Verdict.BUILD
    assert there.asked == []


@pytest.mark.parametrize("why", ["A signature was required, but no signature exists", "invalid signature"])
def test_kmods_that_no_shipped_key_signed_are_absent_and_due(there: Registry, why: str) -> None:
    """A rotation took their key away: a note names them, and this repository builds them again by itself."""
    there.refusal = why
    found, (note,) = completed(WAITING)
    decision = solve(found)
    assert (decision.verdict, decision.kmods_due) == (Verdict.HOLD, PAIR)
    assert note == f"{OWN}:{PAIR} does not count: no key that ships signed it: {why}"


def test_another_repository_s_kmods_of_the_pair_replace_them(there: Registry) -> None:
    """Nothing is due; if the pair is published, it is built again from the other kmods, named by today's digest."""
    there.refusal = "invalid signature"
    known = own(SECOND, known=candidates("2.4.4", stable=replace(published(), kmods_digest=DIGEST)))
    found, _ = completed(known)
    decision = solve(found)
    assert decision.chosen is not None
    assert (decision.chosen.repository, decision.kmods_due) == (REPOSITORY, None)
    assert found.published is not None
    assert found.published.kmods_digest == KMODS_DIGEST
    assert there.asked == [f"{OWN}:{SECOND}", f"{OWN}@{DIGEST}", f"{REPOSITORY}:{SECOND}"]


def test_the_published_pair_without_other_kmods_stays(there: Registry) -> None:
    """Its own kmods are refused: the image stays as it is until they are built again, with the digest of no tag."""
    there.refusal = "invalid signature"
    known = own(SECOND, known=candidates(stable=replace(published(), kmods_digest=DIGEST), build_kmods_after_days=1))
    found, _ = completed(known)
    assert (solve(found).verdict, solve(found).kmods_due) == (Verdict.HOLD, SECOND)
    assert found.published is not None
    assert found.published.kmods_digest == ""


def test_a_registry_that_does_not_answer_is_an_error(there: Registry) -> None:
    """It has refused nothing, so the modules must not seem to be gone."""
    there.refusal = TaskError("the signature could not be checked", "connection refused", "try again")
    with pytest.raises(TaskError, match="connection refused"):
        completed(WAITING)


def test_a_tag_that_is_gone_by_now_is_absent(there: Registry) -> None:
    """The registry listed it a moment ago."""
    there.digests[OWN] = ""
    found, (note,) = completed(WAITING)
    assert note == f"{OWN}:{PAIR} does not count: the registry no longer has it"
    assert PAIR not in found.kmods


def test_without_a_key_own_kmods_do_not_count(there: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """No build could verify them; nothing is asked of containers/image."""
    monkeypatch.setattr(workspace, "host_files", lambda: HostFiles({}))
    _, (note,) = completed(WAITING)
    assert note == f"{OWN}:{PAIR} does not count: no public key ships that could verify it (./inv keygen)"
    assert there.asked == [f"{OWN}:{PAIR}"]


def test_kmods_that_the_user_named_are_not_checked_by_their_tag(there: Registry) -> None:
    """The tag of `--kmods ghcr.io/o/n-kmods@sha256:…` may name others; the build checks the digest."""
    completed(WAITING, trusts_kmods=True)
    assert there.asked == []


@pytest.mark.parametrize("further", [True, False])
def test_the_newest_release_s_kmods_are_those_that_builds_take(
    there: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], further: bool
) -> None:
    """`check-zfs-available` names another repository's, or stops as if our own were missing."""
    there.refusal = "invalid signature"
    known = own(SECOND, known=candidates("2.4.4") if further else candidates())
    monkeypatch.setattr(gather, "policy", lambda *_: known.policy)
    monkeypatch.setattr(gather, "newest_releases", lambda *_: {"stable": known})
    if further:
        assert versions.available(SETTINGS, Request(stream="stable")) == f"{REPOSITORY}:{SECOND}"
    else:
        with pytest.raises(TaskError, match=f"no repository has {SECOND}"):
            versions.available(SETTINGS, Request(stream="stable"))
    assert "does not count: no key that ships signed it" in capsys.readouterr().err


def test_a_lock_that_names_refused_kmods_is_not_built(there: Registry) -> None:
    """It pins a digest, so nothing can replace them; the three lines say how to get a Lock that can be built."""
    there.refusal = "invalid signature"
    locked = replace(lock(), kmods=ImageRef(OWN, DIGEST))
    with pytest.raises(TaskError) as caught:
        require_accepted(SETTINGS, locked)
    assert caught.value.why == "no key that ships signed it: invalid signature"
    assert f"./inv build-kmods --zfs 2.4.4 --kernel {locked.kernel} --push" in caught.value.next
    assert "./inv versions --lock" in caught.value.next
    require_accepted(SETTINGS, lock())  # kmods of others
