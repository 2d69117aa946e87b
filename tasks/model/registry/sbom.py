"""The list of what an image is made of, as SPDX 2.3: every package of its RPM database, every file of configuration."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from tasks.model.errors import TaskError

if TYPE_CHECKING:
    from license_expression import Licensing
    from spdx_tools.spdx import model as form

_VERSION = "SPDX-2.3"
_LONGEST = 200  # characters of a fault's description


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
    """A file of configuration with its sums."""

    path: str
    sha1: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What is in an image."""

    packages: tuple[Rpm, ...]
    files: tuple[ConfigFile, ...]

    @classmethod
    def parse(cls, listing: str, image: str) -> Self:
        """Read what packages.sh printed; a listing without its last line is not whole."""
        lines = listing.splitlines()
        if lines[-1:] != ["end"]:
            why = "the listing inside it stopped half-way"
            raise TaskError(f"the packages of {image} could not be listed", why, "run it again; is the disk full?")
        rows = [line.split("\t") for line in lines]
        packages = [_rpm(row) for row in rows if row[0] == "package" and len(row) == 8]  # noqa: PLR2004
        files = [ConfigFile(sha1=row[1], sha256=row[2], path=row[3]) for row in rows if row[0] == "file"]
        if not packages:
            why = "its RPM database lists no package"
            raise TaskError(f"the packages of {image} could not be listed", why, "look: podman run --rm IMAGE rpm -qa")
        return cls(packages=tuple(sorted(packages, key=lambda rpm: (rpm.name, rpm.full))), files=tuple(files))


def _rpm(row: list[str]) -> Rpm:
    _, name, epoch, version, architecture, license_, vendor, source = row
    version = version if epoch in ("0", "(none)") else f"{epoch}:{version}"
    return Rpm(name=name, version=version, architecture=architecture, license=license_, vendor=vendor, source=source)


def spdx(contents: Contents, image: str, source: str, digest: str, created: datetime) -> str:
    """The SPDX document as JSON; stops at one that does not validate. `created` is when the image was made, in UTC."""
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    from spdx_tools.spdx.writer.json.json_writer import write_document_to_stream

    document = _document(contents, image, f"{source}/sbom/{digest.replace(':', '/')}", created)
    faults = validate_full_spdx_document(document, _VERSION)
    if faults:
        what = f"the list of what is in {image} is no {_VERSION}"
        raise TaskError(
            what, faults[0].validation_message[:_LONGEST], "look at that package: podman run --rm IMAGE rpm -qi NAME"
        )
    written = StringIO()
    write_document_to_stream(document, written, validate=False)
    return f"{written.getvalue()}\n"


def _document(contents: Contents, image: str, namespace: str, created: datetime) -> "form.Document":
    from license_expression import get_spdx_licensing
    from spdx_tools.spdx import model as form

    licensing = get_spdx_licensing()
    creators = [form.Actor(form.ActorType.TOOL, "custom-coreos")]
    info = form.CreationInfo(_VERSION, "SPDXRef-DOCUMENT", image, namespace, creators, created.replace(tzinfo=None))
    kind = form.PackagePurpose.CONTAINER
    unknown = form.SpdxNoAssertion()
    whole = form.Package("SPDXRef-image", image, unknown, files_analyzed=False, primary_package_purpose=kind)
    packages = [_package(rpm, number, licensing) for number, rpm in enumerate(contents.packages)]
    files = [_file(each, number) for number, each in enumerate(contents.files)]
    described = [whole.spdx_id, *(each.spdx_id for each in files)]
    related = [form.Relationship("SPDXRef-DOCUMENT", form.RelationshipType.DESCRIBES, each) for each in described]
    related += [form.Relationship(whole.spdx_id, form.RelationshipType.CONTAINS, each.spdx_id) for each in packages]
    return form.Document(info, packages=[whole, *packages], files=files, relationships=related)


def _package(rpm: Rpm, number: int, licensing: "Licensing") -> "form.Package":
    from license_expression import ExpressionError
    from spdx_tools.spdx import model as form

    unknown = form.SpdxNoAssertion()
    try:
        declared = licensing.parse(rpm.license, validate=True)
    except ExpressionError:  # the names of before SPDX, which Fedora still has here and there
        declared = unknown
    supplier = form.Actor(form.ActorType.ORGANIZATION, rpm.vendor) if rpm.vendor not in ("", "(none)") else unknown
    address = f"pkg:rpm/fedora/{quote(rpm.name)}@{quote(rpm.version)}?arch={rpm.architecture}"
    manager = form.ExternalPackageRefCategory.PACKAGE_MANAGER
    return form.Package(
        f"SPDXRef-rpm-{number}-{re.sub(r'[^A-Za-z0-9.-]', '-', rpm.name)}", rpm.name, unknown,
        version=rpm.full, files_analyzed=False, license_declared=declared, supplier=supplier,
        license_comment=f"rpm: {rpm.license}", source_info=f"built from {rpm.source}",
        external_references=[form.ExternalPackageRef(manager, "purl", address)],
    )  # fmt: skip


def _file(found: ConfigFile, number: int) -> "form.File":
    from spdx_tools.spdx import model as form

    sums = ((form.ChecksumAlgorithm.SHA1, found.sha1), (form.ChecksumAlgorithm.SHA256, found.sha256))
    return form.File(f".{found.path}", f"SPDXRef-file-{number}", [form.Checksum(*each) for each in sums])


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What a document lists: packages with their versions, files with their sha256."""

    packages: Mapping[str, str]
    files: Mapping[str, str]

    @classmethod
    def parse(cls, content: bytes, source: str) -> Self:
        """Read one of our own documents."""
        try:
            document = json.loads(content)
            packages = dict(_versions(document["packages"]))
            files = {str(row["fileName"]).removeprefix("."): _sha256(row) for row in document.get("files", [])}
        except (ValueError, KeyError, TypeError) as error:
            why = f"it does not have SPDX's form: {error!r}"
            raise TaskError(f"the SBOM of {source} cannot be read", why, "publish the image anew") from error
        return cls(packages=packages, files=files)


def _versions(rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Versions by name; several of one name, as a library in two architectures, are listed together."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["SPDXID"].startswith("SPDXRef-rpm-"):
            found.setdefault(row["name"], []).append(row["versionInfo"])
    yield from ((name, " ".join(sorted(versions))) for name, versions in found.items())


def _sha256(row: dict[str, list[dict[str, str]]]) -> str:
    return next(sum_["checksumValue"] for sum_ in row["checksums"] if sum_["algorithm"] == "SHA256")
