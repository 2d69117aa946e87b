"""Attestations, as far as they can be checked offline: in-toto statements, version 1."""

from collections.abc import Iterable

PROVENANCE = "https://slsa.dev/provenance/v1"


def fault(statements: Iterable[object], digest: str, predicate: str = PROVENANCE) -> str:
    """The fault of the statements about a digest; empty if one has it as subject and is of the right kind."""
    faults = [_fault(statement, digest, predicate) for statement in statements]
    return "" if "" in faults else next(iter(faults), "no attestation is attached")


def _fault(statement: object, digest: str, predicate: str) -> str:
    if not isinstance(statement, dict):
        return "the attestation has no statement"
    subjects = statement.get("subject")
    rows = subjects if isinstance(subjects, list) else []
    named = {_sha256(row) for row in rows}
    if digest.removeprefix("sha256:") not in named:
        return "the attestation is for another digest"
    kind = statement.get("predicateType")
    return "" if kind == predicate else f"the attestation has the kind {kind!r}, not {predicate}"


def _sha256(row: object) -> str:
    digest = row.get("digest") if isinstance(row, dict) else None
    return str(digest.get("sha256", "")) if isinstance(digest, dict) else ""
