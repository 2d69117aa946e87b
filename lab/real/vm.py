"""A machine in QEMU with a TPM of its own: started, watched, spoken to, ended."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Self

from tasks.model.errors import TaskError

_QEMU = "qemu-system-x86_64"
_MACHINE = ("-machine", "q35", "-smp", "2", "-m", "2048", "-display", "none", "-monitor", "none", "-no-reboot")
_ACCELERATIONS = {"kvm": ("-accel", "kvm", "-cpu", "host"), "tcg": ("-accel", "tcg,thread=multi", "-cpu", "qemu64")}
_USERLAND = "Run /init as init process"
_KVM_SECONDS = 20
_SOCKETS = "/run"  # the lab's own; a socket's path has 107 bytes at most, and a clone may lie deep
_UP_SECONDS, _OFF_SECONDS, _COMMAND_SECONDS = 600, 120, 300
_SSH = (
    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "PasswordAuthentication=no", "-o", "ConnectTimeout=20",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Drive:
    """A disk of the machine: its file, its serial number; `kept`: what is written stays."""

    file: Path
    serial: str
    kept: bool = True

    @property
    def options(self) -> tuple[str, ...]:
        """QEMU's options for it."""
        snapshot = "" if self.kept else ",snapshot=on"
        drive = f"if=none,id={self.serial},format=raw,cache=unsafe,file={self.file}{snapshot}"
        return "-drive", drive, "-device", f"virtio-blk-pci,drive={self.serial},serial={self.serial}"


