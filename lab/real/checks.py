"""What must hold of a booted machine: pure functions from the facts that report.sh tells to named checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from subprocess import CompletedProcess

from tasks.model.errors import TaskError


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion by name; `fault` says what was found instead, and is empty where it holds."""

    name: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What image and Ignition file promise of the machine."""

    kernel: str
    zfs: str
    hostname: str  # empty: the Ignition file gives none
    hostname_mode: str  # octal digits
    key: str
    image: str  # what the machine switches to; empty: the Ignition file has no switch
    policy: str  # sha256 of policy.json


def facts(told: str) -> dict[str, str]:
    """Read what report.sh told; one that was cut short is an error."""
    found = dict(line.split("\t", 1) for line in told.splitlines() if "\t" in line)
    if found.get("end") != "end":
        last = told.strip().rpartition("\n")[2]
        raise TaskError(
            "the machine did not tell how it is", f"its last words: {last!r}", "run it again with --verbose"
        )
    return found


def machine(found: Mapping[str, str], wanted: Expected) -> list[Assertion]:
    """What holds at every boot."""
    return [
        _same("kernel", found["kernel"], wanted.kernel),
        *_hostname(found, wanted),
        _same("root: btrfs, labelled root, on LUKS", found["root"], "/dev/mapper/root btrfs root"),
        *zfs(found, wanted),
        _same("tailscaled: enabled", _first(found["tailscaled.service"]), "enabled"),
        _same("zincati: off", found["zincati.service"], "disabled inactive"),
        _same("update timer: on", found["bootc-fetch-apply-updates.timer"], "enabled active"),
        _none("failed units", set(found["failed"].split())),
        _same("policy.json: the shipped one", found["policy"], wanted.policy),
    ]


def _hostname(found: Mapping[str, str], wanted: Expected) -> list[Assertion]:
    if not wanted.hostname:
        return []
    return [
        _same("hostname", found["hostname"], wanted.hostname),
        _same("hostname: file and mode", found["hostname-file"], f"{wanted.hostname} {wanted.hostname_mode}"),
    ]


def zfs(found: Mapping[str, str], wanted: Expected) -> list[Assertion]:
    """The modules run, from the package's path, loaded by modules-load.d."""
    checks = []
    for name in ("spl", "zfs"):
        place = f"/lib/modules/{wanted.kernel}/extra/"
        file, package = found[f"{name}-file"], found[f"{name}-package"]
        there = place in file and package == f"kmod-zfs-{wanted.kernel}"
        checks += [
            _same(f"{name}: loaded", found[f"{name}-loaded"].rpartition("-")[0], wanted.zfs),
            Assertion(
                f"{name}: from the package's path", "" if there else f"{file or 'nowhere'}, of package {package or '-'}"
            ),
        ]
    said = "" if found["modules-load"] == "success" else found["modules-load-said"] or found["modules-load"]
    return [*checks, Assertion("modules-load.d: succeeded", said)]


def first(found: Mapping[str, str], wanted: Expected) -> list[Assertion]:
    """What holds after the first boot alone."""
    tokens = found["luks-tokens"].split()
    clevis = len(tokens) == 1 and tokens[0].startswith("clevis:")
    return [
        _same("LUKS: version 2, labelled luks-root", found["luks"], "crypto_LUKS 2 luks-root"),
        Assertion("LUKS: one token, clevis's", "" if clevis else found["luks-tokens"] or "none"),
        _same("LUKS: no other keyslot", found["luks-keyslots"], tokens[0].partition(":")[2] if tokens else "one"),
        _same("core: the key and no other", found["core-keys"], wanted.key),
        _none("core: groups", {"wheel", "sudo"} - set(found["core-groups"].split())),
    ]


def pool(found: Mapping[str, str], data: str) -> list[Assertion]:
    """The pool came by itself, with the data that was written into it."""
    return [
        _same("pool: imported and online", found["pool"], "tank ONLINE"),
        _same("pool: imported by zfs-import-cache.service", found["imported-by"], "success active"),
        _same("pool: the data's checksum", found["data"], data),
    ]


def switched(found: Mapping[str, str], wanted: Expected) -> list[Assertion]:
    """The first-boot switch asked bootc for the signed image."""
    call = f"switch --enforce-container-sigpolicy {wanted.image}"
    return [_same("switch: bootc was called with the signed image", found["bootc"], call)] if wanted.image else []


def faults(checks: Iterable[Assertion]) -> list[Assertion]:
    """Those that do not hold."""
    return [check for check in checks if check.fault]


def held(name: str, holds: object, fault: str) -> Assertion:
    """A check of anything that is true or not; `fault` is told where it is not."""
    return Assertion(name, "" if holds else fault.strip())


def succeeded(name: str, command: CompletedProcess[str]) -> Assertion:
    """A check of a command: its last words are told where it failed."""
    said = command.stderr.strip() or command.stdout.strip() or f"it ended with {command.returncode}"
    return held(name, command.returncode == 0, said.rpartition("\n")[2])


def _same(name: str, found: str, wanted: str) -> Assertion:
    return Assertion(name, "" if found == wanted else f"{found or 'nothing'}, not {wanted}")


def _none(name: str, found: set[str]) -> Assertion:
    return Assertion(name, ", ".join(sorted(found)))


def _first(text: str) -> str:
    return text.partition(" ")[0]
