"""The lab's first process: it sets up its namespaces, starts the servers, and runs the command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from lab import checkout, start
from lab.hosts import registries
from lab.world import HOSTS

_UP_SECONDS = 20


def main() -> None:
    """Run the command from the JSON argument, and end with its exit status."""
    request = json.loads(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _let_the_command_end)  # a terminal sends Ctrl-C to the command too
    state = Path(request["state"])
    _mounts(state)
    gateway = start.argv("lab.hosts.gateway", request["world"], str(state))
    with (state / "gateway.log").open("ab") as log:
        servers = [subprocess.Popen(gateway, stdout=log, stderr=log), *registries.start(state)]
    _wait_until_up(servers, state)
    status = _run(request["command"])
    for server in servers:
        server.kill()
    sys.exit(status)


def _let_the_command_end(_number: int, _frame: object) -> None:
    """Do nothing: the command decides when to end, and we end with it."""


def _mounts(state: Path) -> None:
    """Mount our own hosts file, keys, /run and shared memory, and bring up the loopback interface."""
    hosts = state / "run/hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {host}\n" for host, address in HOSTS.items()))
    steps = (
        *(["mount", "--bind", str(state.parent / folder), str(start.ROOT / folder)] for folder in checkout.KEY_FOLDERS),
        ["mount", "--bind", str(hosts), "/etc/hosts"],
        ["mount", "-t", "tmpfs", "tmpfs", "/run"],
        ["mount", "-t", "tmpfs", "tmpfs", "/dev/shm"],  # noqa: S108  (a private one for podman's locks, not a file in it)
        ["ip", "link", "set", "lo", "up"],
    )
    for argv in steps:
        subprocess.run(argv, check=True)


def _wait_until_up(servers: list[subprocess.Popen[bytes]], state: Path) -> None:
    """Wait until the gateway and the registries answer."""
    deadline = time.monotonic() + _UP_SECONDS
    ports = list(registries.PORTS.values())
    while ports or not (state / "run/gateway-is-up").exists():
        if any(server.poll() is not None for server in servers) or time.monotonic() > deadline:
            sys.exit(f"the lab's servers did not start\n  why: see their logs in {state}\n  next: ./inv lab-clean")
        ports = [port for port in ports if not _answers(port)]
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _run(command: str | None) -> int:
    """Run the command and return its exit status, as a shell would."""
    world = os.environ["CUSTOM_COREOS_LAB"]
    shell = ["bash", "--norc", "-i"] if command is None else ["bash", "-c", command]
    prompt = {"PS1": f"[lab {world}] \\w \\$ "} if command is None else {}
    child = subprocess.Popen(shell, env={**os.environ, **prompt})
    while True:
        pid, status = os.wait()  # the first process of a namespace must reap every process that ends in it
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
