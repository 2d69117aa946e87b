"""The list of packages: it validates whatever RPM reports, and reads back as written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from tasks.model.errors import TaskError
from tasks.model.registry.sbom import Contents, Listed, spdx
from tests.builders.values import DIGEST

LISTING = "\n".join(
    [
        "package\tkernel-core\t0\t7.1.9-200.fc44\tx86_64\tGPL-2.0-only AND MIT\tFedora Project\tkernel-7.1.9.src.rpm",
        "package\tgcc++ (odd)\t1\t15-1.fc44\tx86_64\tGood, but not SPDX\t(none)\tgcc.src.rpm",
        "package\tglibc\t0\t2.42-1\tx86_64\tLGPL-2.1-or-later\tFedora Project\tglibc.src.rpm",
        "package\tglibc\t0\t2.42-1\ti686\tLGPL-2.1-or-later\tFedora Project\tglibc.src.rpm",
        f"file\t{'a' * 40}\t{'b' * 64}\t/etc/motd",
        "end",
    ]
)


def test_it_validates_and_is_read_back(tmp_path: Path) -> None:
    """It has epochs, odd names, licences from before SPDX, and one package in two architectures."""
    document = spdx(Contents.parse(LISTING, "i"), "custom-coreos", "https://github.com/o/n", DIGEST, datetime.now(UTC))
    listed = Listed.parse(document.encode(), "i")
    assert listed.packages == {
        "kernel-core": "7.1.9-200.fc44.x86_64",
        "gcc++ (odd)": "1:15-1.fc44.x86_64",
        "glibc": "2.42-1.i686 2.42-1.x86_64",
    }
    assert listed.files == {"/etc/motd": "b" * 64}
    file = tmp_path / "sbom.spdx.json"
    file.write_text(document)
    assert validate_full_spdx_document(parse_file(str(file)), "SPDX-2.3") == []


@pytest.mark.parametrize("listing", ["", LISTING.removesuffix("\nend"), "sh: rpm: not found", "end"])
def test_a_listing_that_is_not_whole_is_an_error(listing: str) -> None:
    """Half a list of packages would be wrong."""
    with pytest.raises(TaskError, match="could not be listed"):
        Contents.parse(listing, "i")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"packages": [{"name": "x"}]}', b'{"packages": 7}', b"[" * 100_000]
)
def test_a_document_of_another_form_is_an_error(content: bytes) -> None:
    """Anything can be attached to an image."""
    with pytest.raises(TaskError, match="cannot be read"):
        Listed.parse(content, "i")
