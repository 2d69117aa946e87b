"""Attestations: one good statement is enough."""

import pytest

from tasks.model.registry.attestation import PROVENANCE
from tasks.model.registry.attestation import fault as attestation_fault

DIGEST, OTHER, THIRD = (f"sha256:{letter * 64}" for letter in "abc")


def statement(digest: str = DIGEST, kind: str = PROVENANCE) -> object:
    return {"subject": [{"name": "n", "digest": {"sha256": digest[7:]}}], "predicateType": kind}


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([statement()], ""),
        ([None, statement()], ""),
        ([], "no attestation is attached"),
        ([None], "has no statement"),
        ([{}], "for another digest"),
        ([{"subject": "x"}], "for another digest"),
        ([{"subject": [{"digest": "x"}]}], "for another digest"),
        ([statement("sha256:" + "b" * 64)], "for another digest"),
        ([statement(kind="https://spdx.dev/Document")], "has the kind"),
    ],
)
def test_an_attestation_is_held_against_digest_and_kind(found: list[object], fault: str) -> None:
    """One good statement is enough."""
    assert fault in attestation_fault(found, DIGEST) if fault else attestation_fault(found, DIGEST) == ""
