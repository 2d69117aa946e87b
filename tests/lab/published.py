"""The published image of a lab: its name, its digest, and a host that pulls it."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

from tests.lab.conftest import Clone, ready_folder

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


def carry_images(clone: Clone, world: str) -> None:
    """Give a world's ghcr.io the images that the everyday lab has published."""
    assert clone.lab("true", world).returncode == 0
    shutil.rmtree(clone.own(f"{world}/registry/ghcr.io"))
    shutil.copytree(clone.own("everyday/registry/ghcr.io"), clone.own(f"{world}/registry/ghcr.io"))


def with_oras(clone: Clone, folder: Path, script: str, words: str, variable: str) -> subprocess.CompletedProcess[str]:
    """Type a recipe that finds our script as its oras, with a variable that the script reads."""
    (folder / "oras").write_text(script)
    (folder / "oras").chmod(0o755)
    recipe = f"{ready_folder(clone)}/venv/bin/python {clone.path}/tasks.py {words}"
    return clone.lab(f"cd {clone.path} && {variable} PATH={folder}:$PATH {recipe}")


def attest(clone: Clone, digest: str, subject: str, kind: str) -> None:
    """Attach a bundle as actions/attest pushes it, with a statement that we wrote."""
    statement = {"subject": [{"name": IMAGE, "digest": {"sha256": subject[7:]}}], "predicateType": kind}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    (clone.path / "bundle.json").write_text(json.dumps({"dsseEnvelope": {"payload": payload}}))
    done = clone.lab(
        f"cd {clone.path} && oras attach --distribution-spec v1.1-referrers-tag --artifact-type {BUNDLE}"
        f" {IMAGE}@{digest} bundle.json:{BUNDLE}"
    )
    assert done.returncode == 0, done.stderr


# A registry that answers an old list while a client extends it: once, entries are lost.
STALE_ORAS = """#!/bin/bash
PATH=${PATH#*:}
oras "$@" || exit
case "$*" in attach*WHEN*)
    if mkdir "$STALE" 2> /dev/null; then
        subject=$(printf '%s' "$*" | grep -o 'sha256:[0-9a-f]*' | tail -n 1)
        list=IMAGE:${subject/:/-} login="--registry-config $HOME/.docker/config.json"
        cut='import json, sys; d = json.load(sys.stdin); d["manifests"] = d["manifests"][LEFT]; print(json.dumps(d))'
        oras manifest fetch $login "$list" | python3 -c "$cut" > "$STALE/index.json"
        oras manifest push $login --media-type application/vnd.oci.image.index.v1+json "$list" "$STALE/index.json"
    fi
esac
"""


# Another publisher, who moves the tag after our record.
LATE_ORAS = """#!/bin/bash
PATH=${PATH#*:}
oras "$@" || exit
case "$*" in *promoted*) oras tag --registry-config ~/.docker/config.json "$LATE" stable > /dev/null 2>&1 & esac
"""
