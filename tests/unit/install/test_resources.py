"""Contents that stop the first boot."""

import base64
import gzip
import hashlib
from typing import Any

import pytest

from tasks.model.install.merged import Merged
from tasks.model.install.resources import impossible

TEXT = b"hello"
PACKED = f"data:;base64,{base64.b64encode(gzip.compress(TEXT, mtime=0)).decode()}"
PLAIN = "data:,hello"
SUM = f"sha256-{hashlib.sha256(TEXT).hexdigest()}"
LONG = f"sha512-{hashlib.sha512(TEXT).hexdigest()}"
OTHER = f"sha256-{'0' * 64}"


def found(**resource: Any) -> list[tuple[str, str]]:
    config = {"storage": {"files": [{"path": "/etc/a", "append": [resource]}]}}
    return [(".".join(each.path), each.why) for each in impossible(Merged(config, (), (), ()))]


@pytest.mark.parametrize(
    "resource",
    [
        {"source": PLAIN}, {"source": PLAIN, "compression": ""}, {"source": PLAIN, "verification": {"hash": SUM}},
        {"source": PACKED, "compression": "gzip"}, {"source": PLAIN, "verification": {"hash": LONG}},
        {"source": PACKED, "compression": "gzip", "verification": {"hash": LONG}}, {"source": None},
        {"source": "https://a/b", "compression": "gzip", "verification": {"hash": OTHER}},
        {"source": PLAIN, "verification": {"hash": None}}, {"source": PLAIN, "verification": None},
    ],
)  # fmt: skip
def test_what_fits_its_hash_and_can_be_unpacked_is_right(resource: dict[str, Any]) -> None:
    """The hash is that of the unpacked content; what the machine fetches is not known here."""
    assert found(**resource) == []


def test_a_content_with_another_hash_stops_the_first_boot() -> None:
    """The message has the right hash."""
    place = "storage.files[/etc/a].append[0].verification.hash"
    for resource in ({"source": PLAIN}, {"source": PACKED, "compression": "gzip"}):
        ((where, why),) = found(**resource, verification={"hash": OTHER})
        assert where == place
        assert why.endswith(f"another hash, {SUM}: correct one of them")


@pytest.mark.parametrize("source", [PLAIN, PACKED[:-8], "data:;base64,AAAA"])
def test_what_is_no_gzip_stops_the_first_boot(source: str) -> None:
    """Also one that is cut off."""
    ((where, why),) = found(source=source, compression="gzip")
    assert where == "storage.files[/etc/a].append[0].compression"
    assert "not gzip" in why
