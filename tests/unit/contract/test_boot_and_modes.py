"""What an image boots into, what only one machine could use, and who may change its files."""

import base64

import pytest

from tasks.model.contract.facts import ImageFacts
from tasks.model.contract.inspection import inspect
from tasks.model.errors import TaskError
from tests.builders.image_facts import ETC, GOOD, LABELS, NAME, SERVICE, SYSTEM, TIMER, answer, failed

Files = dict[str, str | None]
KARGS = "/usr/lib/bootc/kargs.d/20-x.toml"


def kargs(*items: str, more: str = "") -> Files:
    return {KARGS: f"kargs = [{', '.join(repr(item) for item in items)}]\n{more}"}


@pytest.mark.parametrize(
    ("files", "name", "words"),
    [
        ({KARGS: "kargs = ["}, "kernel-arguments", "bootc cannot read"),
        ({KARGS: "kargs = 7"}, "kernel-arguments", "kargs is no list of words"),
        ({KARGS: "kargs = [7]"}, "kernel-arguments", "kargs is no list of words"),
        ({KARGS: 'karg = ["quiet"]'}, "kernel-arguments", "unknown key: karg"),
        ({KARGS: 'match-architectures = ["x86_64"]'}, "kernel-arguments", "kargs is missing"),
        (kargs("systemd.unit=rescue.target"), "kernel-arguments", "boots something else"),
        (kargs("quiet init=/bin/bash"), "kernel-arguments", "init=/bin/bash boots"),
        (kargs("single", more='match-architectures = ["x86_64"]\n'), "kernel-arguments", "single boots"),
        (kargs("systemd.mask=zfs-mount"), "kernel-arguments", "switches it off"),
        (kargs("module_blacklist=nouveau,zfs"), "modprobe", "module_blacklist=nouveau,zfs"),
        (kargs('"modprobe.blacklist=nouveau, zfs" quiet'), "modprobe", "nouveau, zfs"),
        (kargs("systemd.mask=systemd-modules-load.service"), "modprobe", "systemd-modules-load"),
        ({KARGS: 'kargs = [\n  "module.sig_enforce", # x\n]'}, "modprobe", "module.sig_enforce"),
        (kargs("spl.spl_hostid=1"), "identity", "spl.spl_hostid=1"),
        (kargs("root=UUID=2e9f4241-229b-4202-8429-62d2302382e1"), "identity", "root=UUID="),
        ({"/etc/fstab": "UUID=2e9f4241-229b /var/x ext4 defaults 0 0\n"}, "identity", "in /etc/fstab"),
        ({"/etc/fstab": "/dev/disk/by-id/ata-X /var/x ext4\n"}, "identity", "ata-X in /etc/fstab"),
        ({"/etc/fstab": "# x\n/dev/sdb1 /var/x ext4 rw 0 0\n"}, "identity", "/dev/sdb1"),
        ({"/etc/crypttab": "x UUID=2e9f4241-229b none luks\n"}, "identity", "in /etc/crypttab"),
        ({f"{ETC}/default.target": f"-> {SYSTEM}/rescue.target"}, "boot", "does not start multi-user.target"),
        ({f"{ETC}/default.target": "-> /nowhere.target"}, "boot", "default.target is missing"),
        ({f"{ETC}/default.target": "-> /dev/null"}, "boot", "default.target is masked"),
        ({f"{ETC}/default.target": None}, "boot", "missing"),  # that of /usr names a target that is not there
        ({f"{ETC}/multi-user.target": "-> /dev/null"}, "boot", "masked"),
        ({f"{ETC}/timers.target": "-> /dev/null"}, "boot", "does not start timers.target"),
        ({f"{ETC}/basic.target": ""}, "boot", "does not start timers.target"),
        (kargs("systemd.unit=paths.target"), "boot", "paths.target does not start"),
        (
            {
                f"{SYSTEM}/x.service": "[Service]\nExecStart=/usr/bin/systemctl reboot\n",
                f"{ETC}/multi-user.target.wants/x.service": f"-> {SYSTEM}/x.service",
            },
            "boot",
            "x.service reboots the machine at every boot",
        ),
    ],
)
def test_what_stops_a_boot_or_fits_one_machine_is_refused(files: Files, name: str, words: str) -> None:
    """Each with what is wrong; a boot that ends early has no update timer either."""
    found = failed(answer(files))
    assert words in found.pop(name)
    assert set(found) <= ({"boot", "update-timer"} if name == "boot" or "systemd.unit" in str(files) else set())


