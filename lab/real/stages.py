"""What a machine goes through, stage by stage, and what is asserted of it."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.real import checks, vm
from lab.real.checks import Check, Expected
from lab.real.trees import Tree
from tasks.model.errors import TaskError

_HERE = Path(__file__).parent
_UP_SECONDS, _OFF_SECONDS, _REFUSED_SECONDS = 300, 120, 180
_ARGUMENTS = (
    "console=ttyS0 root=LABEL=root rw rootflags=x-systemd.device-timeout=60 panic=1 systemd.show_status=0 "
    "systemd.log_color=0 systemd.mask=serial-getty@ttyS0.service"
)
_FIRST = "ignition.firstboot ignition.platform.id=qemu"
_EMERGENCY = "LAB-EMERGENCY-END"
_POOL = (
    ("zpool create", "zpool create tank /dev/disk/by-id/virtio-tank && zfs create tank/data"),
    ("data", "dd if=/dev/urandom of=/tank/data/file bs=1M count=16 status=none && sync"),
    ("snapshot", "zfs snapshot tank/data@first && zfs list -t snapshot tank/data@first"),
    ("scrub", "zpool scrub -w tank && zpool status tank | grep 'with 0 errors'"),
    ("export", "zpool export tank && ! zpool list tank"),
    ("import", "zpool import -d /dev/disk/by-id tank && zpool list tank"),
)
# As docs/machine.md has it.
RECOVERY = (
    "PASSWORD=$(clevis luks pass -d /dev/disk/by-partlabel/root -s 0) "
    "systemd-cryptenroll --recovery-key /dev/disk/by-partlabel/root"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What the machines of one run are made of."""

    folder: Path
    disk: Path  # as an installer leaves it
    initramfs: Path
    acceleration: str
    config: Path  # Ignition's
    broken_config: Path  # with a PCR that no TPM has
    key: Path
    other_key: Path
    first: Tree
    next: Tree
    without_module: Tree
    foreign: Tree
    expected: Expected
    verbose: bool


