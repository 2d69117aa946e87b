"""keygen writes the rule of our image; whatever else an owner wrote into policy.json stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.policy import KeyPlaces, dropped, parse, written

IMAGE, FORMER = "ghcr.io/owner/custom-coreos", "ghcr.io/samhclark/custom-coreos"
KEYS = ("etc/pki/cosign/cosign.pub", "etc/pki/cosign/cosign-2.pub")
REJECT, ANYTHING = [{"type": "reject"}], [{"type": "insecureAcceptAnything"}]
UBLUE = [{"type": "sigstoreSigned", "keyPath": "/etc/pki/cosign/ublue.pub"}]


def rewritten(present: dict[str, Any], *former: str) -> dict[str, Any]:
    """Return the policy that replaces another."""
    return parse(written(IMAGE, KEYS, json.dumps(present).encode(), former).encode())


def with_scopes(**scopes: object) -> dict[str, Any]:
    """Return what keygen writes, with more scopes of the transport docker."""
    document = parse(written(IMAGE, KEYS[:1]).encode())
    document["transports"]["docker"] |= scopes
    return document


def test_the_rules_for_other_images_and_transports_stay() -> None:
    """A rotation changes the keys of our rule, and nothing of the owner's."""
    present = with_scopes(**{"ghcr.io/ublue-os": UBLUE, "docker.io": REJECT, f"{IMAGE}-kmods": ANYTHING, "": REJECT})
    present["transports"] |= {"docker-daemon": {"": ANYTHING}, "dir": {"/srv": REJECT}}
    after = rewritten(present)
    rule = after["transports"]["docker"].pop(IMAGE)
    del present["transports"]["docker"][IMAGE]
    assert after == present
    assert rule[0]["keyPaths"] == [f"/{key}" for key in KEYS]


SCOPES = st.from_regex(r"[a-z]{1,5}\.io(/[a-z]{1,5}){0,3}(:[a-z]{1,5})?", fullmatch=True)


@given(st.dictionaries(SCOPES, st.sampled_from([REJECT, ANYTHING, UBLUE])))
def test_no_scope_of_anybody_else_is_ever_lost(scopes: dict[str, object]) -> None:
    """Whatever it requires."""
    after = rewritten(with_scopes(**scopes))["transports"]["docker"]
    assert after == {IMAGE: after[IMAGE], "": ANYTHING, **scopes}


def test_the_first_policy_accepts_what_is_not_ours() -> None:
    """Containers go on working; only our image needs a signature."""
    document = parse(written(IMAGE, KEYS[:1]).encode())
    signed = {"type": "sigstoreSigned", "keyPath": f"/{KEYS[0]}", "signedIdentity": {"type": "matchRepository"}}
    local = ("containers-storage", "oci", "oci-archive", "docker-archive", "dir")
    transports = {"docker": {IMAGE: [signed], "": ANYTHING}, **{name: {"": ANYTHING} for name in local}}
    assert document == {"default": REJECT, "transports": transports}


def test_nothing_that_an_owner_forbids_is_allowed_again() -> None:
    """A transport or default scope that is left out is refused on purpose, where the default refuses."""
    strict = {"default": REJECT, "transports": {"docker": {"quay.io": ANYTHING}}}
    after = rewritten(strict)["transports"]
    assert list(after) == ["docker"]
    assert set(after["docker"]) == {IMAGE, "quay.io"}


@pytest.mark.parametrize("default", [ANYTHING, UBLUE])
def test_what_another_default_decided_about_other_images_stays(default: object) -> None:
    """Our default refuses, so the transports get the owner's: else no other container could start."""
    transports = {"docker": {"quay.io": REJECT}, "oci": {"": REJECT}, "atomic": {"x": REJECT}}
    after = rewritten({"default": default, "transports": transports})
    assert after["default"] == REJECT
    assert after["transports"]["docker"] | {IMAGE: 0} == {"quay.io": REJECT, "": default, IMAGE: 0}
    assert (after["transports"]["oci"], after["transports"]["containers-storage"]) == ({"": REJECT}, {"": default})
    assert (after["transports"]["atomic"], after["transports"]["docker-daemon"]) == (
        {"x": REJECT, "": default}, {"": default},
    )  # fmt: skip


def test_a_policy_without_a_default_gets_ours() -> None:
    """containers/image reads no policy without one."""
    assert rewritten({}) == rewritten({"transports": {}}) == parse(written(IMAGE, KEYS).encode())


GONE = (IMAGE, f"{IMAGE}:stable", f"{IMAGE}@sha256:{'a' * 64}", f"{IMAGE}/x", FORMER, f"{FORMER}:stable")
STAY = (f"{IMAGE}-x", "ghcr.io/owner", "ghcr.io", f"{FORMER}/x", f"{FORMER}-kmods")


