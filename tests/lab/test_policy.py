"""No policy that accepts our name without our signature gets through; containers/image itself decides."""

import base64
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.clients import key_pairs, signer
from tasks.model.policy import written
from tasks.model.signing import KEYS, POLICY, REGISTRY_ENTRY, HostFiles, registries

IMAGE = "ghcr.io/owner/custom-coreos"
ANYTHING = [{"type": "insecureAcceptAnything"}]
KEY, OTHER = f"{KEYS}/cosign.pub", f"{KEYS}/cosign-2.pub"
UBLUE, COPY = f"{KEYS}/ublue.pub", f"{KEYS}/copy.pub"  # beside ours, for an owner's own rules
MORE = "etc/containers/registries.d/z.yaml"
FULCIO = {"caData": "S0VZ", "oidcIssuer": "https://x.example", "subjectEmail": "x@x.example"}
KMODS = {"type": "exactRepository", "dockerRepository": f"{IMAGE}-kmods"}
CERTIFICATES = "etc/containers/certs.d"
CONF, DROP_IN = "etc/containers/registries.conf", "etc/containers/registries.conf.d/50-x.conf"
Change = Callable[[dict[str, Any]], object]


@lru_cache
def publics() -> tuple[bytes, bytes]:
    """Return the public halves of two key pairs."""
    return key_pairs.generate().public.encode(), key_pairs.generate().public.encode()


def shipped(*keys: str, change: Change = dict) -> HostFiles:
    """Return what keygen writes, with a change to the policy."""
    paths = keys or (KEY,)
    document = json.loads(written(IMAGE, paths))
    change(document)
    rules = {POLICY: json.dumps(document).encode(), REGISTRY_ENTRY: registries(IMAGE).encode()}
    foreign = {UBLUE: publics()[1], COPY: publics()[0]}
    return HostFiles({**foreign, **dict(zip(paths, publics(), strict=False)), **rules})


def inside(document: dict[str, Any]) -> None:
    """Put our key into the policy itself."""
    (ours,) = document["transports"]["docker"][IMAGE]
    del ours["keyPath"]
    ours["keyData"] = base64.b64encode(publics()[0]).decode()


def remapped(prefix: str, signed: str) -> Change:
    """Return a rule of our name that looks for signatures of another name."""
    return rule(signedIdentity={"type": "remapIdentity", "prefix": prefix, "signedPrefix": signed})


def scope(name: str, *requirements: dict[str, Any]) -> Change:
    """Return a change that adds a scope."""
    return lambda document: document["transports"]["docker"].update({name: list(requirements) or ANYTHING})


def rule(**fields: object) -> Change:
    """Return a change to the rule of our name."""
    return lambda document: document["transports"]["docker"][IMAGE][0].update(fields)


def signed(**fields: object) -> dict[str, Any]:
    """Return a requirement of a signature."""
    return {"type": "sigstoreSigned", "signedIdentity": {"type": "matchRepository"}, **fields}


@pytest.mark.parametrize("keys", [(KEY,), (KEY, OTHER)])
def test_what_keygen_writes_is_right(keys: tuple[str, ...]) -> None:
    """Each shipped key opens every name of the image; nobody else does."""
    assert signer.faults(shipped(*keys), IMAGE) == []


