"""What is attached to an image stays listed, whatever the registry forgets in between."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.clients import login, oras, referrers, shell
from tasks.model.image import ImageRef
from tasks.model.registry.manifest import Descriptor
from tests.builders.values import DIGEST

IMAGE = ImageRef("ghcr.io/o/n", DIGEST)


@dataclass
class Registry:
    """A registry with one list, to which oras adds and which it replaces."""

    listed: list[dict[str, object]] = field(default_factory=list)
    made: int = 0

    def of(self, _name: str, _digest: str) -> tuple[Descriptor, ...]:
        """Answer the list."""
        return tuple(Descriptor.of(row) for row in self.listed)

    def run(self, argv: list[str], **_: object) -> bool:
        """Do what oras does."""
        if argv[1] == "attach":
            self.made += 1
            kind = next(word.partition("=")[2] for word in argv if word.startswith("--artifact-type"))
            annotations = dict(word.split("=", 2)[1:] for word in argv if word.startswith("--annotation="))
            row = {"digest": f"sha256:{self.made:064}", "artifactType": kind, "annotations": annotations}
            self.listed = [*self.listed, {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1, **row}]
        else:
            self.listed = json.loads(Path(argv[-1]).read_text())["manifests"]
        return True

    def kinds(self) -> list[str]:
        """Return the kinds of what is listed."""
        return sorted(str(row["artifactType"]) for row in self.listed)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Let oras and every read use one registry; nothing is known of it yet."""
    made = Registry()
    monkeypatch.setattr(referrers, "of", made.of)
    monkeypatch.setattr(shell, "run", made.run)
    monkeypatch.setattr(login, "file_for", lambda _host: Path("auth.json"))
    monkeypatch.setattr(oras, "_attached", {})
    return made


@pytest.mark.parametrize("kinds", [["sbom"], ["sbom", "verified"], ["attestation", "sbom", "verified"]])
def test_what_was_lost_before_the_next_artifact_is_attached_is_listed_again(
    registry: Registry, kinds: list[str]
) -> None:
    """The list was complete when the SBOM was attached, and is stale when the record follows."""
    for kind in kinds:
        assert oras.attach(IMAGE, kind, {"of": kind})
    registry.listed = []
    assert oras.attach(IMAGE, "promoted", {"of": "promoted"})
    assert registry.kinds() == sorted([*kinds, "promoted"])


def test_another_image_is_another_list(registry: Registry) -> None:
    """What was attached to one is not written to the other's."""
    assert oras.attach(IMAGE, "sbom", {})
    registry.listed = []
    assert oras.attach(ImageRef(IMAGE.name, f"sha256:{'b' * 64}"), "verified", {})
    assert registry.kinds() == ["verified"]
