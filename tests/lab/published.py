"""The published image of a lab: its name, its digest, and a host that pulls it."""

import subprocess

from tests.lab.conftest import Clone

IMAGE = "ghcr.io/samhclark/custom-coreos"


LOGIN = (
    "mkdir -p ~/.docker && podman login --authfile ~/.docker/config.json -u owner --password-stdin ghcr.io"
    " <<< lab-token > /dev/null"
)


BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


STABLE = f"skopeo inspect --no-tags --format '{{{{.Digest}}}}' docker://{IMAGE}:stable"


def digest_of(clone: Clone, tag: str = "stable") -> str:
    """Return the digest that a tag points at."""
    return clone.lab(STABLE.replace(":stable", f":{tag}")).stdout.strip()


def host_takes(clone: Clone, reference: str) -> subprocess.CompletedProcess[str]:
    """Pull one of our images as a host."""
    return clone.lab(f"lab/host.sh {clone.path} {IMAGE}{reference}")