HOLES: dict[str, tuple[Change, str]] = {
    "one tag": (scope(f"{IMAGE}:stable"), f"accepts {IMAGE}:stable without a signature"),
    "a tag that we never push": (scope(f"{IMAGE}:lts"), f"accepts {IMAGE}:lts without a signature"),
    "a digest": (scope(f"{IMAGE}@sha256:{'a' * 64}"), f"accepts {IMAGE}@sha256:{'a' * 64} without a signature"),
    "a longer path": (scope(f"{IMAGE}/x"), f"accepts {IMAGE}/x without a signature"),
    "our name itself": (scope(IMAGE), "without a signature"),
    "a stranger's key": (rule(keyPath=f"/{OTHER}"), f"keys that are not ours: /{OTHER}"),
    "a stranger's key beside ours": (
        lambda document: (
            document["transports"]["docker"][IMAGE][0].pop("keyPath"),
            rule(keyPaths=[f"/{KEY}", "/etc/hostname"])(document),
        ),
        "keys that are not ours: /etc/hostname",
    ),
    "a key in the policy": (scope(f"{IMAGE}:x", signed(keyData="S0VZ")), "keys that are not ours: S0VZ"),
    "a certificate for another digest": (
        scope(f"{IMAGE}@sha256:{'a' * 64}", signed(fulcio=FULCIO, rekorPublicKeyData="S0VZ")),
        f"accepts {IMAGE}@sha256:{'a' * 64} by fulcio",
    ),
    "another image's signature for one digest": (
        scope(f"{IMAGE}@sha256:{'a' * 64}", signed(keyPath=f"/{KEY}", signedIdentity=KMODS)),
        f"signatures of {IMAGE}-kmods",
    ),
    "exact names": (rule(signedIdentity={"type": "matchExact"}), "is refused with a signature of /etc/pki"),
    "a key of another project, which ships": (rule(keyPath=f"/{UBLUE}"), f"keys that are not ours: /{UBLUE}"),
    "a key twice, in two ways": (rule(keyData="S0VZ"), "exactly one of keyPath, keyPaths"),
    "signatures of the former name": (
        remapped("ghcr.io/owner", "x.io"),
        "signatures of x.io/custom-coreos",
    ),
    "signatures of exactly this tag": (remapped("docker.io", "quay.io"), "is refused with a signature"),
    "no rule": (lambda document: document["transports"]["docker"].pop(IMAGE), "without a signature"),
    "everything refused": (scope(IMAGE, {"type": "reject"}), "is refused with a signature"),
    "two keys are required": (scope(IMAGE, signed(keyPath=f"/{KEY}"), {"type": "reject"}), "is refused"),
    "a default that accepts": (lambda document: document.update(default=ANYTHING), "the default must be exactly"),
    "a word nobody knows": (lambda document: document.update(comment="x"), "comment"),
}


@pytest.mark.parametrize(("change", "said"), HOLES.values(), ids=HOLES)
def test_a_hole_is_found(change: Change, said: str) -> None:
    """An unsigned or wrongly signed image is accepted under some name, or ours is refused."""
    assert said in "; ".join(signer.faults(shipped(change=change), IMAGE))