def test_only_the_rules_of_our_image_and_of_its_former_name_go() -> None:
    """Whatever is below our name is a hole, or the rule itself; keygen names what goes."""
    present = with_scopes(**dict.fromkeys([*GONE[1:], *STAY], ANYTHING))
    assert set(rewritten(present, FORMER)["transports"]["docker"]) == {IMAGE, "", *STAY}
    assert dropped(json.dumps(present).encode(), IMAGE, [FORMER]) == GONE[1:]
    assert FORMER in rewritten(present)["transports"]["docker"]


def test_an_image_that_an_owner_refuses_by_its_digest_stays_refused() -> None:
    """It opens nothing."""
    present = with_scopes(**{GONE[2]: REJECT, GONE[1]: REJECT})
    assert rewritten(present)["transports"]["docker"][GONE[2]] == REJECT
    assert dropped(json.dumps(present).encode(), IMAGE, []) == (GONE[1],)


def nested(depth: int) -> bytes:
    """Return a policy with so many objects and lists within each other, behind others that are closed."""
    return b'{"other": [' + 60 * b"[], " + (depth - 2) * b"[" + (depth - 2) * b"]" + b"]}"


def test_an_owner_s_own_policy_may_be_nested() -> None:
    """A hundred levels are enough for everybody."""
    assert json.loads(written(IMAGE, KEYS, nested(100)))["other"]


@pytest.mark.parametrize(
    ("content", "said"),
    {
        "no JSON": (b'{"default": [}', "line 1"),
        "a list": (b"[]", "not a JSON object"),
        "a name that is given twice": (b'{"default": [], "default": []}', '"default" is given twice'),
        "a byte order mark": (b"\xef\xbb\xbf{}", "BOM"),
        "another encoding": ("{}".encode("utf-16"), "utf-8"),
        "transports that are none": (b'{"transports": []}', '"transports" is not a JSON object'),
        "lists within lists": (nested(101), "nested too deeply"),
        "very many lists": (nested(100_000), "nested too deeply"),
        "scopes that are none": (b'{"transports": {"docker": 1}}', '"docker" is not a JSON object'),
    }.values(),
)
def test_what_cannot_be_read_is_not_written_over(content: bytes, said: str) -> None:
    """Writing it again would lose the owner's rules."""
    with pytest.raises(ValueError, match=said):
        written(IMAGE, KEYS, content)


def test_key_paths_can_be_read_from_elsewhere() -> None:
    """A key in the policy itself becomes the path that holds it, if it is the only field with a key."""
    held = {"S0VZ": "/x/cosign.pub"}
    before = [
        {"type": "sigstoreSigned", "keyPath": "/etc/a.pub"},
        {"type": "sigstoreSigned", "keyPaths": ["/etc/a.pub", "/etc/b.pub"]},
        {"type": "sigstoreSigned", "keyData": "S0VZ"},
        {"type": "sigstoreSigned", "keyDatas": ["S0VZ", "S0VZ"]},
        {"type": "sigstoreSigned", "keyDatas": ["S0VZ", "T1RI"]},
        {"type": "sigstoreSigned", "keyData": "S0VZ", "keyPath": "/etc/a.pub"},
        {"type": "sigstoreSigned", "keyData": 7, "keyPath": 7},
    ]
    after = [
        {"type": "sigstoreSigned", "keyPath": "/x/etc/a.pub"},
        {"type": "sigstoreSigned", "keyPaths": ["/x/etc/a.pub", "/x/etc/b.pub"]},
        {"type": "sigstoreSigned", "keyPath": "/x/cosign.pub"},
        {"type": "sigstoreSigned", "keyPaths": ["/x/cosign.pub", "/x/cosign.pub"]},
        {"type": "sigstoreSigned", "keyDatas": ["S0VZ", "T1RI"]},
        {"type": "sigstoreSigned", "keyData": "S0VZ", "keyPath": "/x/etc/a.pub"},
        {"type": "sigstoreSigned", "keyData": 7, "keyPath": 7},
    ]
    content = json.dumps({"default": REJECT, "transports": {"docker": {IMAGE: before}}}).encode()
    places = KeyPlaces(moved=lambda path: f"/x{path}", holding=lambda text: held.get(text, ""))
    assert parse(places.put_into(content)) == {"default": REJECT, "transports": {"docker": {IMAGE: after}}}


@pytest.mark.parametrize("content", [b"{", b'{"a": 1, "a": 1}', b"\xef\xbb\xbf{}"])
def test_what_hosts_cannot_read_is_left_for_them_to_judge(content: bytes) -> None:
    """Else a policy that no host can read would look like a good one."""
    assert KeyPlaces(str, str).put_into(content) == content


def test_the_policy_names_one_key_or_several() -> None:
    """containers/image takes exactly one of the two fields; tests/lab/test_policy.py tries both."""
    for keys, field, value in (
        (["etc/a.pub"], "keyPath", "/etc/a.pub"),
        (["etc/a.pub", "etc/b.pub"], "keyPaths", ["/etc/a.pub", "/etc/b.pub"]),
    ):
        (rule,) = json.loads(written(IMAGE, keys))["transports"]["docker"][IMAGE]
        assert {name: rule[name] for name in rule if name.startswith("keyPath")} == {field: value}
