"""What must hold for a booted machine: pure functions that turn report.sh's facts into named checks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from subprocess import CompletedProcess

from tasks.model.errors import TaskError


@dataclass(frozen=True, slots=True)
class Assertion:
    """A named assertion; `fault` says what is wrong, and is empty if the assertion holds."""

    name: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What image and Ignition file promise about the machine."""

    kernel: str
    zfs: str
    hostname: str  # empty: the Ignition file sets none
    hostname_mode: str  # octal digits
    key: str
    image: str  # the image that the machine switches to; empty: the Ignition file has no switch
    policy: str  # sha256 of policy.json


def facts(report: str) -> dict[str, str]:
    """Read report.sh's output; stop if it was cut short."""
    facts = dict(line.split("\t", 1) for line in report.splitlines() if "\t" in line)
    if facts.get("end") != "end":
        last = report.strip().rpartition("\n")[2]
        raise TaskError(
            "the machine's report is incomplete", f"its last line is {last!r}", "run it again with --verbose"
        )
    return facts


def machine(facts: Mapping[str, str], expected: Expected) -> list[Assertion]:
    """Check what must hold at every boot."""
    return [
        _same("kernel", facts["kernel"], expected.kernel),
        *_hostname(facts, expected),
        _same("root: btrfs, labelled root, on LUKS", facts["root"], "/dev/mapper/root btrfs root"),
        *zfs(facts, expected),
        _same("tailscaled: enabled", _first(facts["tailscaled.service"]), "enabled"),
        _same("zincati: off", facts["zincati.service"], "disabled inactive"),
        _same("update timer: on", facts["bootc-fetch-apply-updates.timer"], "enabled active"),
        _none("failed units", set(facts["failed"].split())),
        _same("policy.json: the shipped one", facts["policy"], expected.policy),
    ]


def _hostname(facts: Mapping[str, str], expected: Expected) -> list[Assertion]:
    if not expected.hostname:
        return []
    return [
        _same("hostname", facts["hostname"], expected.hostname),
        _same("hostname: file and mode", facts["hostname-file"], f"{expected.hostname} {expected.hostname_mode}"),
    ]


def zfs(facts: Mapping[str, str], expected: Expected) -> list[Assertion]:
    """Check that the modules run, come from the package's path, and were loaded by modules-load.d."""
    checks = []
    for name in ("spl", "zfs"):
        folder = f"/lib/modules/{expected.kernel}/extra/"
        file, package = facts[f"{name}-file"], facts[f"{name}-package"]
        from_package = folder in file and package == f"kmod-zfs-{expected.kernel}"
        checks += [
            _same(f"{name}: loaded", facts[f"{name}-loaded"].rpartition("-")[0], expected.zfs),
            Assertion(
                f"{name}: from the package's path",
                "" if from_package else f"{file or 'nowhere'}, of package {package or '-'}",
            ),
        ]
    failure = "" if facts["modules-load"] == "success" else facts["modules-load-said"] or facts["modules-load"]
    return [*checks, Assertion("modules-load.d: succeeded", failure)]


def first(facts: Mapping[str, str], expected: Expected) -> list[Assertion]:
    """Check what must hold only after the first boot."""
    tokens = facts["luks-tokens"].split()
    clevis = len(tokens) == 1 and tokens[0].startswith("clevis:")
    return [
        _same("LUKS: version 2, labelled luks-root", facts["luks"], "crypto_LUKS 2 luks-root"),
        Assertion("LUKS: one token, clevis's", "" if clevis else facts["luks-tokens"] or "none"),
        _same("LUKS: no other keyslot", facts["luks-keyslots"], tokens[0].partition(":")[2] if tokens else "one"),
        _same("core: the key and no other", facts["core-keys"], expected.key),
        _none("core: groups", {"wheel", "sudo"} - set(facts["core-groups"].split())),
    ]


def pool(facts: Mapping[str, str], data: str) -> list[Assertion]:
    """Check that the pool was imported without help, with the data that was written into it."""
    return [
        _same("pool: imported and online", facts["pool"], "tank ONLINE"),
        _same("pool: imported by zfs-import-cache.service", facts["imported-by"], "success active"),
        _same("pool: the data's checksum", facts["data"], data),
    ]


def switched(facts: Mapping[str, str], expected: Expected) -> list[Assertion]:
    """Check that the first-boot switch asked bootc for the signed image."""
    call = f"switch --enforce-container-sigpolicy {expected.image}"
    return [_same("switch: bootc was called with the signed image", facts["bootc"], call)] if expected.image else []


def faults(checks: Iterable[Assertion]) -> list[Assertion]:
    """Return the checks that do not hold."""
    return [check for check in checks if check.fault]


def held(name: str, holds: object, fault: str) -> Assertion:
    """Check anything that is true or false; `fault` says what is wrong if it is false."""
    return Assertion(name, "" if holds else fault.strip())


def succeeded(name: str, command: CompletedProcess[str]) -> Assertion:
    """Check that a command succeeded; if it failed, `fault` is the last line of its output."""
    output = command.stderr.strip() or command.stdout.strip() or f"it ended with {command.returncode}"
    return held(name, command.returncode == 0, output.rpartition("\n")[2])


def _same(name: str, actual: str, expected: str) -> Assertion:
    return Assertion(name, "" if actual == expected else f"{actual or 'nothing'}, not {expected}")


def _none(name: str, faults: set[str]) -> Assertion:
    return Assertion(name, ", ".join(sorted(faults)))


def _first(text: str) -> str:
    return text.partition(" ")[0]
