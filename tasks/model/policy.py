"""policy.json, by which a host accepts images: our image's rule is written into it, and an owner's others stay.

Format: containers-policy.json(5).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

REJECT = [{"type": "reject"}]
KEY_FIELDS = ("keyPath", "keyPaths", "keyData", "keyDatas")
_TRUSTED = [{"type": "insecureAcceptAnything"}]
_TRANSPORTS = ("docker", "containers-storage", "oci", "oci-archive", "docker-archive", "dir")
_ALSO = ("docker-daemon",)  # what an owner's default may have been for
_DEEPEST = 100  # a policy needs 8
_AS_PATH = {"keyData": "keyPath", "keyDatas": "keyPaths"}
Document = dict[str, Any]


def parse(content: bytes) -> Document:
    """Read a policy. ValueError says why not, also about what only containers/image refuses: a name given twice."""
    if _depth(content) > _DEEPEST:
        raise ValueError("it is nested too deeply")
    return _fields(json.loads(content.decode("utf-8"), object_pairs_hook=_unique), "it")


def _depth(content: bytes) -> int:
    """How many lists and objects are open at once, at most; those in texts count too."""
    steps = (1 if each in b"[{" else -1 for each in content if each in b"[]{}")
    return max(accumulate(steps, initial=0))


def _fields(value: object, name: str) -> Document:
    if isinstance(value, dict):
        return value
    raise ValueError(f"{name} is not a JSON object")


def _unique(pairs: Sequence[tuple[str, Any]]) -> Document:
    """Make an object of its fields."""
    made: Document = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f'"{name}" is given twice')
        made[name] = value
    return made


def written(image: str, keys: Sequence[str], present: bytes = b"", former: Sequence[str] = ()) -> str:
    """A policy.json that accepts `image` only if one of `keys` (paths `etc/…`) signed it.

    It keeps what the present one says about other images; the rules for `image` and its former names go. Without a
    present one, every other image is accepted. Raises ValueError if the present one cannot be read.
    """
    document = parse(present) if present else {}
    transports = dict(_object(document, "transports"))
    others = {scope: rule for scope, rule in _docker(document).items() if not _is_about(scope, rule, image, former)}
    transports = {"docker": {}, **transports} | {"docker": {image: [_rule(keys)], **others}}
    default = document.get("default")
    if default != REJECT:  # what the default said about other images is said by the transports from now on
        for name in (*_TRANSPORTS, *transports, *(_ALSO if default else ())):
            transports[name] = {**_object(transports, name)}
            transports[name].setdefault("", default or _TRUSTED)
    return json.dumps({"default": REJECT, **document, "transports": transports} | {"default": REJECT}, indent=2) + "\n"


def dropped(present: bytes, image: str, former: Sequence[str]) -> tuple[str, ...]:
    """The scopes of a present policy that `written` leaves out; ours itself is only replaced."""
    scopes = _docker(parse(present)).items() if present else ()
    return tuple(scope for scope, rule in scopes if scope != image and _is_about(scope, rule, image, former))


def _rule(keys: Sequence[str]) -> Document:
    paths = [f"/{path}" for path in keys]
    named: Document = {"keyPath": paths[0]} if len(paths) == 1 else {"keyPaths": paths}
    return {"type": "sigstoreSigned", **named, "signedIdentity": {"type": "matchRepository"}}


def _is_about(scope: str, rule: object, image: str, former: Sequence[str]) -> bool:
    """Whether a scope names our image, or something below its name, unless it only refuses one digest."""
    if scope.startswith(f"{image}@") and rule == REJECT:
        return False
    below = (f"{image}:", f"{image}@", f"{image}/", *(f"{name}{mark}" for name in former for mark in ":@"))
    return scope in (image, *former) or scope.startswith(below)


def _docker(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(document, "transports"), "docker")


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _fields(document.get(name, {}), f'"{name}"')


def rule_of(content: bytes, image: str) -> object:
    """The rule of an image's name; None if there is none, or if the policy cannot be read."""
    try:
        return _docker(parse(content)).get(image)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where the keys of a policy are read from instead.

    `moved` returns a path for a path; `holding` returns the path that holds the key of a `keyData`, or nothing.
    """

    moved: Callable[[str], str]
    holding: Callable[[str], str]

    def put_into(self, content: bytes) -> bytes:
        """The same policy with these paths; one that hosts cannot read stays as it is."""
        try:
            document = parse(content)
        except ValueError:
            return content
        return json.dumps(self._put(document)).encode()

    def _put(self, value: Any) -> Any:  # noqa: ANN401  (JSON's own shapes)
        if isinstance(value, list):
            return [self._put(each) for each in value]
        if isinstance(value, dict):
            return dict(self._field(name, inner, value) for name, inner in value.items())
        return value

    def _field(self, name: str, value: Any, whole: Document) -> tuple[str, Any]:  # noqa: ANN401  (JSON's own shapes)
        texts = value if isinstance(value, list) else [value]
        if name not in KEY_FIELDS or not all(isinstance(text, str) for text in texts):
            return name, self._put(value)
        is_path = name not in _AS_PATH
        paths = [self.moved(text) if is_path else self.holding(text) for text in texts]
        is_only = sum(field in whole for field in KEY_FIELDS) == 1
        if not is_path and not (all(paths) and is_only):
            return name, value
        return _AS_PATH.get(name, name), paths if isinstance(value, list) else paths[0]


def keys_of(requirement: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a requirement names: paths, and keys in the policy itself."""
    for name in KEY_FIELDS:
        value = requirement.get(name)
        yield from map(str, value if isinstance(value, list) else [value] if value else [])