@dataclass(kw_only=True)
class Machine:
    """The one machine of the story: its disks, its TPM, and what is known of it so far."""

    bench: Bench
    uuid: str = ""
    data: str = ""
    recovery_key: str = ""
    disk: Path = field(init=False)
    tank: Path = field(init=False)
    tpm: Path = field(init=False)

    def __post_init__(self) -> None:
        top = self.bench.folder / "machine"
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir()
        self.disk, self.tank, self.tpm = top / "root", top / "tank", top / "tpm"
        new_disk(self.bench, self.disk)
        with self.tank.open("wb") as file:
            file.truncate(1 << 30)

    def first_boot(self) -> list[Check]:
        """From nothing: Ignition, the encrypted root, a pool; then the switch reboots it."""
        with self._on("first", self.bench.first, _FIRST, image=True, config=self.bench.config) as on:
            self._up(on)
            refused = on.ssh(self.bench.other_key, "true")
            found = [
                Check("ssh: the key logs in"),
                Check("ssh: another is refused", "" if "Permission denied" in refused.stderr else "it was not"),
                *self._use_pool(on),
            ]
            facts = self._facts(on)
            self.uuid, self.data = facts["luks-uuid"], facts["data"]
            found += checks.machine(facts, self.bench.expected) + checks.first(facts, self.bench.expected)
            self._run(on, "touch /run/lab-fetched")
            rebooted = on.wait_off(_OFF_SECONDS)
            if self.bench.expected.image:
                found.append(Check("switch: reboots the machine", "" if rebooted else "it runs on"))
            return found

    def second_boot(self) -> list[Check]:
        """Unlocked by the TPM, the pool comes by itself; then a recovery key is added."""
        with self._on("second", self.bench.first) as on:
            self._up(on)
            facts, wanted = self._facts(on), self.bench.expected
            found = [
                Check("root: unlocked by the TPM"), *checks.machine(facts, wanted),
                *checks.pool(facts, self.data), *checks.switched(facts, wanted),
            ]  # fmt: skip
            told = self._run(on, RECOVERY).stdout
            key = re.search(r"\b([cbdefghijklnrtuv]{8}(?:-[cbdefghijklnrtuv]{8}){7})\b", told)
            self.recovery_key = key[1] if key else ""
            found.append(Check("recovery key: added", "" if key else told or "nothing was told"))
            self._off(on)
            return found

    def fresh_tpm(self) -> list[Check]:
        """Another TPM: locked; the recovery key opens it."""
        with self._on("fresh-tpm", self.bench.first, tpm=self.bench.folder / "fresh-tpm", kept=False) as on:
            refused = on.wait_for(["integrity check failed", _EMERGENCY], _REFUSED_SECONDS)
            asked = on.wait_for(["passphrase for disk", _EMERGENCY], _REFUSED_SECONDS)
            locked = asked.startswith("pass") and not on.up(self.bench.key, 3)
            on.type(self.recovery_key)
            return [
                _held("fresh TPM: it refuses the key", refused == "integrity check failed", "it does not say so"),
                _held("fresh TPM: the root stays locked and a passphrase is asked for", locked, "not so"),
                _held("fresh TPM: the recovery key opens it", on.up(self.bench.key, _UP_SECONDS), "it does not"),
            ]

    def changed_pcr(self) -> list[Check]:
        """PCR 7 is another, as after a firmware update."""
        return self._refused("pcr7", "PCR 7 changed", "policy check failed", "lab.pcr7")

    def without_module(self) -> list[Check]:
        """An image without zfs.ko must be found broken."""
        facts = self._updated_to("without-zfs", self.bench.without_module)
        return _broken("an image without zfs.ko", facts, self._after_update(), "zfs: loaded")

    def foreign_module(self) -> list[Check]:
        """So must one whose module was built for another kernel."""
        facts = self._updated_to("foreign", self.bench.foreign)
        found = _broken("a module for another kernel", facts, self._after_update(), "zfs: loaded")
        said = facts["modules-load-said"] + facts.get("console", "")
        fault = "" if "version magic" in said or "Exec format error" in said else said or "nothing was said"
        return [*found, Check("a module for another kernel: the kernel says why", fault)]

    def update(self) -> list[Check]:
        """The next image in the old one's place: the same pool under the new kernel."""
        with self._on("update", self.bench.next, "lab.update", image=True) as on:
            self._up(on)
            facts = self._facts(on)
            self._off(on)
        return [*checks.machine(facts, self._after_update()), *checks.pool(facts, self.data)]

    def wrong_pcr(self) -> list[Check]:
        """A PCR that no TPM has: the validators let it pass, the boot does not."""
        bench, disk = self.bench, self.bench.folder / "machine/wrong-pcr"
        new_disk(bench, disk)
        drives = [vm.Drive(file=disk, serial="root")]
        with self._on(
            "wrong-pcr", bench.first, _FIRST, image=True, config=bench.broken_config, drives=drives,
            tpm=bench.folder / "wrong-pcr-tpm",
        ) as on:  # fmt: skip
            return _emergency(on, "pcr_ids 77", "ignition-disks")

    def _refused(self, name: str, told: str, words: str, arguments: str) -> list[Check]:
        tpm = self.bench.folder / f"{name}-tpm"
        shutil.rmtree(tpm, ignore_errors=True)
        shutil.copytree(self.tpm, tpm)
        with self._on(name, self.bench.first, arguments, tpm=tpm, kept=False) as on:
            return _emergency(on, told, words)

    def _updated_to(self, name: str, tree: Tree) -> dict[str, str]:
        """What a machine says after an update that is forgotten again."""
        tpm = self.bench.folder / f"{name}-tpm"
        shutil.rmtree(tpm, ignore_errors=True)
        shutil.copytree(self.tpm, tpm)
        with self._on(name, tree, "lab.update", image=True, tpm=tpm, kept=False) as on:
            self._up(on)
            return self._facts(on)

    def _after_update(self) -> Expected:
        return replace(self.bench.expected, kernel=self.bench.next.kernel, zfs=self.bench.next.zfs)

    def _on(
        self,
        name: str,
        tree: Tree,
        arguments: str = "",
        *,
        image: bool = False,
        config: Path | None = None,
        drives: list[vm.Drive] | None = None,
        tpm: Path | None = None,
        kept: bool = True,
    ) -> vm.Machine:
        """The machine, ready to be switched on with a tree's kernel."""
        own = drives or [
            vm.Drive(file=self.disk, serial="root", kept=kept),
            vm.Drive(file=self.tank, serial="tank", kept=kept),
        ]
        given = [vm.Drive(file=tree.tar, serial="image", kept=False)] if image else []
        unlock = f"rd.luks.name={self.uuid}=root" if self.uuid and not config else ""
        return vm.Machine(
            name=name, folder=self.bench.folder, kernel=tree.vmlinuz, initramfs=self.bench.initramfs,
            tpm=tpm or self.tpm, drives=[*own, *given], arguments=f"{_ARGUMENTS} {unlock} {arguments}",
            acceleration=self.bench.acceleration, config=config, verbose=self.bench.verbose,
        )  # fmt: skip

    def _up(self, on: vm.Machine) -> None:
        if not on.up(self.bench.key, _UP_SECONDS):
            why = on.console.strip().rpartition("\n")[2] or "its console is empty"
            raise TaskError(f"the machine did not come up ({on.name})", why, f"read its console: {on.log}")

    def _run(self, on: vm.Machine, command: str) -> subprocess.CompletedProcess[str]:
        return on.ssh(self.bench.key, "sudo bash -s", stdin=command)

    def _off(self, on: vm.Machine) -> None:
        self._run(on, "systemctl poweroff")
        if not on.wait_off(_OFF_SECONDS):
            raise TaskError(f"the machine does not switch itself off ({on.name})", "see its console", f"read {on.log}")

    def _facts(self, on: vm.Machine) -> dict[str, str]:
        """What the machine says of itself once it has settled."""
        return checks.facts(self._run(on, (_HERE / "report.sh").read_text()).stdout)

    def _use_pool(self, on: vm.Machine) -> list[Check]:
        done = [(name, self._run(on, command)) for name, command in _POOL]
        return [
            _held(f"pool: {name}", run.returncode == 0, run.stderr or run.stdout or "it failed") for name, run in done
        ]


