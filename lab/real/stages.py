"""What a machine goes through, stage by stage, and what is asserted of it."""

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
_PATIENT, _IMPATIENT = 240, 60  # seconds until a root that is not unlocked ends the boot
_FIRST = "ignition.firstboot ignition.platform.id=qemu"
_EMERGENCY, _ASKED = "LAB-EMERGENCY-END", "Please enter passphrase"
_NO_KEY = 2  # cryptsetup's exit status for a wrong passphrase
_OWN_PASSPHRASE = "correct horse battery staple"  # noqa: S105  (of a disk that is thrown away)


@dataclass(kw_only=True)
class Journey:
    """The way of the one machine through all stages: its disks, its TPM, and what is known of it so far.

    What is tried beside the story is tried on disks that are thrown away and on copies of the TPM.
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
        """From nothing: Ignition, the encrypted root, a pool; then the switch reboots it."""
        wanted = self.bench.expected
        with self._on("first", self.bench.first, _FIRST, image=True, config=self.bench.config) as on:
            on.up()
            refused = on.ssh("true", key=self.bench.other_key)
            found = [
                held("ssh: the key logs in", on.ssh("id -un").stdout.strip() == "core", "not as core"),
                held("ssh: another is refused", "Permission denied" in refused.stderr, "it was not"),
                *(succeeded(f"pool: {name}", on.run(command)) for name, command in commands.POOL),
            ]
            facts = _facts(on)
            self.uuid, self.data = facts["luks-uuid"], facts["data"]
            found += checks.machine(facts, wanted) + checks.first(facts, wanted)
            if wanted.image:
                on.run("touch /run/lab-fetched")
                found.append(held("switch: reboots the machine", on.wait_off(_REBOOT_SECONDS), "it runs on"))
            else:
                on.off()
            return found

    def second_boot(self) -> list[Assertion]:
        """Unlocked by the TPM, the pool comes by itself; then keys are added for bad days."""
        with self._on("second", self.bench.first) as on:
            on.up()
            facts, wanted = _facts(on), self.bench.expected
            told = on.ssh(commands.RECOVERY_KEY).stdout
            key = re.search(r"\b([cbdefghijklnrtuv]{8}(?:-[cbdefghijklnrtuv]{8}){7})\b", told)
            self.recovery_key = key[1] if key else ""
            other = on.ssh(commands.TRY_KEY, stdin="another")
            found = [
                _opened_by_tpm(on, "root: unlocked by the TPM"), *checks.machine(facts, wanted),
                *checks.pool(facts, self.data), *checks.switched(facts, wanted),
                held("recovery key: added", self.recovery_key, told or "nothing was told"),
                succeeded("recovery key: opens the root", on.ssh(commands.TRY_KEY, stdin=self.recovery_key)),
                succeeded("a passphrase: added", on.ssh(commands.PASSPHRASE, stdin=f"{_OWN_PASSPHRASE}\n")),
                succeeded("a passphrase: opens the root", on.ssh(commands.TRY_KEY, stdin=_OWN_PASSPHRASE)),
                held("any other passphrase: refused", other.returncode == _NO_KEY, f"it ended with {other.returncode}"),
            ]  # fmt: skip
            on.off()
            return found

    def fresh_tpm(self) -> list[Assertion]:
        """Another TPM: locked; the recovery key opens it."""
        with self._on("fresh-tpm", self.bench.first, tpm=self.bench.folder / "fresh-tpm", kept=False) as on:
            found = self._opened_by_hand(on, "fresh TPM", "integrity check failed")
            return [*found, self._bound_anew(on, "fresh TPM")]

    def changed_pcr(self) -> list[Assertion]:
        """PCR 7 is another, and nobody is at the console."""
        tpm = self._copied_tpm("pcr7")
        with self._on("pcr7", self.bench.first, "lab.pcr7", tpm=tpm, kept=False, patience=_IMPATIENT) as on:
            return _emergency(on, "PCR 7 changed", "policy check failed")

    def firmware_update(self) -> list[Assertion]:
        """PCR 7 is another, somebody types the recovery key and binds the root anew: it opens by itself again."""
        tpm, disk = self._copied_tpm("firmware"), self.bench.folder / "machine/firmware"
        _copy(self.disk, disk)
        drives = [vm.Drive(file=disk, serial="root")]
        with self._on("firmware", self.bench.first, "lab.pcr7", tpm=tpm, drives=drives) as on:
            found = self._opened_by_hand(on, "firmware update", "policy check failed")
            found.append(self._bound_anew(on, "firmware update"))
            on.off()
        if found[-1].fault:
            return found
        with self._on("firmware-bound", self.bench.first, "lab.pcr7", tpm=tpm, drives=drives) as on:
            on.up()
            return [*found, _opened_by_tpm(on, "firmware update: the TPM opens the root again")]

    def without_module(self) -> list[Assertion]:
        """An image without zfs.ko must be found broken."""
        with self._updated_to("without-zfs", self.bench.without_module) as on:
            return [self._broken(on, "an image without zfs.ko")]

    def foreign_module(self) -> list[Assertion]:
        """So must one whose module was built for another kernel."""
        name, wanted = "a module for another kernel", self.bench.next.kernel
        with self._updated_to("foreign", self.bench.foreign) as on:
            broken = self._broken(on, name)
            said = " ".join(re.findall(r"version magic .*", on.console)) or "nothing was said"
            return [broken, held(f"{name}: the kernel says why", f"should be '{wanted} " in said, said)]

    def update(self) -> list[Assertion]:
        """The next image in the old one's place: the same pool under the new kernel."""
        with self._on("update", self.bench.next, "lab.update", image=True) as on:
            on.up()
            facts = _facts(on)
            on.off()
        return [*checks.machine(facts, self._after_update()), *checks.pool(facts, self.data)]

    def wrong_pcr(self) -> list[Assertion]:
        """A PCR that no TPM has: the validators let it pass, the boot does not."""
        disk, tpm = self.bench.folder / "machine/wrong-pcr", self.bench.folder / "wrong-pcr-tpm"
        _copy(self.bench.disk, disk)
        drives, config = [vm.Drive(file=disk, serial="root")], self.bench.broken_config
        with self._on("wrong-pcr", self.bench.first, _FIRST, image=True, config=config, drives=drives, tpm=tpm) as on:
            return _emergency(on, "pcr_ids 77", "PCR handle out of range")

    def _opened_by_hand(self, on: vm.Machine, told: str, words: str) -> list[Assertion]:
        """The TPM refuses the key for the reason that the console must name; the recovery key is typed there."""
        refused = on.wait_for([words, _EMERGENCY], _REFUSED_SECONDS)
        asked = on.wait_for([_ASKED, _EMERGENCY], _REFUSED_SECONDS)
        locked = asked == _ASKED and not on.is_up(_LOCKED_SECONDS)
        on.type(self.recovery_key)
        return [
            held(f"{told}: the TPM refuses the key", refused == words, f"it does not say {words!r}"),
            held(f"{told}: the root stays locked and a passphrase is asked for", locked, "not so"),
            held(f"{told}: the recovery key opens it", on.is_up(_REFUSED_SECONDS), "it does not"),
        ]

    def _bound_anew(self, on: vm.Machine, told: str) -> Assertion:
        """The document's command binds the root to the TPM as it is now."""
        bound = on.ssh(commands.BIND_ANEW, stdin=f"{self.recovery_key}\n")
        return succeeded(f"{told}: the root is bound anew", bound)

    def _broken(self, on: vm.Machine, told: str) -> Assertion:
        """The checks of every boot must find it."""
        on.up()
        found = [check.name for check in checks.faults(checks.machine(_facts(on), self._after_update()))]
        return held(f"{told}: is reported broken", "zfs: loaded" in found, "zfs: loaded passed")

    def _updated_to(self, name: str, tree: Tree) -> vm.Machine:
        """A machine after an update that is forgotten again."""
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
        """The machine, ready to be switched on with a tree's kernel."""
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
# The stages of a group depend on those of the groups before, and not on each other: they go side by side.
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
    """A copy of a disk that takes no more room than what is written on it."""
    call(["cp", "--sparse=always", str(disk), str(target)])


def _facts(on: vm.Machine) -> dict[str, str]:
    """What the machine says of itself once it has settled."""
    return checks.facts(on.run((_HERE / "report.sh").read_text()).stdout)


def _opened_by_tpm(on: vm.Machine, told: str) -> Assertion:
    """Nobody typed: clevis has asked the TPM."""
    return held(told, re.search(r"clevis-luks-askpass\[\d+\]: Unlocked ", on.console), "clevis does not say so")


def _emergency(on: vm.Machine, told: str, words: str) -> list[Assertion]:
    """The boot was refused, for the reason that the console must name."""
    ended = on.wait_for([_EMERGENCY], _REFUSED_SECONDS)
    return [
        held(f"{told}: the boot is refused", ended, "no emergency was reported"),
        held(f"{told}: the console says why", words in on.console, f"it does not say {words!r}"),
    ]
