"""A published past: an image for each past day, with everything that GHCR keeps beside it, written into the storage.

Each day has an image with a build's labels, its signature, a list of packages, and the records `verified` and
`promoted`. The fallback tag lists these three; the two older lists that it replaced have no tag any more. In addition
there is a list of images of two architectures every 30 days, a 30-day-old image that was promoted again 5 days ago,
and an artifact of an unknown kind. The signatures belong to no key: publish in the lab if you need a good one.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.hosts.storage import Storage

OWN = "samhclark/custom-coreos"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_BYTES = "application/octet-stream"
_EMPTY = "application/vnd.oci.empty.v1+json"
_RECORD = "application/vnd.custom-coreos.{}.v1+json"
_AGAIN = 30, 5  # the image of 30 days ago was promoted again 5 days ago


class _Past:
    """Writes one repository's past."""

    def __init__(self, storage: "Storage") -> None:
        self.storage = storage

    def day(self, number: int, days: int, now: datetime) -> None:
        """Write everything of the image that was published `number` days ago."""
        at = now - timedelta(days=number)
        tags = ["stable", "candidate"] if number == 1 else []
        image = self.image(number, at, tags)
        hexadecimal = image["digest"].partition(":")[2]
        sums = {"io.containers.sigstore": "made up"}
        self.manifest(
            at, [f"sha256-{hexadecimal}.sig"], self.config({}), layers=[self.blob(hexadecimal.encode(), sums)]
        )
        subject = {key: image[key] for key in ("mediaType", "digest", "size")}
        attached: list[dict[str, Any]] = []
        moments = [at] + ([now - timedelta(days=_AGAIN[1])] if number == _AGAIN[0] and days > _AGAIN[0] else [])
        listing = json.dumps(_sbom(number)).encode()
        sbom = self.artifact(at, "application/spdx+json", subject, {}, [self.blob(listing)])
        verified = self.artifact(at, _RECORD.format("verified"), subject, _verified(at))
        promoted = [
            self.artifact(when, _RECORD.format("promoted"), subject, _promoted(number, when)) for when in moments
        ]
        for entry in (sbom, verified, *promoted):
            attached.append(entry)
            last = entry is promoted[-1]
            self.index(moments[-1] if last else at, [f"sha256-{hexadecimal}"] if last else [], attached)
        if number % 30 == 0:
            children = [self.image(number, at, [], architecture) for architecture in ("amd64", "arm64")]
            self.index(at, [f"both-{number}"], children)
        if number == days:
            self.artifact(at, "application/vnd.example.report", subject, {})

    def image(self, number: int, at: datetime, tags: list[str], architecture: str = "amd64") -> dict[str, Any]:
        labels = _labels(number, at) if architecture == "amd64" else {}
        layer = self.blob(f"layer of {number} for {architecture}".encode(), {})
        return self.manifest(at, tags, self.config(labels, architecture), layers=[layer])

    def config(self, labels: dict[str, str], architecture: str = "amd64") -> dict[str, Any]:
        document = {
            "architecture": architecture, "os": "linux", "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'0' * 64}"]},
        }  # fmt: skip
        return self.blob(json.dumps(document).encode(), kind=_CONFIG)

    def artifact(
        self, at: datetime, kind: str, subject: dict[str, Any], notes: dict[str, str], layers: list[Any] | None = None
    ) -> dict[str, Any]:
        empty = self.blob(b"{}", kind=_EMPTY)
        more = {"artifactType": kind, "subject": subject, "annotations": notes}
        entry = self.manifest(at, [], empty, layers=layers or [empty], **more)
        return {**entry, "artifactType": kind, "annotations": notes}

    def manifest(self, at: datetime, tags: list[str], config: dict[str, Any], **more: object) -> dict[str, Any]:
        return self.put(at, tags, {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, **more})

    def index(self, at: datetime, tags: list[str], entries: list[dict[str, Any]]) -> dict[str, Any]:
        return self.put(at, tags, {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries})

    def put(self, at: datetime, tags: list[str], document: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(document).encode()
        self.storage.put_manifest(OWN, content, tags, at)
        return {"mediaType": document["mediaType"], **_named(content)}

    def blob(self, content: bytes, notes: dict[str, str] | None = None, kind: str = _BYTES) -> dict[str, Any]:
        self.storage.put_blob(OWN, content)
        return {"mediaType": kind, **_named(content), **({"annotations": notes} if notes else {})}


def _named(content: bytes) -> dict[str, Any]:
    return {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}


def _versions(number: int) -> dict[str, str]:
    """Return the versions of the image of `number` days ago; a new release comes every 14 days."""
    released = datetime(2026, 11, 10, tzinfo=UTC) - timedelta(days=number // 14 * 14)
    return {
        "fcos-version": f"44.{released:%Y%m%d}.3.0",
        "kernel-version": f"7.1.{max(0, 9 - number // 40)}-200.fc44.x86_64",
        "zfs-version": "2.4.4" if number < 90 else "2.4.3",  # noqa: PLR2004
        "inputs": f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}",
    }


def _labels(number: int, at: datetime) -> dict[str, str]:
    own = _versions(number) | {
        "packages": "tailscale",
        "kmods": f"ghcr.io/samhclark/fedora-zfs-kmods@sha256:{'1' * 64}",
    }
    oci = {
        "base.name": "quay.io/fedora/fedora-coreos", "base.digest": f"sha256:{'2' * 64}", "revision": f"{number:040x}",
        "created": at.isoformat(timespec="seconds"), "version": own["fcos-version"],
    }  # fmt: skip
    named = {f"custom-coreos.{key}": value for key, value in own.items()}
    return named | {f"org.opencontainers.image.{key}": value for key, value in oci.items()}


def _verified(at: datetime) -> dict[str, str]:
    facts = {"contract": "1", "checks": "32", "result": "kept", "run": "the lab"}
    return _record(at, facts)


def _promoted(number: int, at: datetime) -> dict[str, str]:
    return _record(at, {"before": "", "run": "the lab", **_versions(number)})


def _record(at: datetime, facts: dict[str, str]) -> dict[str, str]:
    named = {f"custom-coreos.{key}": value for key, value in facts.items()}
    return {"org.opencontainers.image.created": at.isoformat(timespec="seconds"), **named}


def _sbom(day: int) -> dict[str, Any]:
    packages = {"kernel-core": _versions(day)["kernel-version"], "tailscale": f"1.{1000 - day}-1.fc44.x86_64"}
    rows = [
        {"SPDXID": f"SPDXRef-rpm-{number}-{name}", "name": name, "versionInfo": version}
        for number, (name, version) in enumerate(packages.items())
    ]
    return {"spdxVersion": "SPDX-2.3", "packages": rows, "files": []}


def write(storage: "Storage", days: int) -> None:
    """Write a past of `days` days."""
    now, past = datetime.now(UTC).replace(microsecond=0), _Past(storage)
    storage.remove(OWN)
    for number in range(days, 0, -1):
        past.day(number, days, now)
