"""The contents of the project's page: how to install, what the image contains, what changed, what is awaited."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from tasks.model.errors import TaskError
from tasks.model.image import PUBLIC_TAG
from tasks.model.install.login.logins import Login
from tasks.model.registry.diff import Change
from tasks.model.registry.history import Promoted
from tasks.model.signing import KEY_NAME, KEYS
from tasks.model.words import age

IGNITION = "ignition.json"
MARK = '<meta name="generator" content="custom-coreos">'  # marks a folder as ours
NAMES = rf"index\.html|ignition\.json(\.sha512)?|versions\.json|{KEY_NAME}"  # of the folder's files
SHOWN = 5  # images of the history
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~%+-]*)*")
_WORDS = {"fcos_version": "Fedora CoreOS", "kernel": "kernel", "zfs_version": "OpenZFS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """An image of the history; `changes` and `packages` list what is new in it, `None` if unknown."""

    promoted: Promoted
    changes: tuple[str, ...] | None
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Everything that the page shows; `policy` maps the paths of a host's files, without keys, to their contents."""

    image: str
    source: str
    base_url: str
    hash: str
    logins: tuple[Login, ...]
    fetched: tuple[str, ...]  # the addresses of configs that the machine fetches and that may add logins
    keys: tuple[str, ...]
    verifying: str  # the key that signed the image shown; empty if none of `keys` did
    policy: Mapping[str, str]
    images: tuple[Shown, ...]
    verdict: str
    reasons: tuple[str, ...]
    made: datetime
    max_age_days: int

    @property
    def install(self) -> str:
        """The line that a person types in the installer."""
        return (
            f"sudo coreos-installer install /dev/sda --ignition-url {self.base_url}{IGNITION}"
            f" --ignition-hash {self.hash}"
        )

    @property
    def verify(self) -> str:
        """The commands that check the signature on any machine with cosign."""
        key, named = self.verifying, f"@{self.current.digest}" if self.current else ":stable"
        return (
            f"curl -fO {self.base_url}{key}\ncosign verify --key {key} --insecure-ignore-tlog=true {self.image}{named}"
        )

    @property
    def switch(self) -> str:
        """The commands that give keys and policy to a running machine, and then switch it."""
        folders = sorted({str(PurePosixPath(path).parent) for path in self.policy} | {KEYS})
        fetched = [f"sudo curl -fo /{KEYS}/{key} {self.base_url}{key}" for key in self.keys]
        written = [f"sudo tee /{path} <<'EOF'\n{content.rstrip()}\nEOF" for path, content in self.policy.items()]
        switched = f"sudo bootc switch --enforce-container-sigpolicy {self.image}:{PUBLIC_TAG}"
        mkdir = f"sudo mkdir -p {' '.join(f'/{folder}' for folder in folders)}"
        return "\n".join((mkdir, *fetched, *written, f"{switched} && sudo systemctl reboot"))

    @property
    def current(self) -> Promoted | None:
        """The image that `stable` points at; None before the first publication."""
        return next((each.promoted for each in self.images if each.promoted.current), None)

    @property
    def age(self) -> str:
        """The age of the current image at the time of the page."""
        return age(self.made, self.current.first) if self.current else ""

    @property
    def is_old(self) -> bool:
        """Whether the current image is older than it should be."""
        return self.current is not None and self.made - self.current.first > timedelta(days=self.max_age_days)

    @property
    def waits(self) -> bool:
        """Whether something newer exists that cannot be built yet."""
        return self.verdict in {"HOLD", "BLOCKED"}


def base_url(given: str, repository: str) -> str:
    """The folder's address, with a slash at the end; by default the repository's own GitHub Pages."""
    owner, _, name = repository.partition("/")
    pages = f"https://{owner}.github.io/"
    address = given or (pages if name == f"{owner}.github.io" else f"{pages}{name}/")
    if not _ADDRESS.fullmatch(address):
        why = "it must begin with http:// or https://, and have no query, no fragment and no spaces"
        raise TaskError(f"{address!r} is not a base URL", why, f"for example: --base-url {pages}{name}/")
    return address.rstrip("/") + "/"


def summary(changes: Sequence[Change]) -> tuple[str, ...]:
    """The differences between two images in brief: versions, then the numbers of packages and files."""
    locks = [f"{_WORDS[each.name]} {each.before} → {each.after}" for each in changes if each.name in _WORDS]
    counts = Counter((each.kind, each.change) for each in changes if each.kind != "lock")
    return (*locks, *(f"{number} {kind}{'s' * (number > 1)} {change}" for (kind, change), number in counts.items()))


def packages(changes: Sequence[Change]) -> tuple[str, ...]:
    """A line for every package that differs."""
    differing = [each for each in changes if each.kind == "package"]
    return tuple(f"{each.name} {each.before or 'none'} → {each.after or 'none'}" for each in differing)
