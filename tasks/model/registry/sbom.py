"""An image's contents as SPDX 2.3: every package in its RPM database and every configuration file."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from tasks.model import json_text
from tasks.model.errors import TaskError

_VERSION = "SPDX-2.3"
_UNKNOWN = "NOASSERTION"
_DOCUMENT, _IMAGE = "SPDXRef-DOCUMENT", "SPDXRef-image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rpm:
    """An installed package; `version` is [EPOCH:]VERSION-RELEASE."""

    name: str
    version: str
    architecture: str
    license: str
    vendor: str
    source: str

    @property
    def full(self) -> str:
        """Version and architecture."""
        return f"{self.version}.{self.architecture}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """A configuration file with its checksums."""

    path: str
    sha1: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The packages and configuration files in an image."""

    packages: tuple[Rpm, ...]
    files: tuple[ConfigFile, ...]

    @classmethod
    def parse(cls, listing: str, image: str) -> Self:
        """Read the output of contents.sh; a listing without its last line is incomplete."""
        lines = listing.splitlines()
        if lines[-1:] != ["end"]:
            why = "the listing inside it stopped half-way"
            raise TaskError(
                f"the packages of {image} could not be listed",
                why,
                "run it again; to see whether the disk is full: df -h",
            )
        rows = [line.split("\t") for line in lines]
        packages = [_rpm(row) for row in rows if row[0] == "package" and len(row) == 8]  # noqa: PLR2004
        files = [ConfigFile(sha1=row[1], sha256=row[2], path=row[3]) for row in rows if row[0] == "file"]
        if not packages:
            why = "its RPM database lists no package"
            raise TaskError(
                f"the packages of {image} could not be listed", why, "look yourself: podman run --rm IMAGE rpm -qa"
            )
        return cls(packages=tuple(sorted(packages, key=lambda rpm: (rpm.name, rpm.full))), files=tuple(files))


def _rpm(row: list[str]) -> Rpm:
    _, name, epoch, version, architecture, license_, vendor, source = row
    version = version if epoch in ("0", "(none)") else f"{epoch}:{version}"
    return Rpm(name=name, version=version, architecture=architecture, license=license_, vendor=vendor, source=source)


def spdx(contents: Contents, image: str, source: str, digest: str, created: datetime) -> str:
    """The SPDX document as JSON, in the format of spdx.github.io/spdx-spec/v2.3; `created` is in UTC."""
    packages = [_package(rpm, number) for number, rpm in enumerate(contents.packages)]
    files = [_file(each, number) for number, each in enumerate(contents.files)]
    described = [_IMAGE, *(each["SPDXID"] for each in files)]
    document = {
        "spdxVersion": _VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": image,
        "documentNamespace": f"{source}/sbom/{digest.replace(':', '/')}",
        "creationInfo": {"created": f"{created:%Y-%m-%dT%H:%M:%SZ}", "creators": ["Tool: custom-coreos"]},
        "packages": [
            {
                "SPDXID": _IMAGE, "name": image, "downloadLocation": _UNKNOWN, "filesAnalyzed": False,
                "primaryPackagePurpose": "CONTAINER",
            },
            *packages,
        ],
        "files": files,
        "relationships": [
            *(_related(_DOCUMENT, "DESCRIBES", each) for each in described),
            *(_related(_IMAGE, "CONTAINS", each["SPDXID"]) for each in packages),
        ],
    }  # fmt: skip
    return json.dumps(document, indent=2) + "\n"


def _package(rpm: Rpm, number: int) -> dict[str, Any]:
    """A package; its licence stays as RPM writes it, because SPDX does not know all of RPM's names."""
    address = f"pkg:rpm/fedora/{quote(rpm.name)}@{quote(rpm.version)}?arch={rpm.architecture}"
    return {
        "SPDXID": f"SPDXRef-rpm-{number}-{re.sub(r'[^A-Za-z0-9.-]', '-', rpm.name)}",
        "name": rpm.name,
        "versionInfo": rpm.full,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "licenseDeclared": _UNKNOWN,
        "licenseComments": f"rpm: {rpm.license}",
        "supplier": f"Organization: {rpm.vendor}" if rpm.vendor not in ("", "(none)") else _UNKNOWN,
        "sourceInfo": f"built from {rpm.source}",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": address}
        ],
    }


def _file(file: ConfigFile, number: int) -> dict[str, Any]:
    sums = (("SHA1", file.sha1), ("SHA256", file.sha256))
    checksums = [{"algorithm": algorithm, "checksumValue": value} for algorithm, value in sums]
    return {"SPDXID": f"SPDXRef-file-{number}", "fileName": f".{file.path}", "checksums": checksums}


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The packages in a document with their versions, and its files with their sha256."""

    packages: Mapping[str, str]
    files: Mapping[str, str]

    @classmethod
    def parse(cls, content: bytes, source: str) -> Self:
        """Read one of our own documents."""
        try:
            document = json_text.loads(content)
            packages = dict(_versions(document["packages"]))
            files = {str(row["fileName"]).removeprefix("."): _sha256(row) for row in document.get("files", [])}
        except (ValueError, KeyError, TypeError) as error:
            why = f"it does not have SPDX's format: {error!r}"
            raise TaskError(f"the SBOM of {source} cannot be read", why, "publish the image again") from error
        return cls(packages=packages, files=files)


def _versions(rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Versions by name; several versions of one name, such as a library in two architectures, are joined."""
    versions_by_name: dict[str, list[str]] = {}
    for row in rows:
        if row["SPDXID"].startswith("SPDXRef-rpm-"):
            versions_by_name.setdefault(row["name"], []).append(row["versionInfo"])
    yield from ((name, " ".join(sorted(versions))) for name, versions in versions_by_name.items())


def _sha256(row: dict[str, list[dict[str, str]]]) -> str:
    return next(sum_["checksumValue"] for sum_ in row["checksums"] if sum_["algorithm"] == "SHA256")
