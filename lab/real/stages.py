"""The stages that a machine goes through, and what each asserts."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.make.tool import call
from lab.real import checks, commands, vm
from lab.real.checks import Assertion, Expected, held, succeeded
from lab.real.ingredients import Bench
from lab.real.trees import Tree

_HERE = Path(__file__).parent
_REBOOT_SECONDS, _REFUSED_SECONDS, _LOCKED_SECONDS = 120, 400, 3
_ARGUMENTS = (
    "console=ttyS0 root=LABEL=root rw panic=1 systemd.show_status=0 systemd.log_color=0 "
    "systemd.mask=serial-getty@ttyS0.service rootflags=x-systemd.device-timeout="
)
_PATIENT, _IMPATIENT = 240, 60  # seconds until a locked root ends the boot
_FIRST = "ignition.firstboot ignition.platform.id=qemu"
_EMERGENCY, _ASKED = "LAB-EMERGENCY-END", "Please enter passphrase"
_NO_KEY = 2  # cryptsetup's exit status for a wrong passphrase
_OWN_PASSPHRASE = "correct horse battery staple"  # noqa: S105  (its disk is thrown away)


@dataclass(kw_only=True)
class Journey:
    """One machine's way through all stages: its disks, its TPM, and what is known about it so far.

    Side experiments use disks that are thrown away and copies of the TPM.
    """

    bench: Bench
    uuid: str = ""
    data: str = ""
    recovery_key: str = ""
    disk: Path = field(init=False)
    tank: Path = field(init=False)
    tpm: Path = field(init=False)

    def __post_init__(self) -> None:
        top = self.bench.folder / "machine"
        top.mkdir()
        self.disk, self.tank, self.tpm = top / "root", top / "tank", top / "tpm"
        _copy(self.bench.disk, self.disk)
        with self.tank.open("wb") as file:
            file.truncate(1 << 30)

    def first_boot(self) -> list[Assertion]:
        """Boot from nothing: Ignition, the encrypted root, a pool; then the switch reboots the machine."""
        expected = self.bench.expected
        with self._on("first", self.bench.first, _FIRST, image=True, config=self.bench.config) as on:
            on.up()
            refused = on.ssh("true", key=self.bench.other_key)
            assertions = [
                held("ssh: the key logs in", on.ssh("id -un").stdout.strip() == "core", "not as core"),
                held("ssh: another is refused", "Permission denied" in refused.stderr, "it was not"),
                *(succeeded(f"pool: {name}", on.run(command)) for name, command in commands.POOL),
            ]
            facts = _facts(on)
            self.uuid, self.data = facts["luks-uuid"], facts["data"]
            assertions += checks.machine(facts, expected) + checks.first(facts, expected)
            if expected.image:
                on.run("touch /run/lab-fetched")
                assertions.append(held("switch: reboots the machine", on.wait_off(_REBOOT_SECONDS), "it keeps running"))
            else:
                on.off()
            return assertions

    def second_boot(self) -> list[Assertion]:
        """Boot with the TPM unlocking the root and the pool importing on its own; then add keys for bad days."""
        with self._on("second", self.bench.first) as on:
            on.up()
            facts, expected = _facts(on), self.bench.expected
            output = on.ssh(commands.RECOVERY_KEY).stdout
            key = re.search(r"\b([cbdefghijklnrtuv]{8}(?:-[cbdefghijklnrtuv]{8}){7})\b", output)
            self.recovery_key = key[1] if key else ""
            wrong = on.ssh(commands.TRY_KEY, stdin="another")
            assertions = [
                _opened_by_tpm(on, "root: unlocked by the TPM"), *checks.machine(facts, expected),
                *checks.pool(facts, self.data), *checks.switched(facts, expected),
                held("recovery key: added", self.recovery_key, output or "it printed nothing"),
                succeeded("recovery key: opens the root", on.ssh(commands.TRY_KEY, stdin=self.recovery_key)),
                succeeded("a passphrase: added", on.ssh(commands.PASSPHRASE, stdin=f"{_OWN_PASSPHRASE}\n")),
                succeeded("a passphrase: opens the root", on.ssh(commands.TRY_KEY, stdin=_OWN_PASSPHRASE)),
                held("any other passphrase: refused", wrong.returncode == _NO_KEY, f"it ended with {wrong.returncode}"),
            ]  # fmt: skip
            on.off()
            return assertions

    def fresh_tpm(self) -> list[Assertion]:
        """Boot with another TPM: the root stays locked, and the recovery key opens it."""
        with self._on("fresh-tpm", self.bench.first, tpm=self.bench.folder / "fresh-tpm", kept=False) as on:
            assertions = self._opened_by_hand(on, "fresh TPM", "integrity check failed")
            return [*assertions, self._bound_again(on, "fresh TPM")]

    def changed_pcr(self) -> list[Assertion]:
        """Boot with another PCR 7 and nobody at the console."""
        tpm = self._copied_tpm("pcr7")
        with self._on("pcr7", self.bench.first, "lab.pcr7", tpm=tpm, kept=False, patience=_IMPATIENT) as on:
            return _emergency(on, "PCR 7 changed", "policy check failed")

    def firmware_update(self) -> list[Assertion]:
        """Boot with another PCR 7, type the recovery key, bind the root again: from then on the TPM opens it."""
        tpm, disk = self._copied_tpm("firmware"), self.bench.folder / "machine/firmware"
        _copy(self.disk, disk)
        drives = [vm.Drive(file=disk, serial="root")]
        with self._on("firmware", self.bench.first, "lab.pcr7", tpm=tpm, drives=drives) as on:
            assertions = self._opened_by_hand(on, "firmware update", "policy check failed")
            assertions.append(self._bound_again(on, "firmware update"))
            on.off()
        if assertions[-1].fault:
            return assertions
        with self._on("firmware-bound", self.bench.first, "lab.pcr7", tpm=tpm, drives=drives) as on:
            on.up()
            return [*assertions, _opened_by_tpm(on, "firmware update: the TPM opens the root again")]

    def without_module(self) -> list[Assertion]:
        """Boot an image without zfs.ko; the checks must find the fault."""
        with self._updated_to("without-zfs", self.bench.without_module) as on:
            return [self._broken(on, "an image without zfs.ko")]

    def foreign_module(self) -> list[Assertion]:
        """Boot an image whose module was built for another kernel; the checks must find the fault."""
        name, kernel = "a module for another kernel", self.bench.next.kernel
        with self._updated_to("foreign", self.bench.foreign) as on:
            broken = self._broken(on, name)
            reason = " ".join(re.findall(r"version magic .*", on.console)) or "it says nothing"
            return [broken, held(f"{name}: the kernel says why", f"should be '{kernel} " in reason, reason)]

    def update(self) -> list[Assertion]:
        """Boot the next image instead of the old one: the same pool under the new kernel."""
        with self._on("update", self.bench.next, "lab.update", image=True) as on:
            on.up()
            facts = _facts(on)
            on.off()
        return [*checks.machine(facts, self._after_update()), *checks.pool(facts, self.data)]

    def wrong_pcr(self) -> list[Assertion]:
        """Boot with a PCR that no TPM has: the validators accept it, the boot does not."""
        disk, tpm = self.bench.folder / "machine/wrong-pcr", self.bench.folder / "wrong-pcr-tpm"
        _copy(self.bench.disk, disk)
        drives, config = [vm.Drive(file=disk, serial="root")], self.bench.broken_config
        with self._on("wrong-pcr", self.bench.first, _FIRST, image=True, config=config, drives=drives, tpm=tpm) as on:
            return _emergency(on, "pcr_ids 77", "PCR handle out of range")

    def _opened_by_hand(self, on: vm.Machine, stage: str, words: str) -> list[Assertion]:
        """Check that the TPM refuses the key and that the recovery key opens the root.

        The console must give the reason of the refusal; the recovery key is typed there.
        """
        refused = on.wait_for([words, _EMERGENCY], _REFUSED_SECONDS)
        prompt = on.wait_for([_ASKED, _EMERGENCY], _REFUSED_SECONDS)
        locked = prompt == _ASKED and not on.is_up(_LOCKED_SECONDS)
        on.type(self.recovery_key)
        return [
            held(f"{stage}: the TPM refuses the key", refused == words, f"it does not say {words!r}"),
            held(f"{stage}: the root stays locked and a passphrase is asked for", locked, "it does not"),
            held(f"{stage}: the recovery key opens it", on.is_up(_REFUSED_SECONDS), "it does not"),
        ]

    def _bound_again(self, on: vm.Machine, stage: str) -> Assertion:
        """Check that the document's command binds the root to the TPM's current state."""
        bound = on.ssh(commands.BIND_ANEW, stdin=f"{self.recovery_key}\n")
        return succeeded(f"{stage}: the root is bound again", bound)

    def _broken(self, on: vm.Machine, image: str) -> Assertion:
        """Check that the checks of every boot find the fault."""
        on.up()
        faults = [check.name for check in checks.faults(checks.machine(_facts(on), self._after_update()))]
        return held(f"{image}: is reported broken", "zfs: loaded" in faults, "zfs: loaded passed")

    def _updated_to(self, name: str, tree: Tree) -> vm.Machine:
        """Return a machine after an update whose changes are discarded."""
        return self._on(name, tree, "lab.update", image=True, tpm=self._copied_tpm(name), kept=False)

    def _copied_tpm(self, name: str) -> Path:
        return Path(shutil.copytree(self.tpm, self.bench.folder / f"{name}-tpm"))

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
        drives: Sequence[vm.Drive] = (),
        tpm: Path | None = None,
        kept: bool = True,
        patience: int = _PATIENT,
    ) -> vm.Machine:
        """Return the machine, ready to switch on with a tree's kernel."""
        own = drives or [
            vm.Drive(file=self.disk, serial="root", kept=kept),
            vm.Drive(file=self.tank, serial="tank", kept=kept),
        ]
        given = [vm.Drive(file=tree.tar, serial="image", kept=False)] if image else []
        unlock = f"rd.luks.name={self.uuid}=root" if self.uuid and not config else ""
        return vm.Machine(
            name=name, folder=self.bench.folder, kernel=tree.vmlinuz, initramfs=self.bench.initramfs,
            tpm=tpm or self.tpm, drives=[*own, *given], arguments=f"{_ARGUMENTS}{patience} {unlock} {arguments}",
            acceleration=self.bench.acceleration, key=self.bench.key, config=config, verbose=self.bench.verbose,
        )  # fmt: skip


