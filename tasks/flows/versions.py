"""Query what exists, and show what would be built."""

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.clients import workspace
from tasks.clients.github import actions, api
from tasks.console import answer_json, say
from tasks.flows import gather, lock, own_kmods, show
from tasks.model.solver.judge import require_kmods
from tasks.model.solver.solve import Decision, Verdict
from tasks.model.versions import newest_zfs as newest_of

if TYPE_CHECKING:
    from packaging.version import Version

    from tasks.model.request import Request
    from tasks.settings.values import Settings


def newest_zfs(settings: "Settings", line: str) -> "Version":
    """Return the newest OpenZFS release of a line, by default of the first line in the settings."""
    return newest_of(api.openzfs_releases(), line or settings.zfs_streams[0])


def available(settings: "Settings", request: "Request") -> str:
    """Return the newest release's kmods as repository:tag; if there are none, stop with the reason."""
    stream = request.stream or settings.stream
    newest = gather.newest_releases(settings, gather.policy(settings, request), [stream])[stream]
    accepted = own_kmods.without_refused(settings, newest, lambda each: require_kmods(each)[1], say)
    repository, tag = require_kmods(accepted)
    return f"{repository}:{tag}"


def versions(settings: "Settings", request: "Request", lock_file: str, *, json: bool) -> None:
    """Show what would be built now, and pass it to the workflow; write the Lock if `lock_file` names a file."""
    decision = gather.decide(settings, request)
    if json:
        answer_json(show.decision_document(decision))
    else:
        show.decision(decision)
    actions.output("verdict", decision.verdict)
    actions.output("published", decision.published.image.digest if decision.published else "")
    actions.output("kmods_due", str(decision.kmods_due or ""))
    actions.summary(show.decision_markdown(decision))
    decision.require_answer()
    if lock_file:
        _write_lock(settings, decision, lock_file)


def _write_lock(settings: "Settings", decision: Decision, file: str) -> None:
    """Write the Lock of what would be built; on HOLD there is none, and an existing file stays."""
    if decision.verdict is Verdict.HOLD:
        build_again = "there is nothing to build; --rebuild locks the published image"
        say(f"{file} is not written: {build_again if decision.published else 'its modules must be built first'}")
        return
    locked = lock.of_decision(settings, decision)
    lock.require_allowed(locked, decision.support, force=False)
    say(lock.provenance(settings, locked))
    actions.output("lock", locked.to_json())
    if workspace.write_whole(Path(file), locked.to_json()):
        say(f"{file} written; next: ./inv build --lock {file}")
