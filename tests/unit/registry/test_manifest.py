"""Manifests: what they need, and what belongs to them."""

import pytest

from tasks.model.errors import TaskError
from tasks.model.registry.manifest import Manifest, attached_to, referrers_tag, signature_tag

DIGEST, OTHER, THIRD = (f"sha256:{letter * 64}" for letter in "abc")


def test_a_manifest_tells_what_it_needs_and_what_it_belongs_to() -> None:
    """It has configuration and layers, children, and a subject."""
    body = (
        '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "x/y",'
        f'"config": {{"digest": "{DIGEST}"}}, "layers": [{{"digest": "{OTHER}"}}, 7],'
        f'"subject": {{"digest": "{THIRD}"}}}}'
    )
    found = Manifest.parse(body.encode(), "m")
    assert found.refers_to == (DIGEST, OTHER)
    assert found.subject == THIRD
    assert not found.is_known


def test_of_an_unknown_form_everything_that_looks_like_a_digest_is_needed() -> None:
    """So cleanup keeps too much rather than too little."""
    found = Manifest.parse(f'{{"mediaType": "new", "parts": {{"x": "{DIGEST}"}}}}'.encode(), "m")
    assert found.refers_to == (DIGEST,)
    assert not found.is_known


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a"', b"[" * 100_000])
def test_what_is_no_manifest_is_an_error(body: bytes) -> None:
    """It could need anything."""
    with pytest.raises(TaskError, match="is not a manifest"):
        Manifest.parse(body, "m")


def test_tags_that_belong_to_a_digest_are_known_by_name() -> None:
    """They are those of signature, attestation and referrers list, and no other."""
    assert attached_to(signature_tag(DIGEST)) == attached_to(referrers_tag(DIGEST)) == DIGEST
    assert attached_to("stable") == attached_to("sha256-12") == attached_to(f"{referrers_tag(DIGEST)}.other") == ""
