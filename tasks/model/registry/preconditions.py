"""What must hold at the moment in which the public tag is moved to a digest."""

from dataclasses import dataclass

from tasks.model.contract import VERSION, Check, Report
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import Lock
from tasks.model.matrix.ranges import PairSupport, Support
from tasks.model.registry.record import Kind, Record, is_verified

NOTHING = ""  # the digest of a tag that does not exist


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of an image in the registry, and of the public tag that it is to get."""

    image: ImageRef
    lock: Lock
    records: tuple[Record, ...]
    support: PairSupport
    block: str  # what blocks it, or nothing
    refusal: str  # why a host would refuse it, or nothing
    attestation: str | None  # what is wrong with its attestation, or nothing; None where none is asked for
    public: str  # digest that the public tag has, or NOTHING
    public_lock: Lock | None  # of that image, where it has one
    expected: str  # digest that the public tag should have


@dataclass(frozen=True, kw_only=True, slots=True)
class Waivers:
    """What a user, or a step back, may leave out."""

    allow_downgrade: bool = False
    any_contract: bool = False  # an older contract than today's is enough


@dataclass(frozen=True, slots=True)
class Preconditions(Report):
    """Every precondition with what is wrong with it."""

    @property
    def lacks_only_the_contract(self) -> bool:
        """Whether running the contract now is all that is missing."""
        return [check.name for check in self.failed] == ["contract"]

    def require(self, tag: str, image: ImageRef) -> None:
        """Stop, with everything named, unless all hold."""
        if self.failed:
            why = "; ".join(f"{check.name}: {check.fault}" for check in self.failed)
            raise TaskError(f"{tag} is not moved to {image}", why, "nothing was changed; fix that, then run it again")


def preconditions(found: Standing, leave: Waivers) -> Preconditions:
    """Hold an image against everything that the public tag promises."""
    return Preconditions(
        (
            Check(name="contract", promise="the contract was kept", fault=_contract(found, leave)),
            Check(name="signature", promise="hosts accept the signature", fault=found.refusal),
            Check(name="pair", promise="OpenZFS supports the kernel", fault=_pair(found)),
            Check(name="blocked", promise="nothing blocks it", fault=found.block),
            _attestation(found),
            Check(
                name="age", promise="not older than what is there", fault="" if leave.allow_downgrade else _age(found)
            ),
            Check(name="expected", promise="nobody else moved the tag", fault=_expected(found)),
        )
    )


def _contract(found: Standing, leave: Waivers) -> str:
    if is_verified(found.records, VERSION):
        return ""
    if leave.any_contract and any(record.kind is Kind.VERIFIED for record in found.records):
        return ""
    return f"no record says that it kept contract {VERSION}"


def _attestation(found: Standing) -> Check:
    promise = "not asked for outside GitHub Actions" if found.attestation is None else "built by the workflow"
    return Check(name="attestation", promise=promise, fault=found.attestation or "")


def _pair(found: Standing) -> str:
    return found.support.reason if found.support.support is Support.UNSUPPORTED else ""


def _age(found: Standing) -> str:
    there, lock = found.public_lock, found.lock
    if there is None:
        return ""
    older = lock.fcos_version < there.fcos_version
    if older:
        return f"Fedora CoreOS {lock.fcos_version} is older than {there.fcos_version}; --allow-downgrade goes back"
    if lock.zfs_version < there.zfs_version:
        return f"OpenZFS {lock.zfs_version} is older than {there.zfs_version}; --allow-downgrade goes back"
    return ""


def _expected(found: Standing) -> str:
    if found.public == found.expected:
        return ""
    return f"another run moved it: it has {found.public or 'nothing'}, expected was {found.expected or 'nothing'}"
