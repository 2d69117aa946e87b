"""butane.yaml plus what every machine gets → one Ignition file, validated and scanned for secrets."""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.clients import butane, gitleaks, identity, signer, workspace
from tasks.console import answer, say, warn
from tasks.model.errors import TaskError
from tasks.model.install import cautions, firstboot
from tasks.model.install.butane import butane_cautions, source_lines
from tasks.model.install.guarded import guarded
from tasks.model.install.ignition import flatten, merged, parse
from tasks.model.install.impossible import impossible
from tasks.model.install.merged import displaced
from tasks.model.install.overridden import overridden
from tasks.model.install.secrets import encrypted
from tasks.model.install.secrets import scan as secrets

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tasks.model.install.ignition import Caution, Entry
    from tasks.model.install.merged import Merged
    from tasks.model.install.secrets.scan import Leak
    from tasks.settings.values import Settings

USER_FILE = "butane.yaml"
_FILE = "ignition.json"
_SWITCH_SECONDS = 0.001  # with Python's 5 ms, a thread that writes thousands of files waits that long after each


@dataclass(frozen=True, slots=True)
class Installation:
    """The finished Ignition file, what the machine makes of it, and the secrets in it, which must not be published."""

    document: str
    on_machine: "Merged"
    findings: tuple[secrets.Secret, ...]

    @property
    def hash(self) -> str:
        """The value of coreos-installer's --ignition-hash."""
        return f"sha512-{hashlib.sha512(self.document.encode()).hexdigest()}"


def ignition(settings: "Settings", *, switch: bool) -> None:
    """Write ignition.json and print its hash."""
    installation = make(settings, switch=switch)
    if workspace.write_whole(workspace.ROOT / _FILE, installation.document):
        say(f"{_FILE} written ({len(installation.document)} bytes); install with --ignition-hash and:")
    answer(installation.hash)


def make(settings: "Settings", *, switch: bool) -> Installation:
    """Translate, merge, validate and scan; print warnings, and return the secrets to the caller."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    config = workspace.read_text(workspace.ROOT / USER_FILE)
    ours = _ours(settings, switch=switch)
    with ThreadPoolExecutor() as pool:
        own = pool.submit(butane.translate, config, USER_FILE, workspace.ROOT)
        child = ours and pool.submit(butane.translate, ours, "what every machine gets", workspace.ROOT)
        document = merged(own.result(), child.result() if child else None)
        booting = pool.submit(butane.merge, document)
        whole = flatten(document)
        leaks = pool.submit(lambda: tuple(gitleaks.leaks([encrypted.without(entry) for entry in whole])))
        scanned = pool.submit(lambda: secrets.scan(whole, _awaited(leaks)))
        written = source_lines.load(config)
        on_machine = booting.result()
        added = parse(child.result()) if child else {}
        _require_bootable(settings, on_machine, added, written)
        warnings = [  # while gitleaks searches
            f"{source_lines.find(written, path)}: {why}"
            for path, why in _cautions(settings, own.result(), whole, on_machine, added)
        ]
        findings = scanned.result()
    for sentence in (*butane_cautions.cautions(config, written), *warnings):
        warn(f"{USER_FILE}: {sentence}")
    return Installation(document, on_machine, tuple(_reported(findings, settings, written)))


def _awaited(leaks: "Future[tuple[Leak, ...]]") -> Iterator["Leak"]:
    """Wait for the leaks only once somebody asks for the first one."""
    yield from leaks.result()


def _cautions(
    settings: "Settings", own: str, whole: Sequence["Entry"], merged: "Merged", ours: dict[str, Any]
) -> Iterator["Caution"]:
    """What to know before a machine is installed, and the Ignition paths; `own` is the config without our part."""
    yield from ((each.path, each.why) for each in merged.warnings)
    yield from cautions.cautions(merged, whole, identity.owner(settings.image))
    yield from encrypted.cautions(whole)
    yield from overridden(flatten(own), ours)


def _require_bootable(settings: "Settings", merged: "Merged", ours: dict[str, Any], written: object) -> None:
    """Stop at what Ignition would stop at, what Fedora CoreOS cannot do, and what undoes our part of the config."""
    stopping = merged.faults or tuple(impossible(merged))
    faults = merged.faults or (*stopping, *displaced(merged, ours), *guarded(merged, ours))
    if faults:
        undone = f"{USER_FILE} undoes what a machine needs to switch and to update safely"
        what = f"a machine could not boot with {USER_FILE}" if stopping else undone
        why = "; ".join(f"{source_lines.find(written, each.path)}: {each.why}" for each in faults)
        raise TaskError(what, why, f"correct {USER_FILE} at that place")
    if ours:
        _require_accepted(settings, merged, ours, written)


def _require_accepted(settings: "Settings", merged: "Merged", ours: dict[str, Any], written: object) -> None:
    """Stop if a machine would not take the image as it should; name the files that this config adds about images."""
    try:
        signer.require(merged.host_files(), settings.image, f"{USER_FILE}, once merged,")
    except TaskError as error:
        mine = {file["path"] for file in ours.get("storage", {}).get("files", [])}
        paths = sorted({f"/{path}" for path in merged.host_files().files} - mine)
        if not paths:
            raise
        places = ", ".join(str(source_lines.find(written, ("storage", f"files[{path}]"))) for path in paths)
        following = f"correct or leave out what {USER_FILE} writes there"
        raise TaskError(error.what, f"{places}: {error.why}", following) from error


def _ours(settings: "Settings", *, switch: bool) -> str:
    """Return the Butane text of what every machine gets; empty if no key ships."""
    shipped = workspace.host_files()
    signer.require(shipped, settings.image, "overlay-root")
    if not shipped.has_key:
        if switch:
            warn("no signing key ships, so the machine stays on stock Fedora CoreOS; make a key: ./inv keygen")
        return ""
    return json.dumps(firstboot.snippet(shipped, settings.image, switch=switch))


def _reported(findings: Iterable[secrets.Secret], settings: "Settings", written: object) -> Iterator[secrets.Secret]:
    """Report every finding; yield those that no setting allows."""
    allowed = set()
    for finding in findings:
        name, key = finding.entry.name, finding.allowance
        if key in settings.allow_public:
            allowed.add(key)
            say(f"{name} ({finding.kind}) may be public: {settings.allow_public[key]}")
            continue
        line = source_lines.find(written, finding.entry.path)
        warn(f"{USER_FILE}: {line}: a secret would be public ({finding.kind})")
        say(f"  in Ignition: {name}\n  why: {finding.why}\n  instead: {finding.instead}")
        say(f'  if it is no secret, add under allow_public in invoke.yaml:\n    "{key}": "WHY IT IS NO SECRET"')
        yield finding
    for key in settings.allow_public.keys() - allowed:
        say(f"invoke.yaml: allow_public names {key}, but no such secret is found any more: delete that line")


def require_public(installation: Installation) -> None:
    """Stop if the file contains a secret."""
    if installation.findings:
        raise TaskError(
            "nothing is made public",
            f"{USER_FILE} contains {len(installation.findings)} secret(s), listed above",
            "remove them; for each that is no secret, put the line printed above under allow_public in invoke.yaml",
        )
