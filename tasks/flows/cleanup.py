"""Cleanup: decide which versions of the image and of our own kmods may be deleted, and delete them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks.clients import registry
from tasks.clients.github import actions
from tasks.clients.github.packages import GhcrPackage, Refusal
from tasks.clients.shell import Mode
from tasks.console import answer, answer_json, present, say
from tasks.flows import package
from tasks.model.errors import TaskError
from tasks.model.registry.retention import ALWAYS, Retention, plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.model.registry.retention import Fate, PackageVersion, Plan
    from tasks.settings.values import Settings

    Planned = tuple[GhcrPackage, Plan]

_FEW = 3  # tags shown for each version


def cleanup(settings: "Settings", retention_days: str, keep: str, *, apply: bool, force: bool, json: bool) -> None:
    """Show every version's fate; with `apply`, delete what may be deleted."""
    policy = _policy(settings, retention_days, keep)
    planned = _plans(settings, policy)
    if not planned:
        _show_nothing(settings, json=json)
        return
    _show(planned, json=json)
    if not force:
        for listed, decided in planned:
            _require_moderate(listed.name, decided, policy)
    number = sum(len(decided.deletions) for _, decided in planned)
    if apply:
        for listed, decided in planned:
            _require_read(listed.name, decided)
        for listed, decided in planned:
            _delete(listed, decided)
    elif number:
        say(f"nothing was deleted; to delete {number} versions: ./inv cleanup --apply")


def _plans(settings: "Settings", policy: "Retention") -> "list[Planned]":
    """Plan the image's package, then the package of our own kmods if it exists, because images need kmods.

    There is no plan before the first publication, so kmods that were built for it stay.
    """
    now, listed, own = datetime.now(UTC), GhcrPackage.of(settings.image), GhcrPackage.of(settings.own_kmods)
    published = listed.versions()
    if published is None:
        return []
    images, versions = package.package(settings.image, published), own.versions()
    plans = [(listed, plan(images, policy, now))]
    if versions:
        kmods = package.kmods_package(settings, versions, images, plans[0][1], policy.keep)
        plans.append((own, plan(kmods, policy, now)))
    return plans


def _policy(settings: "Settings", days: str, keep: str) -> "Retention":
    return Retention(
        days=_number(days, "--retention-days", settings.retention_days),
        keep=_number(keep, "--keep", settings.keep_images),
        max_fraction=settings.max_delete_fraction,
    )


def _number(text: str, flag: str, default: int) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004  (no more digits)
        raise TaskError(
            f"{flag} {text} is not a number", "it must be a whole number, 0 or more", f"for example: {flag} 90"
        )
    return int(text) if text else default


def _show_nothing(settings: "Settings", *, json: bool) -> None:
    """Report that the package does not exist yet."""
    if json:
        answer_json({"versions": []})
    else:
        answer(f"{settings.image} does not exist yet: there is nothing to clean up")


def _show(planned: "Sequence[Planned]", *, json: bool) -> None:
    """Show every version's fate with its reason, as a table or as JSON."""
    fates = [
        (listed.name, what, fate)
        for listed, plan in planned
        for what, fates in (("keep", plan.kept), ("delete", plan.deletions))
        for fate in fates
    ]
    rows = [(what, name.rpartition("/")[2], *_cells(fate.version), fate.reason) for name, what, fate in fates]
    columns = ("", "package", "version", "made", "tags", "why")
    present(columns, rows, {"versions": [_row(*each) for each in fates]}, json=json)
    if not json:
        gone = sum(what == "delete" for _, what, _ in fates)
        answer(f"{len(fates) - gone} versions stay, {gone} may be deleted")


def _row(name: str, what: str, fate: "Fate") -> dict[str, object]:
    """A version's fate as JSON."""
    return {
        "package": name, "fate": what, "reason": fate.reason, "id": fate.version.id, "digest": fate.version.digest,
        "created": fate.version.created.isoformat(), "tags": fate.version.tags,
    }  # fmt: skip