@pytest.mark.parametrize(
    "files",
    [
        kargs("single", "lockdown=integrity", more='match-architectures = ["aarch64"]\n'),
        kargs("mitigations=auto,nosmt", "console=ttyS0", "ro", "systemd.mask=debug-shell.service"),
        kargs(more='match-architectures = ["x86_64", "aarch64"]\n'),
        {"/usr/lib/bootc/kargs.d/notes.txt": "kargs = ["},
        kargs("systemd.unit=multi-user.target"),
        {"/etc/fstab": "LABEL=boot /boot ext4 defaults 0 0\nUUID=2e9f4241 /var/x ext4 nofail,x-a 0 0\n"},
        {"/etc/fstab": "UUID=2e9f4241 /var/x ext4 noauto 0 0\n#UUID=2 /x\n\ntank/x /var/y zfs defaults 0 0\n"},
        {"/etc/crypttab": "x UUID=2e9f4241-229b none luks,nofail\n"},
        {f"{ETC}/default.target": None, f"{SYSTEM}/default.target": "-> multi-user.target"},
        {"/usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = no\n"},
        {
            f"{SYSTEM}/x.service": "[Unit]\nConditionPathExists=!/var/x\n[Service]\nExecStart=systemctl reboot\n",
            f"{ETC}/multi-user.target.wants/x.service": f"-> {SYSTEM}/x.service",
        },
    ],
)
def test_other_arguments_tables_and_targets_pass(files: Files) -> None:
    """Arguments of other architectures, disks that may be missing, a link in another place."""
    assert failed(answer(files)) == {}


@pytest.mark.parametrize(
    ("path", "mode", "owner", "wrong"),
    [
        (KARGS, 0o664, 0, True),
        (KARGS, 0o644, 1000, True),
        ("/etc/modprobe.d/x.conf", 0o646, 0, True),
        ("/usr/lib/systemd/system-preset/50-zfs.preset", 0o664, 0, True),
        (TIMER, 0o666, 0, True),
        (TIMER, 0o664, 0, True),
        (SERVICE, 0o644, 1, True),
        ("/etc/systemd/system/", 0o777, 0, True),
        (f"{SYSTEM}/multi-user.target", 0o646, 0, True),
        (KARGS, 0o600, 0, False),
        (TIMER, 0o755, 0, False),
        (f"{SYSTEM}/multi-user.target", 0o664, 0, False),
        ("/etc/containers/", 0o755, 0, False),
        ("/etc/cron.d/x", 0o664, 0, False),
        ("/usr/libexec/x", 0o4755, 0, False),
    ],
)
def test_only_root_may_change_what_decides(path: str, mode: int, owner: int, wrong: bool) -> None:
    """Kernel arguments, module rules, presets and units, and the folders of these."""
    files = {KARGS: "kargs = []\n"}
    assert set(failed(answer(files, modes={path: (mode, owner)}))) == ({"modes"} if wrong else set())


@pytest.mark.parametrize("packed", ["QUJD", "#", base64.b64encode(b"\x1f\x8bxxxxxxxxxxxxx").decode()])
def test_an_archive_that_is_broken_is_an_error(packed: str) -> None:
    """Nothing is checked against files that could not be read."""
    broken = "\n".join(f"tree\t{packed}" if line.startswith("tree\t") else line for line in GOOD.splitlines())
    with pytest.raises(TaskError, match="archive of its files is broken"):
        inspect(ImageFacts.parse(f"{broken}\n", LABELS), NAME, [])


@pytest.mark.parametrize(
    ("line", "wrong"),
    {
        "/usr/bin/missing": True, "missing --now": True, "@/usr/bin/missing x": True, "-/usr/bin/missing": False,
        "${PROGRAM} x": False, "/usr/lib/%i": False, "/usr/sbin/tailscaled": False,
    }.items(),
)  # fmt: skip
def test_a_program_that_is_not_there_is_named(line: str, wrong: bool) -> None:
    """Unless the unit may fail without it, or only the machine knows its name."""
    files: Files = {f"{SYSTEM}/tailscaled.service.d/a.conf": f"[Service]\nExecStartPre={line}\n"}
    found = failed(answer(files))
    assert set(found) == ({"commands"} if wrong else set())
    assert "missing or not executable" in found.get("commands", "missing or not executable")


def test_a_program_that_a_condition_names_may_be_missing() -> None:
    """The unit then does not start, and does not fail."""
    text = "[Unit]\nConditionFileIsExecutable=/usr/local/bin/x\n[Service]\nExecStartPre=/usr/local/bin/x\n"
    assert failed(answer({f"{SYSTEM}/tailscaled.service.d/a.conf": text})) == {}