STAGES: tuple[tuple[str, Callable[[Machine], list[Check]]], ...] = (
    ("first boot", Machine.first_boot),
    ("second boot", Machine.second_boot),
    ("a fresh TPM", Machine.fresh_tpm),
    ("another PCR 7", Machine.changed_pcr),
    ("no zfs.ko", Machine.without_module),
    ("a foreign module", Machine.foreign_module),
    ("update", Machine.update),
    ("pcr_ids 77", Machine.wrong_pcr),
)


def _held(name: str, holds: object, fault: str) -> Check:
    return Check(name, "" if holds else fault.strip())


def new_disk(bench: Bench, disk: Path) -> None:
    """A disk as an installer leaves it."""
    from lab.tool import call

    call(["cp", "--sparse=always", str(bench.disk), str(disk)])


def _emergency(on: vm.Machine, told: str, words: str) -> list[Check]:
    """The boot was refused, for the reason that the console must name."""
    ended = on.wait_for([_EMERGENCY], _REFUSED_SECONDS)
    return [
        Check(f"{told}: the boot is refused", "" if ended else "no emergency was reported"),
        Check(f"{told}: the console says why", "" if words in on.console else f"it does not say {words!r}"),
    ]


def _broken(told: str, facts: dict[str, str], wanted: Expected, name: str) -> list[Check]:
    """The checks must find it."""
    found = [check.name for check in checks.faults(checks.machine(facts, wanted))]
    return [Check(f"{told}: is reported broken", "" if name in found else f"{name} passed")]
