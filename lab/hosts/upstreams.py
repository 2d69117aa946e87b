"""Replaces GitHub and Fedora CoreOS's builds host: it serves their documents as the world describes them."""

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from lab.world import ARCHIVE, GithubRelease, Release, World

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIHJ1c3R5IGdhdGVzIGFuZCBzdGlsbCB3YXRlciAwMTIz"  # belongs to nobody
_RATE = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59", "x-ratelimit-used": "1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A status, a body and its headers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def _json(document: object, **headers: str) -> Answer:
    return Answer(body=json.dumps(document).encode(), headers={"Content-Type": "application/json", **headers})


def answer(world: World, host: str, path: str, query: dict[str, str]) -> Answer:
    """Return the answer of `host` to GET `path`."""
    pages = {
        "api.github.com": _api,
        "builds.coreos.fedoraproject.org": _builds,
        "github.com": _github,
        "raw.githubusercontent.com": _raw,
        ARCHIVE: _archive,
    }
    served = pages[host](world, path, query) if host in pages else None
    return served or Answer(status=404, body=b'{"message": "Not Found"}', headers={"Content-Type": "application/json"})


def _api(world: World, path: str, query: dict[str, str]) -> Answer | None:
    """GitHub's REST API: the releases of openzfs/zfs, in pages."""
    if path.startswith("/repos/openzfs/zfs/releases/tags/"):
        return _release(world, path.rpartition("/")[2])
    if path != "/repos/openzfs/zfs/releases":
        return None
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    listed = world.openzfs[(page - 1) * size : page * size]
    entries = [
        {
            "tag_name": entry.tag,
            "name": entry.tag,
            "draft": entry.draft,
            "prerelease": entry.prerelease,
            "published_at": f"{entry.published:%Y-%m-%dT%H:%M:%SZ}",
            "body": "- a change of the lab's making\n" * 80,  # about as long as real ones
        }
        for entry in listed
    ]
    rate = {**_RATE, "x-ratelimit-reset": str(int(time.time()) + 3600)}
    more = page * size < len(world.openzfs)
    link = {"Link": f'<https://api.github.com{path}?per_page={size}&page={page + 1}>; rel="next"'} if more else {}
    return _json(entries, **rate, **link)


def _release(world: World, tag: str) -> Answer | None:
    """Return one release of openzfs/zfs, with its source and that source's digest."""
    entry = next((entry for entry in world.openzfs if entry.tag == tag), None)
    if entry is None:
        return None
    name = f"{tag}.tar.gz"
    address = f"https://github.com/openzfs/zfs/releases/download/{tag}/{name}"
    source = _source(world, entry)
    digest = f"sha256:{hashlib.sha256(source).hexdigest()}" if source else ""
    asset = {"name": name, "browser_download_url": address, "digest": digest}
    return _json({"tag_name": tag, "assets": [asset] if source else []})


def fetch_sources(world: World) -> None:
    """Fetch OpenZFS's sources into the cache before a lab opens, because a lab cannot reach Debian."""
    for entry in world.openzfs:
        _source(world, entry)


def _source(world: World, entry: GithubRelease) -> bytes:
    """Return a release's tarball; empty if it has none."""
    from lab.make import debian, quick

    version = entry.tag.removeprefix("zfs-")
    if world.quick:
        return quick.source(version)
    return debian.openzfs_source(version, entry.tarball).read_bytes() if entry.tarball else b""


def _github(world: World, path: str, _query: dict[str, str]) -> Answer | None:
    """github.com itself: the sources of OpenZFS's releases, and users' public SSH keys."""
    entry = next((entry for entry in world.openzfs if path.endswith(f"/{entry.tag}/{entry.tag}.tar.gz")), None)
    if entry and (source := _source(world, entry)):
        return Answer(body=source, headers={"Content-Type": "application/gzip"})
    return _keys(path)


def _archive(world: World, path: str, _query: dict[str, str]) -> Answer | None:
    """Return a file of Fedora's updates archive."""
    from lab.make import quick

    if not world.quick:
        return None
    top = quick.archive(world)
    files = {f"/updates/{file.relative_to(top)}": file for file in top.rglob("*") if file.is_file()}
    return Answer(body=files[path].read_bytes()) if path in files else None


def _keys(path: str) -> Answer | None:
    """Return a user's public SSH keys: `owner` has one, `keyless` has none."""
    texts = {"/owner.keys": f"ssh-ed25519 {KEY}\n", "/keyless.keys": ""}
    return Answer(body=texts[path].encode(), headers={"Content-Type": "text/plain"}) if path in texts else None


def _raw(world: World, path: str, _query: dict[str, str]) -> Answer | None:
    """Files of openzfs/zfs at a tag: only META."""
    match = re.fullmatch(r"/openzfs/zfs/(zfs-[^/]+)/META", path)
    entry = next((entry for entry in world.openzfs if match and entry.tag == match[1]), None)
    if entry is None or not entry.linux_maximum:
        return None
    text = f"Meta:          1\nName:          zfs\nLinux-Maximum: {entry.linux_maximum}\nLinux-Minimum: 4.18\n"
    return Answer(body=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})


def _builds(world: World, path: str, _query: dict[str, str]) -> Answer | None:
    """The builds host: releases.json of a stream, commitmeta.json of a build."""
    match = re.fullmatch(r"/prod/streams/(\w+)/(releases\.json|builds/([\d.]+)/(.+))", path)
    if not match:
        return None
    stream, file, version, document = match.groups()
    releases = sorted((r for r in world.release if r.stream == stream), key=lambda r: r.order)
    if file == "releases.json":
        return _json({"stream": stream, "releases": [{"version": release.version} for release in releases]})
    release = next((release for release in releases if release.version == version), None)
    if release is None or document != "x86_64/commitmeta.json":
        return None
    return _json(_commitmeta(release))


def _commitmeta(release: Release) -> dict[str, Any]:
    number, _, rest = release.kernel.partition("-")
    packaged, _, arch = rest.rpartition(".")
    rows = [[f"package-of-the-lab-{number}", "0", "1.2.3", "4.fc44", arch] for number in range(1200)]  # about 85 kB
    kernels = [[name, "0", number, packaged, arch] for name in ("kernel", "kernel-core")]
    return {
        "ostree.linux": release.kernel if release.commitmeta == "key" else "",
        "rpmostree.rpmdb.pkglist": rows + (kernels if release.commitmeta != "nothing" else []),
    }
