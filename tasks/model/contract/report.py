"""Named checks and their faults."""

from dataclasses import dataclass

from tasks.model.errors import TaskError


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One named promise and its fault; without a fault, the promise is kept."""

    name: str
    promise: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all checks."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks with a fault."""
        return tuple(check for check in self.checks if check.fault)

    def require_kept(self, image: str) -> None:
        """Stop with every fault, unless all promises are kept."""
        if self.failed:
            raise TaskError(
                f"{image} breaks {len(self.failed)} of {len(self.checks)} promises of the contract",
                "; ".join(f"{check.name}: {check.fault}" for check in self.failed),
                "do not install it; build it again with: ./inv build --rebuild",
            )
