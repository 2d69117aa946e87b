"""The settings from invoke.yaml as one frozen value; a typo there is an error that names the key and its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from os import environ
from typing import TYPE_CHECKING, Any

from tasks.model.errors import TaskError
from tasks.settings import invoke_yaml
from tasks.settings.invoke_yaml import SECTION

if TYPE_CHECKING:
    from invoke import Config

OWN = "own"  # in `kmods`: the repository that belongs to the image
_PACKAGE = r"[A-Za-z0-9][A-Za-z0-9+._-]*"
_IMAGE = r"[a-z0-9.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a setting's text must look like, and whether the setting is a list or a mapping of names."""

    pattern: str
    example: str
    several: bool = False
    number: type[int] | type[float] | None = None
    named: bool = False
    never: bool = False  # the word `never` is a value too: None
    may_be_empty: bool = False


def _setting(pattern: str = "", example: str = "", **kind: Any) -> Any:  # noqa: ANN401  (dataclasses.field's own type)
    """Return a dataclass field with the form of the setting's text."""
    return field(metadata={"form": _Form(pattern, example, **kind)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The section `custom_coreos` of invoke.yaml; the comments there explain each key."""

    image: str = _setting(_IMAGE, "ghcr.io/owner/custom-coreos")
    base: str = _setting(_IMAGE, "quay.io/fedora/fedora-coreos")
    kmods: tuple[str, ...] = _setting(f"{OWN}|{_IMAGE}", "ghcr.io/samhclark/fedora-zfs-kmods", several=True)
    build_kmods_after_days: int | None = _setting(r"\d{1,4}", "1", number=int, never=True)
    stream: str = _setting(r"stable|testing|next", "stable")
    zfs_streams: tuple[str, ...] = _setting(r"\d+\.\d+", "2.4", several=True)
    hold_days: int = _setting(r"\d{1,4}", "7", number=int)
    rebuild_after_days: int = _setting(r"\d{1,4}", "7", number=int)
    max_age_days: int = _setting(r"\d{1,4}", "14", number=int)
    retention_days: int = _setting(r"\d{1,5}", "90", number=int)
    keep_images: int = _setting(r"\d{1,4}", "3", number=int)
    max_delete_fraction: float = _setting(r"0|1|0\.\d+|1\.0", "0.5", number=float)
    packages: tuple[str, ...] = _setting(_PACKAGE, "tailscale", several=True, may_be_empty=True)
    allow_public: Mapping[str, str] = _setting(named=True)

    @property
    def local_name(self) -> str:
        """The image's name on this machine, without registry and owner."""
        return self.image.rsplit("/", 1)[-1]

    @property
    def own_kmods(self) -> str:
        """The registry repository for our own kmods; it may not exist yet."""
        return f"{self.image}-kmods"

    @property
    def source(self) -> str:
        """The repository's URL on GitHub, from the image's owner and name."""
        return f"https://github.com/{self.repository}"

    @property
    def repository(self) -> str:
        """The repository's OWNER/NAME on GitHub, the same as the image's."""
        return self.image.partition("/")[2]

    @property
    def owner(self) -> str:
        """The repository's owner."""
        return self.repository.partition("/")[0]

    @property
    def host(self) -> str:
        """The registry's host."""
        return self.image.partition("/")[0]


_FORMS: dict[str, _Form] = {each.name: each.metadata["form"] for each in fields(Settings)}


def check_file() -> None:
    """Stop if invoke.yaml has a mistake, whatever the environment and other files of Invoke's set."""
    read_settings(invoke_yaml.read())


def read_settings(config: "Config | Mapping[str, Any]") -> Settings:
    """Check and freeze the section of an Invoke configuration; in GitHub Actions, `image` is the repository's own."""
    section = config.get(SECTION)
    if not section or not hasattr(section, "items"):
        raise invoke_yaml.wrong((SECTION,), "the section is missing or empty")
    for key in section:
        if key not in _FORMS:
            raise _wrong(invoke_yaml.unknown(key, _FORMS), key)
    if missing := [key for key in _FORMS if key not in section]:
        raise _wrong("the key is missing in this section", missing[0])
    settings = Settings(**{key: _value(section.get(key), key, form) for key, form in _FORMS.items()})
    repository = environ.get("GITHUB_REPOSITORY", "") if environ.get("GITHUB_ACTIONS") == "true" else ""
    return _with_own_kmods(replace(settings, image=f"{settings.host}/{repository.lower()}") if repository else settings)


def _with_own_kmods(settings: Settings) -> Settings:
    """Return the settings with `own` replaced by the repository's full name."""
    if settings.build_kmods_after_days is not None and OWN not in settings.kmods:
        why = f"kmods does not list {OWN}, so nothing would use the modules that are built"
        raise _wrong(f"{why}; add {OWN} to kmods, or set build_kmods_after_days: never", "build_kmods_after_days")
    return replace(settings, kmods=tuple(settings.own_kmods if name == OWN else name for name in settings.kmods))


def require_image(name: str) -> None:
    """Stop if `name` is not an image name with registry and owner."""
    if not re.fullmatch(_IMAGE, name, re.ASCII):
        why = f"{name!r} does not have the form {_FORMS['image'].example}"
        raise TaskError("the image is wrong", why, "give another one: --image ghcr.io/OWNER/NAME")


def _value(value: object, key: str, form: "_Form") -> Any:  # noqa: ANN401  (a text, a tuple of texts, or a number)
    if form.named:
        return _reasons(value, key)
    if form.never and value == "never":
        return None
    if form.number and isinstance(value, (int, form.number)) and not isinstance(value, bool):
        return form.number(_value(str(value), key, replace(form, number=None)))
    if form.number:
        raise _wrong(f"it must be a number such as {form.example}, not {value!r}", key)
    texts = value if form.several else [value]
    if not isinstance(texts, list) or not (texts or form.may_be_empty):
        raise _wrong(f"it must be a list of texts, such as [{form.example!r}]", key)
    for number, text in enumerate(texts):
        place = (key, number) if form.several else (key,)
        if not isinstance(text, str):
            raise _wrong(f"it must be a text such as {form.example!r}, not {text!r}", *place)
        if not re.fullmatch(form.pattern, text, re.ASCII):
            raise _wrong(f"{text!r} does not have the form {form.example}", *place)
    return tuple(texts) if form.several else value


def _reasons(value: object, key: str) -> Mapping[str, str]:
    if value is None or not hasattr(value, "items"):
        raise _wrong(f"it must be a mapping such as {{'KIND HASH': 'reason'}}, or {{}}, not {value!r}", key)
    for name, text in value.items():
        if not isinstance(text, str) or not text.strip():
            raise _wrong(f"{name!r} has no reason", key, name)
    return {str(name): text for name, text in value.items()}


def _wrong(why: str, *place: str | int) -> TaskError:
    """Return the error about the first key of a place in the section."""
    return invoke_yaml.wrong((SECTION, *place), why)