HARMLESS: dict[str, Change] = {
    "another image": scope(f"{IMAGE}-kmods"),
    "another image that must be signed": scope("ghcr.io/other/name", signed(keyData="S0VZ")),
    "the owner's other images": scope("ghcr.io/owner"),
    "the same rule for everything of the owner": scope("ghcr.io/owner", signed(keyPath=f"/{KEY}")),
    "the same rule for one tag": scope(f"{IMAGE}:stable", signed(keyPath=f"/{KEY}")),
    "one tag is refused": scope(f"{IMAGE}@sha256:{'a' * 64}", {"type": "reject"}),
    "our key in the policy itself": inside,
    "our key's path with two slashes": rule(keyPath=f"//{KEYS}//cosign.pub"),
    "our key's path by a way around": rule(keyPath=f"/{KEYS}/../cosign/./cosign.pub"),
    "a copy of our key": rule(keyPath=f"/{COPY}"),
    "another project's key for its images": scope("ghcr.io/ublue-os", signed(keyPath=f"/{UBLUE}")),
    "another transport": lambda document: document["transports"].update({"docker-daemon": {"": ANYTHING}}),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_an_owner_adds_for_other_images_is_no_fault(change: Change) -> None:
    """The decisions count, and not how the policy is written."""
    assert signer.faults(shipped(change=change), IMAGE) == []


@pytest.mark.parametrize(
    "extra",
    {
        "no entry": {REGISTRY_ENTRY: b"docker: {}\n"},
        "attachments off": {REGISTRY_ENTRY: registries(IMAGE).replace("true", "false").encode()},
        "off for one tag": {MORE: registries(f"{IMAGE}:stable").replace("true", "false").encode()},
        "twice": {MORE: registries(IMAGE).encode()},
        "a tab": {MORE: b"docker:\n\tx: y\n"},
        "no PEM": {KEY: b"key"},
        "a truncated key": {KEY: b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"},
        "a key that the policy does not name": {OTHER: b""},
        "a blocked registry": {CONF: b'[[registry]]\nlocation = "ghcr.io"\nblocked = true\n'},
        "a blocked name": {DROP_IN: f'[[registry]]\nlocation = "{IMAGE}"\nblocked = true\n'.encode()},
        "another place": {DROP_IN: f'[[registry]]\nprefix = "{IMAGE}"\nlocation = "x.example/y"\n'.encode()},
        "half a client's pair": {f"{CERTIFICATES}/ghcr.io/client.key": b"-----BEGIN PRIVATE KEY-----"},
        "no TOML": {CONF: b"[[registry]\n"},
        "a registries.conf of the first form": {DROP_IN: b"[registries.search]\nregistries = []\n"},
    }.values(),
)  # fmt: skip
def test_what_keeps_our_signatures_from_being_found_is_a_fault(extra: dict[str, bytes]) -> None:
    """Hosts would refuse every update."""
    filled = {path: content or publics()[1] for path, content in extra.items()}
    assert signer.faults(HostFiles({**shipped().files, **filled}), IMAGE)


@pytest.mark.parametrize(
    "extra",
    {
        "Fedora's own": {CONF: b'unqualified-search-registries = ["registry.fedoraproject.org"]\n'},
        "an alias": {DROP_IN: b'[aliases]\n"fedora" = "registry.fedoraproject.org/fedora"\n'},
        "another registry is blocked": {CONF: b'[[registry]]\nlocation = "docker.io"\nblocked = true\n'},
        "half a client's pair of another registry": {f"{CERTIFICATES}/other.example/client.key": b""},
        "an authority of our registry": {f"{CERTIFICATES}/ghcr.io/ca.crt": b"-----BEGIN CERTIFICATE-----"},
        "a mirror in front": {
            CONF: b'[[registry]]\nlocation = "ghcr.io"\n[[registry.mirror]]\nlocation = "cache.example/ghcr"\n'
        },
    }.values(),
)
def test_what_an_owner_sets_for_registries_is_no_fault(extra: dict[str, bytes]) -> None:
    """Hosts still find our images and their signatures."""
    assert signer.faults(HostFiles({**shipped().files, **extra}), IMAGE) == []


_TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True)
_BELOW = st.one_of(
    _TAG.map(lambda tag: f":{tag}"),
    st.from_regex(r"@sha256:[0-9a-f]{64}", fullmatch=True),
    st.from_regex(r"(/[a-z0-9]{1,8}){1,3}(:[a-z0-9]{1,8})?", fullmatch=True),
)


@settings(max_examples=25)
@given(_BELOW, st.sampled_from([ANYTHING, [*ANYTHING, *ANYTHING]]))
def test_no_scope_below_our_name_may_accept_anything(name: str, requirements: list[dict[str, str]]) -> None:
    """Whatever tag, digest or path it has."""
    faults = signer.faults(shipped(change=scope(f"{IMAGE}{name}", *requirements)), IMAGE)
    assert f"{POLICY} accepts {IMAGE}{name} without a signature" in faults


@settings(max_examples=10)
@given(st.from_regex(r"[a-z0-9.-]{1,10}(/[a-z0-9]{1,8}){1,3}", fullmatch=True), _TAG)
def test_any_scope_elsewhere_may(name: str, tag: str) -> None:
    """It opens nothing of ours."""
    for elsewhere in (name, f"{name}:{tag}"):
        assert signer.faults(shipped(change=scope(elsewhere)), IMAGE) == []
