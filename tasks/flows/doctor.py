"""Run every check of doctor concurrently, and report the findings."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import TYPE_CHECKING

from tasks.console import present
from tasks.flows.doctor_looks import looks
from tasks.model.doctor import Finding, Health, of_error
from tasks.model.errors import TaskError

if TYPE_CHECKING:
    from tasks.settings.values import Settings

_PATIENCE_SECONDS = 15  # trying podman takes about 3


def doctor(settings: "Settings", *, json: bool) -> None:
    """Show every finding, and stop if a check failed."""
    findings = _findings(settings)
    _show(findings, json=json)
    failed = [finding.name for finding in findings if finding.state is Health.FAILED]
    if failed:
        what = f"{len(failed)} of {len(findings)} checks failed"
        raise TaskError(what, ", ".join(failed), "apply the fixes shown above")


def _findings(settings: "Settings") -> list[Finding]:
    """Run every check; one that takes too long becomes a warning."""
    pool = ThreadPoolExecutor(48)  # all at once; a slow host is abandoned when the time is over
    futures = {name: pool.submit(look) for name, look in looks(settings).items()}
    wait(futures.values(), timeout=_PATIENCE_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    findings = []
    for name, look in futures.items():
        if not look.done():
            findings.append(Finding(name, Health.WARNING, f"no answer within {_PATIENCE_SECONDS} s", "try again"))
            continue
        try:
            findings.append(look.result())
        except TaskError as error:
            findings.append(of_error(name, Health.WARNING, error))
    return findings


def _show(findings: Sequence[Finding], *, json: bool) -> None:
    rows = [(each.state, each.name, each.message, each.fix) for each in findings]
    present(("", "", "", "what fixes it"), rows, {"findings": list(map(asdict, findings))}, json=json)
