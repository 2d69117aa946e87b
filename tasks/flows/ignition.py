"""butane.yaml and what belongs to every machine → one Ignition file, checked and looked through for secrets."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.clients import butane, gitleaks, workspace
from tasks.console import answer, say, warn
from tasks.model.errors import TaskError
from tasks.model.install import cautions, firstboot, secrets, source_lines
from tasks.model.install.ignition import children, flatten, merged
from tasks.model.signing import require_consistent

if TYPE_CHECKING:
    from tasks.settings import Settings

USER_FILE = "butane.yaml"
_FILE = "ignition.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """The finished Ignition file, and what it must not be published with."""

    document: str
    findings: tuple[secrets.Secret, ...]

    @property
    def hash(self) -> str:
        """The value of coreos-installer's --ignition-hash."""
        return f"sha512-{hashlib.sha512(self.document.encode()).hexdigest()}"


def ignition(settings: "Settings", *, switch: bool) -> None:
    """Write ignition.json and answer its hash."""
    made = make(settings, switch=switch)
    if workspace.write_whole(workspace.ROOT / _FILE, made.document):
        say(f"{_FILE} written ({len(made.document)} bytes); install with --ignition-hash and:")
    answer(made.hash)


def make(settings: "Settings", *, switch: bool) -> Installation:
    """Translate, merge, validate and scan; print warnings, and leave findings to the caller."""
    config = workspace.read_text(workspace.ROOT / USER_FILE)
    ours = _ours(settings, switch=switch)
    with ThreadPoolExecutor() as pool:
        own = pool.submit(butane.translate, config, USER_FILE, workspace.ROOT)
        child = ours and pool.submit(butane.translate, ours, "what belongs to every machine", workspace.ROOT)
        document = merged(own.result(), child.result()) if child else own.result()
        whole = flatten(document)
        leaks = pool.submit(lambda: tuple(gitleaks.leaks([said.content for said in whole])))
        list(pool.map(butane.validate, (document, *children(document))))
        found = secrets.scan(whole, leaks.result())
    written = source_lines.load(config)
    for path, why in cautions.cautions(whole, settings.owner):
        warn(f"{USER_FILE}: {source_lines.find(written, path)}: {why}")
    return Installation(document, tuple(_told(found, settings, written)))


def _ours(settings: "Settings", *, switch: bool) -> str:
    """The Butane text of what every machine gets; empty where no key ships."""
    shipped = workspace.host_files()
    require_consistent(shipped, settings.image, "overlay-root")
    if not shipped.has_key:
        if switch:
            warn("no signing key ships, so the machine stays on stock Fedora CoreOS; make one: ./inv keygen")
        return ""
    return json.dumps(firstboot.snippet(shipped, settings.image, switch=switch))


def _told(found: Iterable[secrets.Secret], settings: "Settings", written: object) -> Iterator[secrets.Secret]:
    """Tell every finding; yield those that no setting allows."""
    places_found = set()
    for finding in found:
        name = finding.said.name
        places_found.add(name)
        if name in settings.allow_public:
            say(f"{name} ({finding.kind}) may be public: {settings.allow_public[name]}")
            continue
        warn(f"{USER_FILE}: {source_lines.find(written, finding.said.path)}: a secret would be public ({finding.kind})")
        say(f"  in Ignition: {name}\n  why: {finding.why}\n  instead: {finding.instead}")
        say("  if it is none: name that path with a reason in invoke.yaml, allow_public")
        yield finding
    for name in settings.allow_public.keys() - places_found:
        say(f"invoke.yaml: allow_public names {name}, where nothing is found any more")


def require_public(made: Installation) -> None:
    """Stop where the file holds a secret."""
    if made.findings:
        raise TaskError(
            "nothing is made public",
            f"{USER_FILE} holds {len(made.findings)} secret(s), listed above",
            "take them out, or allow what is none, by its path, in invoke.yaml: allow_public",
        )