Stage = tuple[str, Callable[[Journey], list[Assertion]]]
# The stages of a group depend on earlier groups and not on each other, so they run side by side.
GROUPS: tuple[tuple[Stage, ...], ...] = (
    (("first boot", Journey.first_boot),),
    (("second boot", Journey.second_boot),),
    (
        ("a firmware update", Journey.firmware_update),
        ("a fresh TPM", Journey.fresh_tpm),
        ("another PCR 7", Journey.changed_pcr),
        ("no zfs.ko", Journey.without_module),
        ("a foreign module", Journey.foreign_module),
        ("pcr_ids 77", Journey.wrong_pcr),
    ),
    (("update", Journey.update),),
)


def _copy(disk: Path, target: Path) -> None:
    """Copy a disk; the copy takes only the space of what is written on it."""
    call(["cp", "--sparse=always", str(disk), str(target)])


def _facts(on: vm.Machine) -> dict[str, str]:
    """Return the machine's report once it has settled."""
    return checks.facts(on.run((_HERE / "report.sh").read_text()).stdout)


def _opened_by_tpm(on: vm.Machine, name: str) -> Assertion:
    """Check that clevis asked the TPM, so nobody had to type."""
    return held(name, re.search(r"clevis-luks-askpass\[\d+\]: Unlocked ", on.console), "clevis does not say so")


def _emergency(on: vm.Machine, stage: str, words: str) -> list[Assertion]:
    """Check that the boot was refused, for the reason that the console must give."""
    ended = on.wait_for([_EMERGENCY], _REFUSED_SECONDS)
    return [
        held(f"{stage}: the boot is refused", ended, "no emergency was reported"),
        held(f"{stage}: the console says why", words in on.console, f"it does not say {words!r}"),
    ]
