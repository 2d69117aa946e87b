"""The preconditions for moving the public tag to a digest."""

from dataclasses import dataclass

from tasks.model.contract.inspection import VERSION
from tasks.model.contract.report import Check, Report
from tasks.model.errors import TaskError
from tasks.model.image import ImageRef
from tasks.model.lock import Lock
from tasks.model.registry.record import Kind, Record, is_verified
from tasks.model.solver.ranges import PairSupport, Support

NOTHING = ""  # the digest of a tag that does not exist
_NEXT = {  # the first whose check failed
    "signature": "publish it again with a key that ships: ./inv publish --rebuild",
    "machines": (
        "publish with a key that they trust and that still ships: ./inv publish --rebuild --key FILE, or - for the "
        "backup key; after a theft of all keys: --strand-hosts"
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The state of an image in the registry, and of the public tag that it will get."""

    image: ImageRef
    lock: Lock
    records: tuple[Record, ...]
    support: PairSupport
    block: str  # what blocks it, or empty
    refusal: str  # why a host that ships this checkout's policy would refuse it, or empty
    stranded: str  # why a machine that runs the public image would refuse it, or empty
    attestation: str | None  # its attestation's fault, or empty; None if none is required
    public: str  # the digest of the public tag, or NOTHING
    public_lock: Lock | None  # of that image, if it has one
    expected: str  # the digest that the public tag should have


@dataclass(frozen=True, kw_only=True, slots=True)
class Waivers:
    """The checks that a user or a rollback may skip."""

    allow_downgrade: bool = False
    any_contract: bool = False  # an older version of the contract is enough
    strand_hosts: bool = False  # machines that run the public image need not accept it


NONE = Waivers()


@dataclass(frozen=True, slots=True)
class Preconditions(Report):
    """Every precondition with its fault."""

    @property
    def lacks_only_the_contract(self) -> bool:
        """Whether the only thing missing is to check the contract."""
        return [check.name for check in self.failed] == ["contract"]

    def require(self, tag: str, image: ImageRef, leave: Waivers = NONE) -> None:
        """Stop with every fault, unless all preconditions hold."""
        if self.failed:
            why = "; ".join(f"{check.name}: {check.fault}" for check in self.failed)
            raise TaskError(f"{tag} is not moved to {image}", why, f"nothing was changed; {self._next(leave)}")

    def _next(self, leave: Waivers) -> str:
        """What to do next; an image of a key that does not ship any more cannot be signed again."""
        failed = [check.name for check in self.failed]
        if leave.any_contract and {"signature", "machines"} & set(failed):
            return "name another image (--to), or block the pair you leave, and ./inv publish --allow-downgrade"
        return next((hint for name, hint in _NEXT.items() if name in failed), "fix that, then run it again")


def preconditions(standing: Standing, leave: Waivers) -> Preconditions:
    """Check an image against everything that the public tag promises."""
    return Preconditions(
        (
            Check(name="contract", promise="the contract was kept", fault=_contract(standing, leave)),
            Check(name="signature", promise="hosts accept the signature", fault=standing.refusal),
            Check(
                name="machines",
                promise="machines that run the public image accept it",
                fault="" if leave.strand_hosts else standing.stranded,
            ),
            Check(name="pair", promise="OpenZFS supports the kernel", fault=_pair(standing)),
            Check(name="blocked", promise="nothing blocks it", fault=standing.block),
            _attestation(standing),
            Check(
                name="age",
                promise="not older than the public image",
                fault="" if leave.allow_downgrade else _age(standing),
            ),
            Check(name="expected", promise="nobody else moved the tag", fault=_expected(standing)),
        )
    )


def _contract(standing: Standing, leave: Waivers) -> str:
    if is_verified(standing.records, VERSION):
        return ""
    if leave.any_contract and any(record.kind is Kind.VERIFIED for record in standing.records):
        return ""
    return f"no record says that it kept contract {VERSION}"


def _attestation(standing: Standing) -> Check:
    promise = "not required outside GitHub Actions" if standing.attestation is None else "built by the workflow"
    return Check(name="attestation", promise=promise, fault=standing.attestation or "")


def _pair(standing: Standing) -> str:
    return "" if standing.support.support is Support.SUPPORTED else standing.support.reason


def _age(standing: Standing) -> str:
    public_lock, lock = standing.public_lock, standing.lock
    if public_lock is None:
        return ""
    older = lock.fcos_version < public_lock.fcos_version
    if older:
        return (
            f"Fedora CoreOS {lock.fcos_version} is older than {public_lock.fcos_version}; --allow-downgrade allows it"
        )
    if lock.zfs_version < public_lock.zfs_version:
        return f"OpenZFS {lock.zfs_version} is older than {public_lock.zfs_version}; --allow-downgrade allows it"
    return ""


def _expected(standing: Standing) -> str:
    if standing.public == standing.expected:
        return ""
    return f"another run moved it to {standing.public or 'nothing'}; expected was {standing.expected or 'nothing'}"
