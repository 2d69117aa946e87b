"""Ports on which sshd would not listen, because Fedora's SELinux policy does not let it."""

import re
from collections.abc import Iterator

from tasks.model.install.ignition import Caution, Path
from tasks.model.install.login.sshd import has_own_command
from tasks.model.install.login.sshd_config import settings
from tasks.model.install.merged import Merged
from tasks.model.install.switched_off import SOCKET, by_socket
from tasks.model.install.units import units
from tasks.model.systemd import lines

_PORT = 22
# The policy also gives sshd the ports of VNC and X. The last range is the kernel's own, for which it asks no policy.
_GIVEN = (range(_PORT, _PORT + 1), range(5900, 6021), range(32768, 61000))
_INSTEAD = "leave it out, or take one from 32768 to 60999, which SELinux does not check"
_WITH_PORT = re.compile(r"(?:\[[^\]]*\]|[^:]+):(\d+)")
_OTHER_POLICY = re.compile(r"\b(?:ssh_port_t|semodule|semanage|setenforce)\b|^SELINUX=(?:disabled|permissive)")
_OFF = ("selinux=0", "enforcing=0")

Ports = dict[int, Path]  # the ports that are asked for, each with its place


def refused_ports(merged: Merged) -> Iterator[Caution]:
    """Every port that SELinux refuses, and whether SSH answers on another."""
    if _has_other_policy(merged):
        return
    socket = by_socket(units(merged))
    ports = _of_socket(merged) if socket else _of_files(merged)
    refused = {port: place for port, place in ports.items() if not any(port in given for given in _GIVEN)}
    # systemd gives up all ports of a socket if it cannot have one; sshd listens on those that it gets
    lost = ", so nobody could log in with SSH" if socket or len(refused) == len(ports) else ""
    for port, place in refused.items():
        yield place, f"SELinux does not let sshd listen on port {port}{lost}: {_INSTEAD}"


def _of_socket(merged: Merged) -> Ports:
    unit = units(merged)[SOCKET]
    listening = unit.read(f"[Socket]\nListenStream={_PORT}\n").values("Socket", "ListenStream")
    found = (re.fullmatch(r"(?:.*:)?(\d+)", value) for value in listening)
    return {int(port[1]): unit.place(["ListenStream"]) for port in found if port}


def _of_files(merged: Merged) -> Ports:
    known = () if has_own_command(merged) else settings(merged) or ()
    ports = {int(port): line.place for line in known if line.keyword == "port" for port in line.words if port.isdigit()}
    listening = [line for line in known if line.keyword == "listenaddress"]
    addresses = [(_WITH_PORT.fullmatch(word), line.place) for line in listening for word in line.words[:1]]
    own = {int(port[1]): place for port, place in addresses if port}
    return own if addresses and all(port for port, _ in addresses) else own | (ports or {_PORT: ()})


def _has_other_policy(merged: Merged) -> bool:
    """Whether SELinux is off, or a config changes its policy."""
    arguments = " ".join(map(str, merged.items("kernelArguments", "shouldExist"))).split()
    texts = [text.content for unit in units(merged).values() for text in unit.texts]
    texts += [merged.content(file["path"]) or "" for file in merged.items("storage", "files")]
    return any(argument in _OFF for argument in arguments) or any(map(_OTHER_POLICY.search, lines("\n".join(texts))))
