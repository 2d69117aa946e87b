"""Registry: publish, promote, roll back; the public tag only ever points at what was verified and signed."""

from typing import TYPE_CHECKING

from invoke import Context, task

from tasks.console import answer, answer_json, say, table, warn

if TYPE_CHECKING:
    from tasks.model.image import ImageRef
    from tasks.model.registry.diff import Change
    from tasks.model.registry.history import Promoted

_GO_BACK = {"allow-downgrade": "also go back from what is published, to an older release or OpenZFS"}
_KEY = {"key": "file with the private key (default: SIGNING_KEY, else ~/.config/custom-coreos/signing.key)"}


@task(
    help=_GO_BACK
    | _KEY
    | {
        "lock": "publish what this Lock file says instead of what is newest",
        "rebuild": "also when nothing changed since the last one",
        "promote": "move stable too; --no-promote stops before and prints the digest",
        "kmods": "take this image of ./inv build-kmods instead of the published one",
    }
)
def publish(
    c: Context,
    lock: str = "",
    rebuild: bool = False,
    promote: bool = True,
    key: str = "",
    allow_downgrade: bool = False,
    kmods: str = "",
) -> None:
    """Build, verify, push, sign, accept as a host would, and move stable; safe to run again, wherever it stopped."""
    from tasks.clients.github import actions
    from tasks.flows import build as assembly
    from tasks.flows import promote as promotion
    from tasks.flows import publish as publishing
    from tasks.model.registry.preconditions import Leave
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    secret = publishing.ready(settings, key)
    before = promotion.public_digest(settings)
    promotion.finish(settings, before)
    flags = {"rebuild": rebuild, "force": False, "allow_downgrade": allow_downgrade}
    wanted = assembly.wanted(settings, lock, ("", ""), flags, kmods)
    if wanted is None:
        answer(before)
        return
    pushed = publishing.publish(settings, wanted, secret, anyway=rebuild)
    if pushed is None:
        return
    if promote:
        promotion.promote(settings, pushed, before, Leave(allow_downgrade=allow_downgrade))
    else:
        say(f"next: ./inv promote {pushed.digest} --expect {before or 'nothing'}")
    for name, value in (("image", pushed.name), ("digest", pushed.digest), ("expect", before or "nothing")):
        actions.output(name, value)
    answer(pushed.digest)


@task(
    help=_GO_BACK
    | {
        "digest": "sha256:…, of an image in the registry",
        "expect": "digest that stable must still have, or `nothing` (default: what it has now)",
    }
)
def promote(c: Context, digest: str, expect: str = "", allow_downgrade: bool = False) -> None:
    """Point stable at a digest that keeps every promise; nothing else moves stable."""
    from tasks import keys
    from tasks.clients import login
    from tasks.flows import promote as promotion
    from tasks.model.image import ImageRef
    from tasks.model.registry.preconditions import NOTHING, Leave
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    image = ImageRef(settings.image, digest)
    keys.require(settings)
    login.require(settings.host)
    if expect == "nothing":
        expected = NOTHING
    else:
        expected = ImageRef(settings.image, expect).digest if expect else promotion.public_digest(settings)
    promotion.promote(settings, image, expected, Leave(allow_downgrade=allow_downgrade))
    answer(digest)


@task(help={"to": "digest of an image of ./inv history (default: the one promoted before)"})
def rollback(c: Context, to: str = "") -> None:
    """Point stable back at an image that was promoted before."""
    from tasks import keys
    from tasks.clients import login
    from tasks.flows import history as past
    from tasks.flows import promote as promotion
    from tasks.model.image import ImageRef
    from tasks.model.registry.preconditions import Leave
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    keys.require(settings)
    login.require(settings.host)
    found = past.history(settings)
    left = found.back(0)
    moved_from = found.unrecorded()
    image = ImageRef(settings.image, to or (left if moved_from else found.target()).digest)
    if image.digest == left.digest:
        if moved_from:
            promotion.record_move(image, moved_from)
        say(f"stable is {image.digest} already")
        answer(image.digest)
        return
    _warn_of_pools(left, image)
    promotion.promote(settings, image, left.digest, Leave(allow_downgrade=True, any_contract=True))
    _tell_next(left)
    answer(image.digest)


def _warn_of_pools(left: "Promoted", image: "ImageRef") -> None:
    """A pool that a newer OpenZFS line upgraded cannot be imported by an older one."""
    from tasks.flows import promote as promotion
    from tasks.model.versions import parse_zfs

    older, newer = promotion.lock_of(image).zfs_version, parse_zfs(left.facts.get("zfs-version", ""))
    if older.release[:2] < newer.release[:2]:
        warn(f"OpenZFS goes back from {newer} to {older}: pools on which `zpool upgrade` ran can be lost to this image")


def _tell_next(left: "Promoted") -> None:
    facts = left.facts
    say("so that the next build does not bring the same back, block what was left, for one of these reasons:")
    say(f"  its content: ./inv block --inputs {facts.get('inputs')} --reason '…'")
    say(f"  its pair:    ./inv block --fcos {facts.get('fcos-version')} --zfs {facts.get('zfs-version')} --reason '…'")
    say("hosts follow with their next update; at once: sudo bootc upgrade --apply")
    say("a host that does not boot goes back by itself to what it ran before: sudo bootc rollback")


@task(help={"json": "print JSON, in the form of schemas/history.json"})
def history(c: Context, json: bool = False) -> None:
    """List the images that stable has pointed at, newest first."""
    from tasks.flows import history as past
    from tasks.flows import show
    from tasks.settings import read_settings

    found = past.history(read_settings(c.config))
    if json:
        answer_json(show.history_document(found))
        return
    columns = ("", "digest", "promoted", "Fedora CoreOS", "kernel", "OpenZFS", "signed", "")
    table(columns, [show.history_row(image) for image in found.images])
    if not found.images:
        say("nothing was promoted yet; next: ./inv publish")


@task(help={"before": "digest, tag or stable~1", "after": "digest, tag or stable", "json": "print JSON"})
def diff(c: Context, before: str, after: str, json: bool = False) -> None:
    """Compare two published images: packages, files of configuration, Locks; nothing is pulled."""
    from dataclasses import asdict

    from tasks.flows import history as past
    from tasks.flows import show
    from tasks.model.registry.diff import differences
    from tasks.settings import read_settings

    settings = read_settings(c.config)
    images = [past.resolve(settings, reference) for reference in (before, after)]
    found = differences(past.contents(images[0]), past.contents(images[1]))
    if json:
        answer_json(
            {
                "schema": show.SCHEMA,
                "before": str(images[0]),
                "after": str(images[1]),
                "changes": list(map(asdict, found)),
            }
        )
        return
    say(f"from {images[0]}\nto   {images[1]}")
    table(("", "", "", "before", "after"), [(row.kind, row.change, row.name, *_sides(row)) for row in found])
    if not found:
        answer("nothing differs")


def _sides(change: "Change") -> tuple[str, str]:
    """Both sides; of a file's sums, and of digests, the beginning tells enough."""
    sides = change.before, change.after
    return (sides[0][:12], sides[1][:12]) if change.kind == "file" else sides


@task(help={"out": "file to write (default: stdout)"})
def sbom(c: Context, image: str, out: str = "") -> None:
    """Write what an image is made of as SPDX JSON, from its RPM database."""
    from pathlib import Path

    from tasks.clients import workspace
    from tasks.flows import publish as publishing
    from tasks.settings import read_settings

    document = publishing.document(read_settings(c.config), image)
    if not out:
        answer(document.rstrip())
    elif workspace.write_whole(Path(out), document):
        say(f"wrote {out}")