@dataclass(kw_only=True)
class Machine:
    """One machine, from power on to power off; everything it is made of stands in `folder`."""

    name: str
    folder: Path
    kernel: Path
    initramfs: Path
    tpm: Path
    drives: Sequence[Drive]
    arguments: str  # of the kernel
    acceleration: str
    key: Path | None = None  # that core logs in with
    config: Path | None = None  # Ignition's, through the firmware's configuration
    verbose: bool = False
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ended: Event = field(default_factory=Event)

    @property
    def log(self) -> Path:
        """What the console said."""
        return self.folder / f"{self.name}.log"

    def _errors(self, program: str) -> Path:
        """What a program said that makes up the machine."""
        return self.folder / f"{self.name}.{program}"

    @property
    def console(self) -> str:
        """What the console said so far."""
        return self.log.read_text(errors="replace").replace("\r", "") if self.log.exists() else ""

    def __enter__(self) -> Self:
        self.log.unlink(missing_ok=True)
        self.tpm.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = Path(tempfile.mkdtemp(prefix="machine-", dir=_SOCKETS))
        self._chip, self._serial = own / "tpm", own / "console"
        chip = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.tpm}", "--flags", "not-need-init,startup-clear"]
        self._start([*chip, "--ctrl", f"type=unixio,path={self._chip}", "--terminate"])
        _until(self._chip.exists, 10, "swtpm")
        self._start([_QEMU, *_ACCELERATIONS[self.acceleration], *_MACHINE, *self._devices()])
        if self.verbose:
            Thread(target=self._tell, daemon=True).start()
        return self

    def _start(self, argv: list[str]) -> None:
        with self._errors(argv[0]).open("ab") as errors:
            try:
                self._processes.append(
                    subprocess.Popen(
                        argv, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                        start_new_session=True,  # a Ctrl-C ends the lab, and that ends the machine
                    )
                )  # fmt: skip
            except OSError as error:
                what = "no machine could be started"
                raise TaskError(what, f"{argv[0]}: {error.strerror}", "call it through ./inv") from error

    def _devices(self) -> list[str]:
        config = ["-fw_cfg", f"name=opt/com.coreos/config,file={self.config}"] if self.config else []
        return [
            "-kernel", str(self.kernel), "-initrd", str(self.initramfs), "-append", self.arguments,
            "-chardev", f"socket,id=console,path={self._serial},server=on,wait=off,logfile={self.log}",
            "-serial", "chardev:console",
            "-chardev", f"socket,id=tpm,path={self._chip}", "-tpmdev", "emulator,id=tpm,chardev=tpm",
            "-device", "tpm-tis,tpmdev=tpm", "-device", "virtio-rng-pci",
            "-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{self.port}-:22",
            *config, *(option for drive in self.drives for option in drive.options),
        ]  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        shutil.rmtree(self._serial.parent, ignore_errors=True)

    @property
    def runs(self) -> bool:
        """Whether it is still switched on."""
        return self._processes[-1].poll() is None

    @property
    def _last_words(self) -> str:
        """What the console said last; where it said nothing, what QEMU did."""
        said = self.console.strip() or self._errors(_QEMU).read_text(errors="replace").strip()
        return said.rpartition("\n")[2] or "its console is empty"

    def wait_for(self, words: Sequence[str], seconds: float) -> str:
        """The first of some words on the console; nothing when it ends or the time is over before."""
        end = time.monotonic() + seconds
        while True:
            alive, said = self.runs, self.console
            found = next((word for word in words if word in said), "")
            if found or not alive or time.monotonic() > end:
                return found
            time.sleep(0.2)

    def wait_off(self, seconds: float) -> bool:
        """Whether it switches itself off in time."""
        with suppress(subprocess.TimeoutExpired):
            self._processes[-1].wait(seconds)
        return not self.runs

    def type(self, text: str) -> None:
        """Type a line at the console."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(self._serial))
                line.sendall(text.encode() + b"\r")
                time.sleep(1)  # QEMU reads what came before the line is hung up
        except OSError as error:
            what = f"nobody can type at the machine's console ({self.name})"
            raise TaskError(what, f"{error}; {self._last_words}", f"read its console: {self.log}") from error

    def ssh(self, command: str, *, key: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as core, logged in by the machine's key or another."""
        login = ("-p", str(self.port), "-i", str(key or self.key), "-o", "IdentitiesOnly=yes", "core@127.0.0.1")
        argv = ["ssh", *_SSH, *login, command]
        try:
            return subprocess.run(
                argv, input=stdin, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            why = f"{command!r} did not end within {_COMMAND_SECONDS} s"
            raise TaskError(
                f"the machine does not answer ({self.name})", why, f"read its console: {self.log}"
            ) from error

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script as root."""
        return self.ssh("sudo bash -s", stdin=script)

    def is_up(self, seconds: float) -> bool:
        """Whether core can log in before the time is over, or the machine reports an emergency."""
        end = time.monotonic() + seconds
        while self.runs and time.monotonic() < end and "LAB-EMERGENCY" not in self.console:
            if _greets(self.port) and self.ssh("true").returncode == 0:
                return True
            time.sleep(0.5)
        return False

    def up(self) -> None:
        """Wait until core can log in."""
        if not self.is_up(_UP_SECONDS):
            what = f"the machine did not come up ({self.name})"
            raise TaskError(what, self._last_words, f"read its console: {self.log}")

    def off(self) -> None:
        """Shut it down in order."""
        self.run("systemctl poweroff")
        if not self.wait_off(_OFF_SECONDS):
            hint = f"read its console: {self.log}"
            raise TaskError(f"the machine does not switch itself off ({self.name})", "it still runs", hint)

    def _tell(self) -> None:
        """Pass the console on to stderr until the end."""
        _until(self.log.exists, 10, "QEMU")
        with self.log.open(errors="replace") as log:
            while not self._ended.is_set():
                sys.stderr.write(log.read().replace("\r", ""))
                self._ended.wait(0.2)


def _greets(port: int) -> bool:
    """Whether an SSH server answers; QEMU takes the connection long before there is one."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as line:
        line.settimeout(5)
        return line.recv(4) == b"SSH-"
    return False


def _until(there: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise TaskError("no machine could be started", f"{what} does not come up", "see its log in .lab")
        time.sleep(0.02)


def acceleration(folder: Path, kernel: Path, initramfs: Path) -> tuple[str, str]:
    """`kvm` where it brings this kernel to userland within 20 s, else `tcg`; and why."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "TCG: this machine offers no /dev/kvm"
    probe = Machine(
        name="kvm-probe", folder=folder, kernel=kernel, initramfs=initramfs, tpm=folder / "kvm-probe.tpm", drives=(),
        arguments="console=ttyS0 panic=-1", acceleration="kvm",
    )  # fmt: skip
    with probe:
        found, runs = probe.wait_for([_USERLAND], _KVM_SECONDS), probe.runs
    if found:
        return "kvm", "KVM"
    how = f"did not reach userland within {_KVM_SECONDS} s" if runs else "ended before it reached userland"
    return "tcg", f"TCG: under KVM the kernel {how}"