def _cells(version: "PackageVersion") -> tuple[str, str, str]:
    shown = [tag if len(tag) < 20 else f"{tag[:14]}…{tag[71:]}" for tag in version.tags]  # noqa: PLR2004  (a digest's)
    more = [f"and {len(shown) - _FEW} more"] if len(shown) > _FEW else []
    return version.digest[:19], f"{version.created:%Y-%m-%d}", " ".join([*shown[:_FEW], *more])


def _require_moderate(name: str, plan: "Plan", policy: "Retention") -> None:
    """Stop if a plan would delete more than the share that may be deleted at once."""
    if plan.is_excessive(policy):
        what = f"{len(plan.deletions)} of {len(plan.kept) + len(plan.deletions)} versions of {name} would be deleted"
        why = f"max_delete_fraction allows only {policy.max_fraction:g} of them at once; nothing was deleted"
        raise TaskError(what, why, "check the plan; if it is right, add --force")


def _require_read(name: str, plan: "Plan") -> None:
    """Stop if everything is only kept because something could not be read."""
    if plan.unread:
        what, why = f"no version of {name} may be deleted", f"{plan.unread} could not be read, and may need any of them"
        raise TaskError(what, why, f"run it again; if that lasts: skopeo inspect --raw docker://{name}@{plan.unread}")


def _require_unmoved(name: str, plan: "Plan") -> None:
    """Stop if a tag that is always kept has moved since the plan was made, because something was published."""
    planned = {tag: fate.version.digest for fate in plan.kept for tag in fate.version.tags if tag in ALWAYS}
    for tag in ALWAYS:
        digest = registry.digest(name, tag)
        if digest != planned.get(tag, ""):
            why = f"it points at {digest or 'nothing'}, but the plan was made for {planned.get(tag) or 'nothing'}"
            raise TaskError(f"{name}:{tag} has moved meanwhile", f"{why}; nothing was deleted", "run it again")


def _delete(listed: "GhcrPackage", plan: "Plan") -> None:
    """Delete in the plan's order; if GitHub refuses to delete a version, keep what belongs to it too."""
    _require_unmoved(listed.name, plan)
    if Mode.dry or not plan.deletions:
        say(f"no version of {listed.name} is deleted")
        return
    say("a deleted version can be restored for 30 days, with the command shown after it")
    refused: list[Refusal] = []
    restored: list[str] = []
    try:
        _delete_in_order(listed, plan, refused, restored)
    finally:
        if restored:
            actions.summary("To restore the deleted versions within 30 days:\n\n    " + "\n    ".join(restored))
    _require_allowed(listed, refused, len(restored), len(plan.deletions))


def _delete_in_order(listed: "GhcrPackage", plan: "Plan", refused: list[Refusal], restored: list[str]) -> None:
    """Delete one version after the other, and collect refusals and the commands that restore."""
    spared: set[str] = set()
    for number, fate in enumerate(plan.deletions, 1):
        version = fate.version
        if version.digest in spared:
            say(f"{number} of {len(plan.deletions)}: {version.digest[:19]} stays with the version it belongs to")
            continue
        refusal = listed.delete(version)
        if refusal:
            spared |= plan.needed_by(version.digest)
            refused.append(refusal)
            say(f"{number} of {len(plan.deletions)}: GitHub refuses to delete {version.digest[:19]}: {refusal}")
        else:
            restored.append(listed.restore_command(version))
            say(f"{number} of {len(plan.deletions)}: {version.digest[:19]} is deleted; {restored[-1]}")
        if refusal and refusal.is_forbidden:
            break


def _require_allowed(listed: "GhcrPackage", refused: list[Refusal], deleted: int, planned: int) -> None:
    """Stop if GitHub forbids deletions, or has refused every one."""
    forbidden = next((refusal for refusal in refused if refusal.is_forbidden), None)
    if forbidden:
        hint = (
            f"give this repository the role Admin under Manage Actions access: {listed.page}"
            if actions.running()
            else "use a classic token with delete:packages, of an owner of the package, in GITHUB_TOKEN"
        )
        what = f"{deleted} of {planned} versions of {listed.name} were deleted"
        raise TaskError(what, f"the token may not delete them: {forbidden}", hint)
    if refused and not deleted:
        what = f"none of {planned} versions of {listed.name} could be deleted"
        raise TaskError(what, str(refused[0]), "look at the package, then run it again")
