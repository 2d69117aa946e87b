"""Registry: publish, promote and roll back; stable only points at verified and signed images."""

from invoke import Context, task

from tasks.model.request import Request
from tasks.settings.values import read_settings

_STRAND = {"strand-hosts": "also if machines that run stable now will refuse it, for example after a theft of all keys"}
_GO_BACK = {"allow-downgrade": "also go below the published release or OpenZFS version"}
_KEYGEN = {
    "key": "where to write the private key (default: ~/.config/custom-coreos/signing.key)",
    "rotate": "add another key, which machines receive with their next update",
    "backup": "add another backup key, which is shown once and is in no file",
    "policy": "make no key; only write the policy again for the shipped keys and the image's name",
}
_PUBLISH = {
    "key": "private key's file, or - for the backup key (default: SIGNING_KEY or ~/.config/custom-coreos/signing*.key)",
    "lock": "publish this Lock file instead of what is newest",
    "rebuild": "publish even if nothing changed since the last image",
    "promote": "move stable too; --no-promote stops before that and prints the digest",
    "kmods": "use this image from ./inv build-kmods instead of a published one",
}
_PROMOTE = {
    "digest": "sha256:… of an image in the registry",
    "expect": "digest that stable must still have, or `nothing` (default: its present digest)",
}


@task(help=_KEYGEN)
def keygen(c: Context, key: str = "", rotate: bool = False, backup: bool = False, policy: bool = False) -> None:
    """Make the key that signs the image, and a backup key; ship their public halves with a policy that requires one."""
    from tasks.flows import keys

    keys.keygen(read_settings(c.config), key, rotate=rotate, backup=backup, policy=policy)


@task(help=_GO_BACK | _STRAND | _PUBLISH)
def publish(
    c: Context,
    lock: str = "",
    rebuild: bool = False,
    promote: bool = True,
    key: str = "",
    allow_downgrade: bool = False,
    strand_hosts: bool = False,
    kmods: str = "",
) -> None:
    """Build, verify, sign, push, pull as a host would, and move stable; safe to run again after any failure."""
    from tasks.flows import publish

    request = Request(lock=lock, kmods=kmods, rebuild=rebuild, allow_downgrade=allow_downgrade)
    publish.publish(read_settings(c.config), request, key, and_promote=promote, strand_hosts=strand_hosts)


@task(help=_GO_BACK | _STRAND | _PROMOTE)
def promote(
    c: Context, digest: str, expect: str = "", allow_downgrade: bool = False, strand_hosts: bool = False
) -> None:
    """Point stable at an image that meets every precondition; nothing else moves stable."""
    from tasks.flows import promote
    from tasks.model.registry.preconditions import Waivers

    leave = Waivers(allow_downgrade=allow_downgrade, strand_hosts=strand_hosts)
    promote.promote(read_settings(c.config), digest, expect, leave)


@task(help={"to": "digest of an image in ./inv history (default: the one promoted before)"})
def rollback(c: Context, to: str = "") -> None:
    """Point stable back at an image that was promoted before."""
    from tasks.flows import rollback

    rollback.rollback(read_settings(c.config), to)


@task(help={"json": "print JSON, in the form of schemas/history.json"})
def history(c: Context, json: bool = False) -> None:
    """List the images that stable has pointed at, newest first."""
    from tasks.flows import history

    history.history(read_settings(c.config), json=json)


@task(help={"before": "digest, tag or stable~1", "after": "digest, tag or stable", "json": "print JSON"})
def diff(c: Context, before: str, after: str, json: bool = False) -> None:
    """Compare two published images (packages, configuration files, Locks) without pulling them."""
    from tasks.flows import diff

    diff.diff(read_settings(c.config), before, after, json=json)


@task(help={"out": "file to write (default: stdout)"})
def sbom(c: Context, image: str, out: str = "") -> None:
    """List an image's packages as SPDX JSON, from its RPM database."""
    from tasks.flows import sbom

    sbom.sbom(read_settings(c.config), image, out)
