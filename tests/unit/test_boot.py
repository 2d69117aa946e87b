"""The checks of a booted machine: each passes on a healthy machine and finds its own fault."""

from dataclasses import replace
from subprocess import CompletedProcess

import pytest

from lab.real import checks, commands
from lab.real.checks import Assertion, Expected
from tasks.model.errors import TaskError
from tests.documents import ROOT

KERNEL, DATA, KEY, POLICY = "6.12.100-200.fc44.x86_64", "d" * 64, "ssh-ed25519 AAAA key", "e" * 64
WANTED = Expected(
    kernel=KERNEL, zfs="2.4.3", hostname="nas", hostname_mode="644", key=KEY, image="ghcr.io/o/n:stable", policy=POLICY
)
WHOLE = {
    "kernel": KERNEL,
    "hostname": "nas",
    "hostname-file": "nas 644",
    "root": "/dev/mapper/root btrfs root",
    "luks": "crypto_LUKS 2 luks-root",
    "luks-tokens": "clevis:1",
    "luks-keyslots": "1",
    "core-keys": KEY,
    "core-groups": "core adm wheel sudo",
    "spl-loaded": "2.4.3-1",
    "spl-file": f"/lib/modules/{KERNEL}/extra/zfs/spl.ko",
    "spl-package": f"kmod-zfs-{KERNEL}",
    "zfs-loaded": "2.4.3-1",
    "zfs-file": f"/lib/modules/{KERNEL}/extra/zfs/zfs.ko",
    "zfs-package": f"kmod-zfs-{KERNEL}",
    "modules-load": "success",
    "modules-load-said": "",
    "pool": "tank ONLINE",
    "imported-by": "success active",
    "data": DATA,
    "tailscaled.service": "enabled active",
    "zincati.service": "disabled inactive",
    "bootc-fetch-apply-updates.timer": "enabled active",
    "failed": "",
    "bootc": "switch --enforce-container-sigpolicy ghcr.io/o/n:stable",
    "policy": POLICY,
    "end": "end",
}


def every(found: dict[str, str]) -> list[Assertion]:
    """Run all checks of a machine."""
    return [
        *checks.machine(found, WANTED),
        *checks.first(found, WANTED),
        *checks.pool(found, DATA),
        *checks.switched(found, WANTED),
    ]


def test_a_whole_machine_passes() -> None:
    """No check finds anything, and each has its own name."""
    found = every(WHOLE)
    assert checks.faults(found) == []
    assert len({check.name for check in found}) == len(found)


@pytest.mark.parametrize(
    ("fact", "value", "name"),
    [
        ("kernel", "6.12.100-201.fc44.x86_64", "kernel"),
        ("hostname", "localhost", "hostname"),
        ("hostname-file", "nas 600", "hostname: file and mode"),
        ("root", "/dev/vda4 ext4 root", "root: btrfs, labelled root, on LUKS"),
        ("luks", "crypto_LUKS 1 luks-root", "LUKS: version 2, labelled luks-root"),
        ("luks-tokens", "", "LUKS: one token, clevis's"),
        ("luks-tokens", "clevis:1 systemd-recovery:0", "LUKS: one token, clevis's"),
        ("luks-keyslots", "0 1", "LUKS: no other keyslot"),
        ("core-keys", f"{KEY} ssh-ed25519 BBBB", "core: the key and no other"),
        ("core-groups", "core", "core: groups"),
        ("zfs-loaded", "", "zfs: loaded"),
        ("zfs-loaded", "2.4.2-1", "zfs: loaded"),
        ("spl-file", "", "spl: from the package's path"),
        ("zfs-file", f"/lib/modules/{KERNEL}/updates/dkms/zfs.ko", "zfs: from the package's path"),
        ("zfs-package", "file is not owned by any package", "zfs: from the package's path"),
        ("modules-load", "exit-code", "modules-load.d: succeeded"),
        ("pool", "", "pool: imported and online"),
        ("pool", "tank DEGRADED", "pool: imported and online"),
        ("imported-by", "success inactive", "pool: imported by zfs-import-cache.service"),
        ("data", "f" * 64, "pool: the data's checksum"),
        ("tailscaled.service", "disabled inactive", "tailscaled: enabled"),
        ("zincati.service", "enabled active", "zincati: off"),
        ("bootc-fetch-apply-updates.timer", "enabled inactive", "update timer: on"),
        ("failed", "zfs-zed.service", "failed units"),
        ("bootc", "switch ghcr.io/o/n:stable", "switch: bootc was called with the signed image"),
        ("bootc", "", "switch: bootc was called with the signed image"),
        ("policy", "f" * 64, "policy.json: the shipped one"),
    ],
)
def test_each_fault_is_found_by_its_check(fact: str, value: str, name: str) -> None:
    """One fact is wrong: the check of that name reports it, with the actual value."""
    found = checks.faults(every(WHOLE | {fact: value}))
    assert name in [check.name for check in found]
    assert all(check.fault.strip() for check in found)


def test_an_ignition_file_may_give_no_host_name() -> None:
    """Then no check asks for one."""
    found = checks.machine(WHOLE | {"hostname": "localhost", "hostname-file": " "}, replace(WANTED, hostname=""))
    assert checks.faults(found) == []


def test_a_command_that_failed_is_told_by_its_last_words() -> None:
    """They come from stderr, else stdout, else the exit status; a command that succeeded may print anything."""

    def fault(status: int, out: str, err: str) -> str:
        return checks.succeeded("it", CompletedProcess([], status, out, err)).fault

    assert fault(1, "much", "first\nlast\n") == "last"
    assert fault(1, "much", "") == "much"
    assert fault(2, "", "\n") == "it ended with 2"
    assert fault(0, "much", "a warning") == ""


def test_what_the_machine_is_typed_into_is_what_the_document_says() -> None:
    """The document has each command for bad days letter by letter."""
    document = (ROOT / "docs/recovery.md").read_text().splitlines()
    for command in (commands.RECOVERY_KEY, commands.PASSPHRASE, commands.TRY_KEY, commands.BIND_ANEW):
        assert f"    {command}" in document


@pytest.mark.parametrize("told", ["", "kernel\t6.12.100", "Connection closed by 127.0.0.1"])
def test_a_report_that_was_cut_short_is_no_report(told: str) -> None:
    """An incomplete report proves nothing."""
    with pytest.raises(TaskError, match="the machine's report is incomplete"):
        checks.facts(told)


def test_a_report_reads_back() -> None:
    """It has one fact a line; a value may contain anything except a tab or a newline."""
    told = "".join(f"{name}\t{value}\n" for name, value in WHOLE.items())
    assert checks.facts(f"Warning: of ssh\n{told}") == WHOLE
