"""What a user sets in invoke.yaml, read into one frozen value; a typo there is an error that names the key."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tasks.model.errors import TaskError

if TYPE_CHECKING:
    from invoke import Config

SECTION = "custom_coreos"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Invoke.yaml's `custom_coreos`; the file says what each key means."""

    image: str
    base: str
    kmods: str
    stream: str
    zfs_streams: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def local_name(self) -> str:
        """The image's name on this machine, without registry and owner."""
        return self.image.rsplit("/", 1)[-1]

    @property
    def source(self) -> str:
        """The repository's address, from the image's owner and name."""
        return f"https://github.com/{self.image.partition('/')[2]}"


def read_settings(config: "Config") -> Settings:
    """Check and freeze the section of an Invoke configuration."""
    section = config.get(SECTION)
    if not section:
        raise _wrong(SECTION, "the section is missing")
    known = {field.name: field.type for field in fields(Settings)}
    for key in section:
        if key not in known:
            raise _wrong(key, f"unknown key; known are {', '.join(known)}")
    return Settings(**{key: _value(section, key, str(kind)) for key, kind in known.items()})


def _value(section: Mapping[str, Any], key: str, kind: str) -> Any:  # noqa: ANN401  (a text or a tuple of texts)
    value = section.get(key)
    if "tuple" in kind:
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            raise _wrong(key, "it must be a list of texts, such as ['2.4', '2.3']")
        return tuple(value)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, "it must be a text")
    return value


def _wrong(key: str, why: str) -> TaskError:
    return TaskError(
        f"invoke.yaml: {key} is wrong", why, "correct it in invoke.yaml; its comments say what each key means"
    )
