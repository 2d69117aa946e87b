"""The preconditions for moving stable: each is named if it fails, and only then."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.version import Version

from tasks.model.contract.inspection import VERSION
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.registry import record
from tasks.model.registry.preconditions import NOTHING, Standing, Waivers, preconditions
from tasks.model.solver.ranges import PairSupport, Support
from tests.builders.values import DIGEST, lock

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
IMAGE = ImageRef("ghcr.io/o/n", DIGEST)
OLD = "sha256:" + "c" * 64
GOOD = Standing(
    image=IMAGE,
    lock=lock(),
    records=(record.verified(NOW, VERSION, 32, ""),),
    support=PairSupport(support=Support.SUPPORTED, reason="it fits"),
    block="",
    refusal="",
    stranded="",
    attestation=None,
    public=OLD,
    public_lock=lock(),
    expected=OLD,
)


def failed(leave: Waivers | None = None, /, **changes: object) -> list[str]:
    """Return the names of the preconditions that do not hold."""
    found = preconditions(replace(GOOD, **changes), leave or Waivers())  # type: ignore[arg-type]  # each its field's type
    return [check.name for check in found.failed]


def older(**changes: object) -> object:
    return replace(lock(), **changes)  # type: ignore[arg-type]  # each its field's type


def test_a_good_image_may_be_promoted() -> None:
    """That includes the first one ever, and one with a required attestation."""
    assert failed() == []
    assert failed(public=NOTHING, expected=NOTHING, public_lock=None) == []
    assert failed(attestation="") == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"records": ()}, "contract"),
        ({"records": (record.verified(NOW, "0", 32, ""),)}, "contract"),
        ({"refusal": "A signature was required, but no signature exists"}, "signature"),
        ({"stranded": "it is signed by cosign-2.pub"}, "machines"),
        ({"support": PairSupport(support=Support.UNSUPPORTED, reason="too new")}, "pair"),
        ({"support": PairSupport(support=Support.UNKNOWN, reason="newer than the matrix")}, "pair"),
        ({"block": "it panics"}, "blocked"),
        ({"attestation": "no attestation is attached"}, "attestation"),
        ({"lock": older(fcos_version=Version("44.20261103.3.0"))}, "age"),
        ({"lock": older(zfs_version=Version("2.3.9"))}, "age"),
        ({"public": "sha256:" + "d" * 64}, "expected"),
        ({"public": NOTHING}, "expected"),
    ],
)
def test_each_precondition_fails_alone_and_by_name(changes: dict[str, object], name: str) -> None:
    """The error says what is wrong, and that nothing changed."""
    assert failed(**changes) == [name]
    with pytest.raises(TaskError) as caught:
        preconditions(replace(GOOD, **changes), Waivers()).require("stable", IMAGE)  # type: ignore[arg-type]
    assert f"{name}: " in caught.value.why
    assert "nothing was changed" in caught.value.next


def test_a_tag_that_moved_is_shown_with_both_digests() -> None:
    """A tag that does not exist is called nothing."""
    for public, expected, fault in (
        (OLD, NOTHING, f"another run moved it to {OLD}; expected was nothing"),
        (NOTHING, OLD, f"another run moved it to nothing; expected was {OLD}"),
    ):
        found = preconditions(replace(GOOD, public=public, expected=expected), Waivers())
        assert [check.fault for check in found.failed] == [fault]


@pytest.mark.parametrize(
    ("attestation", "promise"), [(None, "not required outside GitHub Actions"), ("", "built by the workflow")]
)
def test_an_attestation_is_promised_only_where_one_is_required(attestation: str | None, promise: str) -> None:
    """A build at home has none."""
    found = preconditions(replace(GOOD, attestation=attestation), Waivers())
    assert next(check.promise for check in found.checks if check.name == "attestation") == promise


def test_a_step_back_leaves_out_age_and_the_newest_contract_alone() -> None:
    """Signature, blocks and everything else also apply to a rollback."""
    back = Waivers(allow_downgrade=True, any_contract=True)
    old = {"lock": older(zfs_version=Version("2.3.9")), "records": (record.verified(NOW, "0", 32, ""),)}
    assert failed(back, **old) == []
    assert failed(back, **old, refusal="no", block="bad") == ["signature", "blocked"]
    assert failed(back, records=()) == ["contract"]
    assert failed(back, stranded="other keys") == ["machines"]


def test_only_that_word_leaves_machines_behind() -> None:
    """After a theft of all keys nothing else is left; the new image must still be accepted by its own policy."""
    leave = Waivers(strand_hosts=True)
    assert failed(leave, stranded="other keys") == []
    assert failed(leave, stranded="other keys", refusal="no", lock=older(zfs_version=Version("2.3.9"))) == [
        "signature",
        "age",
    ]


def test_the_contract_is_run_only_where_nothing_else_is_wrong() -> None:
    """An unsigned image gets no record that it was verified."""
    assert preconditions(replace(GOOD, records=()), Waivers()).lacks_only_the_contract
    assert not preconditions(replace(GOOD, records=(), refusal="no"), Waivers()).lacks_only_the_contract


BACK = Waivers(allow_downgrade=True, any_contract=True)


@pytest.mark.parametrize(
    ("fault", "leave", "following"),
    [
        ({"block": "it panics"}, Waivers(), "fix that, then run it again"),
        ({"refusal": "no signature"}, Waivers(), "publish it again with a key that ships: ./inv publish --rebuild"),
        ({"stranded": "other keys"}, Waivers(), "or - for the backup key; after a theft of all keys: --strand-hosts"),
        ({"refusal": "no signature", "stranded": "other keys"}, Waivers(), "./inv publish --rebuild"),
        ({"refusal": "no signature"}, BACK, "./inv publish --allow-downgrade"),
        ({"stranded": "other keys"}, BACK, "./inv publish --allow-downgrade"),
        ({"expected": NOTHING}, BACK, "fix that, then run it again"),
    ],
)
def test_what_to_do_after_a_rotation_is_said(fault: dict[str, object], leave: Waivers, following: str) -> None:
    """An image of an old key cannot be signed again; a rollback has neither --key nor --strand-hosts."""
    with pytest.raises(TaskError) as caught:
        preconditions(replace(GOOD, **fault), leave).require("stable", IMAGE, leave)  # type: ignore[arg-type]
    assert caught.value.next.startswith("nothing was changed; ")
    assert caught.value.next.endswith(following)
    assert ("--strand-hosts" in caught.value.next) is (following.endswith("--strand-hosts"))
