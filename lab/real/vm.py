"""Starts, watches, uses and ends a machine in QEMU with its own TPM."""

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
_SOCKETS = "/run"  # the lab's own; a socket's path has at most 107 bytes, and a clone's path may be long
_UP_SECONDS, _OFF_SECONDS, _COMMAND_SECONDS = 600, 120, 300
_SSH = (
    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "PasswordAuthentication=no", "-o", "ConnectTimeout=20",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Drive:
    """A disk of the machine: its file and serial number; `kept` decides whether writes stay."""

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
    """One machine, from power on to power off; `folder` holds its files."""

    name: str
    folder: Path
    kernel: Path
    initramfs: Path
    tpm: Path
    drives: Sequence[Drive]
    arguments: str  # of the kernel
    acceleration: str
    key: Path | None = None  # core logs in with it
    config: Path | None = None  # for Ignition, passed in the firmware's configuration
    verbose: bool = False
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ended: Event = field(default_factory=Event)

    @property
    def log(self) -> Path:
        """The console's log."""
        return self.folder / f"{self.name}.log"

    def _errors(self, program: str) -> Path:
        """The output of a program that runs the machine."""
        return self.folder / f"{self.name}.{program}"

    @property
    def console(self) -> str:
        """The console's output so far."""
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
            Thread(target=self._show_console, daemon=True).start()
        return self

    def _start(self, argv: list[str]) -> None:
        with self._errors(argv[0]).open("ab") as errors:
            try:
                self._processes.append(
                    subprocess.Popen(
                        argv, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                        start_new_session=True,  # Ctrl-C ends the lab, and that ends the machine
                    )
                )  # fmt: skip
            except OSError as error:
                what = "no machine could be started"
                raise TaskError(what, f"{argv[0]}: {error.strerror}", "run it with ./inv") from error

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
        """The console's last line; if the console is empty, QEMU's last line."""
        output = self.console.strip() or self._errors(_QEMU).read_text(errors="replace").strip()
        return output.rpartition("\n")[2] or "its console is empty"

    def wait_for(self, words: Sequence[str], seconds: float) -> str:
        """Return the first of some words on the console; empty if the machine ends or the time is up first."""
        deadline = time.monotonic() + seconds
        while True:
            alive, output = self.runs, self.console
            word = next((each for each in words if each in output), "")
            if word or not alive or time.monotonic() > deadline:
                return word
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
                time.sleep(1)  # let QEMU read everything before the connection closes
        except OSError as error:
            what = f"typing at the machine's console failed ({self.name})"
            raise TaskError(what, f"{error}; {self._last_words}", f"read its console: {self.log}") from error

    def ssh(self, command: str, *, key: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as core, with the machine's key or another."""
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
        """Whether core can log in before the time is up or the machine reports an emergency."""
        deadline = time.monotonic() + seconds
        while self.runs and time.monotonic() < deadline and "LAB-EMERGENCY" not in self.console:
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
        """Shut it down cleanly."""
        self.run("systemctl poweroff")
        if not self.wait_off(_OFF_SECONDS):
            hint = f"read its console: {self.log}"
            raise TaskError(f"the machine does not switch itself off ({self.name})", "it still runs", hint)

    def _show_console(self) -> None:
        """Copy the console to stderr until the end."""
        _until(self.log.exists, 10, "QEMU")
        with self.log.open(errors="replace") as log:
            while not self._ended.is_set():
                sys.stderr.write(log.read().replace("\r", ""))
                self._ended.wait(0.2)


def _greets(port: int) -> bool:
    """Whether an SSH server answers; QEMU accepts the connection long before there is one."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as line:
        line.settimeout(5)
        return line.recv(4) == b"SSH-"
    return False


def _until(is_ready: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > deadline:
            raise TaskError("no machine could be started", f"{what} did not start", "see its log in .lab")
        time.sleep(0.02)


def acceleration(folder: Path, kernel: Path, initramfs: Path) -> tuple[str, str]:
    """Return `kvm` if it brings this kernel to userland within 20 s, else `tcg`; also return why."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg", "TCG: this machine offers no /dev/kvm"
    probe = Machine(
        name="kvm-probe", folder=folder, kernel=kernel, initramfs=initramfs, tpm=folder / "kvm-probe.tpm", drives=(),
        arguments="console=ttyS0 panic=-1", acceleration="kvm",
    )  # fmt: skip
    with probe:
        userland, runs = probe.wait_for([_USERLAND], _KVM_SECONDS), probe.runs
    if userland:
        return "kvm", "KVM"
    how = f"did not reach userland within {_KVM_SECONDS} s" if runs else "ended before it reached userland"
    return "tcg", f"TCG: under KVM the kernel {how}"
